// What dm_model_describe says, against what the model does: parameters are counted in the model, and the operations of
// a token in the calls of the matrix library while a model with weights runs; attention's against their formula.
#include "model/small_model.h"

#include "core/memory.h"
#include "core/scratch.h"
#include "folder/folder.h"

enum { LENGTH = 20 };

static const GemmBackend *counted;
static double operations;

static void multiply(const GemmBackend *self, const Gemm *args)
{
    (void)self;
    operations += 2.0 * args->m * args->n * args->k;
    counted->multiply(counted, args);
}

static const GemmBackend watched = {.name = "watched", .multiply = multiply};

static double take_operations(void)
{
    const double taken = operations;
    operations = 0;
    return taken;
}

static ModelConfig odd_config(const Architecture *architecture, bool shared, bool tied)
{
    ModelConfig c = small_config();
    c.architecture = architecture;
    if (architecture != &dm_transformer) {
        memset(c.shape, 0, sizeof c.shape);
        dm_shape_take_usual(&c);
    }
    shared = shared || architecture->one_vocabulary;
    c.shared_embeddings = shared;
    c.tied_output = tied;
    if (!shared) c.source_vocabulary += 6;
    return c;
}

static cJSON *describe(const char *folder)
{
    char *text = NULL;
    dm_error error = {.message = ""};
    const dm_status status = dm_model_describe(folder, 0, &text, &error);
    if (status) printf("\n  %s\n", error.message);
    CU_ASSERT_EQUAL_FATAL(status, DM_OK);
    cJSON *json = cJSON_Parse(text);
    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    return json;
}

// Of a model whose configuration is written to a folder of ours, without weights.
static cJSON *describe_model(const Model *model)
{
    char folder[256];
    snprintf(folder, sizeof folder, "%s", scratch("described"));
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&model->config, NULL, folder, NULL), DM_OK);
    return describe(folder);
}

static double number(const cJSON *json, const char *first, const char *second, const char *third)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, first);
    item = cJSON_GetObjectItemCaseSensitive(item, second);
    item = cJSON_GetObjectItemCaseSensitive(item, third);
    if (!cJSON_IsNumber(item)) printf("\n  there is no number %s.%s.%s\n", first, second, third);
    CU_ASSERT_FATAL(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void expect_weights(const cJSON *json, const char *name, double spent)
{
    const double said = number(json, "operations", name, "weights");
    expect(fabs(said * LENGTH - spent) <= 1e-12 * spent, "%s: said %.0f, spent %.1f a piece", name, said,
           spent / LENGTH);
}

// What the matrix library has to do, and nothing but products with weights: the heads of the small model are so small
// that attention does not go through it.
static void a_token_costs_what_is_said(void)
{
    int ids[LENGTH], targets[LENGTH], length = LENGTH;
    for (int i = 0; i < LENGTH; i++) ids[i] = i, targets[i] = 1 + i;
    for (int kind = 0; dm_architectures[kind / 4]; kind++) {
        const ModelConfig config = odd_config(dm_architectures[kind / 4], kind & 1, kind & 2);
        Setting s = setting_of(&config);
        const Architecture *a = s.model->architecture;
        const OutputLayer *output = &s.model->output;
        cJSON *json = describe_model(s.model);
        counted = chosen_backend();

        Graph *g = begin(&s, false, 0);
        g->gemm = &watched;
        take_operations();
        Memory memory = a->encode(g, s.model, dm_tokens(g->arena, 1, &length, ids));
        SearchState *state = a->start(g, s.model, memory, LENGTH);
        expect_weights(json, "encode", take_operations());
        for (int i = 0; i < LENGTH; i++)
            output->kind->log_probabilities(g, output, &(Decoded){.features = a->extend(g, state, ids + i, NULL)});
        expect_weights(json, "decode", take_operations());
        a->finish(state);

        g = begin(&s, true, 0);
        g->gemm = &watched;
        memory = a->encode(g, s.model, dm_tokens(g->arena, 1, &length, ids));
        const Tensor *x = a->decode(g, s.model, memory, dm_tokens(g->arena, 1, &length, ids));
        output->kind->loss(g, output, &(Decoded){.features = x}, &(Targets){.ids = targets});
        dm_backward(g);
        expect_weights(json, "train", take_operations());
        cJSON_Delete(json);
        end(&s);
    }
}

// Every query takes a product with every key that it sees, and adds up as many values.
static void attention_costs_what_is_said(void)
{
    const ModelConfig config = small_config();
    const TransformerShape *shape = dm_transformer_shape(&config);
    Setting s = setting_of(&config);
    cJSON *json = describe_model(s.model);
    double encode = 0, decode = 0, train = 0;
    for (int query = 1; query <= LENGTH; query++) {
        encode += 4.0 * WIDTH * LENGTH * shape->encoder_layers;
        decode += 4.0 * WIDTH * (query + LENGTH) * shape->decoder_layers;
        train += 3 * 4.0 * WIDTH * LENGTH * (shape->encoder_layers + 2 * shape->decoder_layers);
    }
    CU_ASSERT_EQUAL(number(json, "operations", "encode", "attention") * LENGTH, encode);
    CU_ASSERT_EQUAL(number(json, "operations", "decode", "attention") * LENGTH, decode);
    CU_ASSERT_EQUAL(number(json, "operations", "train", "attention") * LENGTH, train);
    CU_ASSERT_EQUAL(number(json, "operations", "train", "total") * LENGTH,
                    train + number(json, "operations", "train", "weights") * LENGTH);
    cJSON_Delete(json);
    end(&s);
}

static double sum_of_parts(const cJSON *json, const char *figure)
{
    double sum = 0;
    const cJSON *part;
    cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(json, "parts")) sum +=
        cJSON_GetObjectItemCaseSensitive(part, figure)->valuedouble;
    return sum;
}

static const cJSON *part_of(const cJSON *json, const char *name)
{
    const cJSON *part;
    cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(json, "parts"))
    {
        if (strcmp(cJSON_GetObjectItemCaseSensitive(part, "name")->valuestring, name) == 0) return part;
    }
    CU_FAIL_FATAL("no such part");
    return NULL;
}

// Parameters and operations of all parts are those of the model, and a feed-forward block's are what its sizes say.
static void parts_make_up_the_whole(void)
{
    static const char *const runs[] = {"encode", "decode", "train"};
    for (int kind = 0; dm_architectures[kind]; kind++) {
        const ModelConfig config = odd_config(dm_architectures[kind], true, true);
        Setting s = setting_of(&config);
        cJSON *json = describe_model(s.model);
        CU_ASSERT_EQUAL(sum_of_parts(json, "parameters"), number(json, "parameters", "total", "count"));
        for (int r = 0; r < 3; r++) {
            const double all = number(json, "operations", runs[r], "total"), sum = sum_of_parts(json, runs[r]);
            expect(fabs(all - sum) <= 1e-9 * all, "%s: the parts make %.1f, all %.1f", runs[r], sum, all);
        }
        if (s.model->architecture == &dm_transformer) {
            const TransformerShape *t = dm_transformer_shape(&config);
            const cJSON *part = part_of(json, "feed-forward");
            CU_ASSERT_EQUAL(cJSON_GetObjectItemCaseSensitive(part, "encode")->valuedouble,
                            4.0 * WIDTH * t->encoder_ffn * t->encoder_layers);
            CU_ASSERT_EQUAL(
                cJSON_GetObjectItemCaseSensitive(part_of(json, "scores and mixing"), "parameters")->valuedouble, 0);
        }
        cJSON_Delete(json);
        end(&s);
    }
}

static void parameters_are_those_of_the_model(void)
{
    for (int kind = 0; kind < 4; kind++) {
        const ModelConfig config = odd_config(&dm_transformer, kind & 1, kind & 2);
        Setting s = setting_of(&config);
        const Parameters *p = &s.model->parameters;
        cJSON *json = describe_model(s.model);
        CU_ASSERT_EQUAL(number(json, "parameters", "total", "count"), (double)p->size);
        CU_ASSERT_EQUAL(number(json, "parameters", "total", "trained"), (double)p->trained_size);
        const double tables =
            config.shared_embeddings ? config.source_vocabulary : config.source_vocabulary + config.target_vocabulary;
        CU_ASSERT_EQUAL(number(json, "parameters", "embeddings", "count"), tables * WIDTH);
        CU_ASSERT_EQUAL(number(json, "parameters", "output", "count"),
                        config.target_vocabulary * (config.tied_output ? 1 : 1 + WIDTH));
        double sum = 0;
        for (size_t i = 0; i < 4; i++) {
            static const char *const parts[] = {"embeddings", "encoder", "decoder", "output"};
            sum += number(json, "parameters", parts[i], "count");
        }
        CU_ASSERT_EQUAL(sum, (double)p->size);
        cJSON_Delete(json);
        end(&s);
    }
}

static void bytes_are_those_of_the_file(void)
{
    static const struct {
        const char *folder;
        int bytes;  // of a parameter
    } cases[] = {{"shared-swish", 4}, {"separate", 4}, {"untied", 4}, {"half", 2}, {"bfloat", 2}};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char folder[256];
        snprintf(folder, sizeof folder, TEST_DATA "/golden/marian/%s", cases[i].folder);
        cJSON *json = describe(folder);
        for (size_t part = 0; part < 5; part++) {
            static const char *const parts[] = {"embeddings", "encoder", "decoder", "output", "total"};
            expect(number(json, "parameters", parts[part], "bytes") ==
                       cases[i].bytes * number(json, "parameters", parts[part], "count"),
                   "%s: the bytes of %s", cases[i].folder, parts[part]);
        }
        cJSON_Delete(json);
    }
}

static void without_weights_there_are_no_bytes(void)
{
    const ModelConfig config = small_config();
    Setting s = setting_of(&config);
    cJSON *json = describe_model(s.model);
    const cJSON *total = cJSON_GetObjectItemCaseSensitive(json, "parameters");
    total = cJSON_GetObjectItemCaseSensitive(total, "total");
    CU_ASSERT(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(total, "bytes")));
    cJSON_Delete(json);
    end(&s);
}

const Fact facts[] = {
    FACT(a_token_costs_what_is_said),
    FACT(attention_costs_what_is_said),
    FACT(parts_make_up_the_whole),
    FACT(parameters_are_those_of_the_model),
    FACT(bytes_are_those_of_the_file),
    FACT(without_weights_there_are_no_bytes),
    {NULL, NULL},
};
