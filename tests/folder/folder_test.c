// The model folder: what transformers wrote is opened, what we write is the same again, and every tensor that is wrong
// is named. The folders are those of tests/golden/marian, some with a tensor or a key changed.
#include "folder/folder.h"

#include <math.h>

#include "core/memory.h"
#include "core/scratch.h"
#include "folder/safetensors.h"
#include "folder/opened.h"
#include "model/small_config.h"
#include "test.h"

#define GOLDEN TEST_DATA "/golden/marian/"

// The tensors of a golden folder, to be changed and written into a folder of ours.
typedef struct Draft {
    SafeTensors file;
    TensorToStore *list;
    int count;
    const char *golden;
} Draft;

static Draft draft_of(const char *golden)
{
    Draft draft = {.golden = golden};
    char path[512];
    snprintf(path, sizeof path, GOLDEN "%s/model.safetensors", golden);
    CU_ASSERT_EQUAL_FATAL(dm_safetensors_open(&draft.file, path, NULL), DM_OK);
    draft.count = draft.file.count;
    draft.list = dm_allocate((size_t)draft.count + 4, sizeof *draft.list);
    for (int i = 0; i < draft.count; i++) {
        const StoredTensor *from = draft.file.list + i;
        float *data = dm_allocate(from->elements, sizeof *data);
        dm_stored_to_float(from, data);
        draft.list[i] = (TensorToStore){
            from->name, DM_DTYPE_F32, from->rank, {from->shape[0], from->rank > 1 ? from->shape[1] : 0}, data};
    }
    return draft;
}

static TensorToStore *in_draft(Draft *draft, const char *name)
{
    for (int i = 0; i < draft->count; i++)
        if (strcmp(draft->list[i].name, name) == 0) return draft->list + i;
    CU_FAIL_FATAL("no such tensor in the golden folder");
    return NULL;
}

static size_t elements(const TensorToStore *tensor)
{
    return (size_t)tensor->shape[0] * (size_t)(tensor->rank > 1 ? tensor->shape[1] : 1);
}

static float *add_tensor(Draft *draft, const char *name, int rows, int cols)
{
    float *data = dm_allocate((size_t)rows * (size_t)cols, sizeof *data);
    draft->list[draft->count++] = (TensorToStore){name, DM_DTYPE_F32, 2, {rows, cols}, data};
    return data;
}

static float *add_copy(Draft *draft, const char *name, const char *of)
{
    const TensorToStore *from = in_draft(draft, of);
    float *data = add_tensor(draft, name, (int)from->shape[0], (int)from->shape[1]);
    return memcpy(data, from->data, elements(from) * sizeof *data);
}

static void drop_tensor(Draft *draft, const char *name)
{
    TensorToStore *gone = in_draft(draft, name);
    dm_free((float *)gone->data);
    *gone = draft->list[--draft->count];
}

// Writes the draft with its golden config.json, the first `from` there turned into `to`; frees the draft.
static const char *finish(Draft *draft, const char *from, const char *to)
{
    static char folder[256];
    char path[512], text[4096], *config;
    snprintf(folder, sizeof folder, "%s", scratch("folder"));
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    snprintf(path, sizeof path, GOLDEN "%s/config.json", draft->golden);
    CU_ASSERT_EQUAL_FATAL(dm_read_file(path, &config, NULL, NULL), DM_OK);
    const char *at = from ? strstr(config, from) : config;
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - config), config, from ? to : "", at + (from ? strlen(from) : 0));
    scratch_file("folder/config.json", text, strlen(text));
    CU_ASSERT_EQUAL_FATAL(
        dm_safetensors_write(scratch("folder/model.safetensors"), draft->list, draft->count, NULL, NULL), DM_OK);
    for (int i = 0; i < draft->count; i++) dm_free((float *)draft->list[i].data);
    dm_free(draft->list);
    dm_safetensors_close(&draft->file);
    dm_free(config);
    return folder;
}

static bool is_refused(const char *folder, const char *wanted)
{
    Model *model;
    cJSON *extra;
    Error error = {"no error"};
    Status status = dm_model_read(&model, &extra, folder, &error);
    bool good = status == DM_FAILURE && strstr(error.message, wanted) && !model && !extra;
    if (!good) fprintf(stderr, "\nwanted: %s\n   got: %s\n", wanted, error.message);
    dm_model_destroy(model);
    return good;
}

static void every_parameter_holds_what_transformers_stored(void)
{
    static const char *const folders[] = {"shared-swish", "shared-relu", "separate", "untied", "half", "bfloat"};
    for (size_t i = 0; i < DM_COUNT(folders); i++) {
        char path[512];
        SafeTensors file;
        snprintf(path, sizeof path, GOLDEN "%s", folders[i]);
        Model *model = opened(path);
        snprintf(path, sizeof path, GOLDEN "%s/model.safetensors", folders[i]);
        CU_ASSERT_EQUAL_FATAL(dm_safetensors_open(&file, path, NULL), DM_OK);
        CU_ASSERT_EQUAL(file.count, model->parameters.count);
        for (int j = 0; j < file.count; j++) {
            const Parameter *p = dm_parameter(&model->parameters, file.list[j].name);
            CU_ASSERT_PTR_NOT_NULL_FATAL(p);
            float *values = dm_allocate(file.list[j].elements, sizeof *values);
            dm_stored_to_float(file.list + j, values);
            CU_ASSERT_EQUAL(memcmp(values, p->tensor.data, file.list[j].elements * sizeof *values), 0);
            dm_free(values);
        }
        dm_safetensors_close(&file);
        dm_model_destroy(model);
    }
}

static void what_is_written_is_read_again(void)
{
    Model *model = opened(GOLDEN "separate"), *again;
    char folder[256], path[512];
    Error error = {""};
    snprintf(folder, sizeof folder, "%s", scratch("again"));
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&model->config, NULL, folder, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_weights_write(model, NULL, path, &error), DM_OK);
    again = opened(folder);
    CU_ASSERT_EQUAL_FATAL(again->parameters.size, model->parameters.size);
    CU_ASSERT_EQUAL(memcmp(again->parameters.data, model->parameters.data, model->parameters.size * sizeof(float)), 0);

    SafeTensors file;
    CU_ASSERT_EQUAL_FATAL(dm_safetensors_open(&file, path, &error), DM_OK);
    const StoredTensor *bias = dm_safetensors_find(&file, "final_logits_bias");
    CU_ASSERT(bias && bias->rank == 2 && bias->shape[0] == 1 && bias->shape[1] == 23);
    dm_safetensors_close(&file);
    dm_model_destroy(model);
    dm_model_destroy(again);
}

static void weights_of_another_buffer_are_written_and_read(void)
{
    Model *model = opened(GOLDEN "untied");
    const size_t size = model->parameters.size;
    float *average = dm_allocate(size, sizeof *average), *back = dm_allocate(size, sizeof *back);
    char path[256];
    snprintf(path, sizeof path, "%s", scratch("average.safetensors"));
    for (size_t i = 0; i < size; i++) average[i] = model->parameters.data[i] / 2;
    CU_ASSERT_EQUAL(dm_weights_write(model, average, path, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_weights_read(model, back, path, NULL), DM_OK);
    CU_ASSERT_EQUAL(memcmp(back, average, size * sizeof *back), 0);
    CU_ASSERT(model->parameters.data[0] == 2 * average[0]);  // the model's own are as they were
    CU_ASSERT_EQUAL(dm_weights_read(model, NULL, path, NULL), DM_OK);
    CU_ASSERT_EQUAL(memcmp(model->parameters.data, average, size * sizeof *average), 0);
    Error error = {""};
    CU_ASSERT_EQUAL(dm_weights_read(model, back, GOLDEN "separate/model.safetensors", &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "lm_head.weight is missing"));
    dm_free(average);
    dm_free(back);
    dm_model_destroy(model);
}

static void a_misshapen_tensor_is_named_with_the_keys_that_shape_it(void)
{
    static const char *const cases[][4] = {
        {"shared-relu", "\"encoder_ffn_dim\": 12", "\"encoder_ffn_dim\": 14",
         "tensor model.encoder.layers.0.fc1.weight is [12, 8], but config.json (encoder_ffn_dim 14, d_model 8) needs "
         "[14, 8]"},
        {"shared-relu", "\"decoder_ffn_dim\": 20", "\"decoder_ffn_dim\": 21",
         "tensor model.decoder.layers.0.fc1.bias is [20], but config.json (decoder_ffn_dim 21, d_model 8) needs [21]"},
        {"shared-relu", "\"d_model\": 8", "\"d_model\": 16",
         "tensor model.shared.weight is [23, 8], but config.json (vocab_size 23, d_model 16) needs [23, 16]"},
        {"separate", "\"decoder_vocab_size\": 23", "\"decoder_vocab_size\": 24",
         "tensor final_logits_bias is [1, 23], but config.json (decoder_vocab_size 24) needs [1, 24]"},
        {"separate", "\"vocab_size\": 29", "\"vocab_size\": 30",
         "tensor model.encoder.embed_tokens.weight is [29, 8], but config.json (vocab_size 30, d_model 8) needs [30, "
         "8]"},
        // a figure for which there is no memory is compared before it is believed
        {"shared-relu", "\"d_model\": 8", "\"d_model\": 65536", "tensor model.shared.weight is [23, 8]"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Draft draft = draft_of(cases[i][0]);
        CU_ASSERT(is_refused(finish(&draft, cases[i][1], cases[i][2]), cases[i][3]));
    }
}

static void missing_and_extra_tensors_are_named(void)
{
    Draft draft = draft_of("shared-relu");
    drop_tensor(&draft, "model.decoder.layers.1.encoder_attn.q_proj.bias");
    add_tensor(&draft, "model.encoder.layers.0.router.weight", 2, 2);
    const char *folder = finish(&draft, NULL, NULL);
    CU_ASSERT(
        is_refused(folder, "tensor model.decoder.layers.1.encoder_attn.q_proj.bias is missing (decoder_layers 2)"));
    CU_ASSERT(is_refused(folder, "tensor model.encoder.layers.0.router.weight has no place in this model"));
    draft = draft_of("shared-relu");
    CU_ASSERT(is_refused(finish(&draft, "\"encoder_layers\": 2", "\"encoder_layers\": 3"),
                         "tensor model.encoder.layers.2.self_attn.q_proj.weight is missing (encoder_layers 3)"));
    draft = draft_of("shared-relu");
    CU_ASSERT(is_refused(finish(&draft, "\"decoder_layers\": 2", "\"decoder_layers\": 1"),
                         "more are without a place in this model"));
    draft = draft_of("shared-relu");
    CU_ASSERT(is_refused(finish(&draft, "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"),
                         "tensor lm_head.weight is missing"));
}

static void copies_are_accepted_where_they_agree_and_refused_where_not(void)
{
    static const struct {
        const char *golden, *copy, *original, *key;
    } cases[] = {
        {"shared-relu", "lm_head.weight", "model.shared.weight", "tie_word_embeddings"},
        {"shared-relu", "model.encoder.embed_tokens.weight", "model.shared.weight", "share_encoder_decoder_embeddings"},
        {"shared-relu", "model.decoder.embed_tokens.weight", "model.shared.weight", "share_encoder_decoder_embeddings"},
        {"half", "lm_head.weight", "model.shared.weight", "tie_word_embeddings"},
        {"separate", "lm_head.weight", "model.decoder.embed_tokens.weight", "tie_word_embeddings"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Draft draft = draft_of(cases[i].golden);
        add_copy(&draft, cases[i].copy, cases[i].original);
        dm_model_destroy(opened(finish(&draft, NULL, NULL)));
        draft = draft_of(cases[i].golden);
        add_copy(&draft, cases[i].copy, cases[i].original)[17] += 1e-6f;
        char wanted[256];
        snprintf(wanted, sizeof wanted, "tensor %s differs from %s, but config.json (%s)", cases[i].copy,
                 cases[i].original, cases[i].key);
        CU_ASSERT(is_refused(finish(&draft, NULL, NULL), wanted));
    }
    Draft draft = draft_of("shared-relu");
    add_tensor(&draft, "lm_head.weight", 23, 9);
    CU_ASSERT(is_refused(finish(&draft, NULL, NULL), "tensor lm_head.weight is [23, 9]"));
}

static void a_shared_table_under_another_of_its_names_is_found(void)
{
    Draft draft = draft_of("shared-relu");
    in_draft(&draft, "model.shared.weight")->name = "lm_head.weight";
    Model *model = opened(finish(&draft, NULL, NULL)), *original = opened(GOLDEN "shared-relu");
    CU_ASSERT_EQUAL(
        memcmp(model->parameters.data, original->parameters.data, original->parameters.size * sizeof(float)), 0);
    dm_model_destroy(model);
    dm_model_destroy(original);
}

static const char *const tables[] = {"model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight"};

static float sinusoid(int place, int column, int width)
{
    const int half = width / 2, k = column % half;  // sine in the first half, cosine in the second
    const double angle = place / pow(10000, 2.0 * k / width);
    return (float)(column < half ? sin(angle) : cos(angle));
}

// Sinusoids in both tables, 64 rows of the encoder's and as many of the decoder's as there are.
static Draft draft_with_tables(int decoder_rows)
{
    Draft draft = draft_of("shared-relu");
    for (int i = 0; i < 2; i++) {
        const int rows = i ? decoder_rows : 64;
        float *values = add_tensor(&draft, tables[i], rows, 8);
        for (int j = 0; j < 8 * rows; j++) values[j] = sinusoid(j / 8, j % 8, 8);
    }
    return draft;
}

static TransformerShape shape_of(const char *folder)
{
    Model *model = opened(folder);
    const TransformerShape shape = *dm_transformer_shape(&model->config);
    dm_model_destroy(model);
    return shape;
}

static void sinusoids_that_are_stored_are_those_that_are_computed(void)
{
    for (int rows = 1; rows <= 64; rows *= 8) {
        Draft draft = draft_with_tables(rows);
        const TransformerShape shape = shape_of(finish(&draft, NULL, NULL));
        CU_ASSERT(shape.positions == named("positions", "sine") && shape.max_positions == 64);
    }
    Draft draft = draft_with_tables(65);
    CU_ASSERT(is_refused(finish(&draft, NULL, NULL), "tensor model.decoder.embed_positions.weight is [65, 8]"));
}

// As transformers takes them from the file: one number that is not the sinusoids' makes both tables learned ones.
static void a_table_that_is_no_sinusoids_is_one_of_learned_positions(void)
{
    for (int side = 0; side < 2; side++) {
        Draft draft = draft_with_tables(64);
        ((float *)in_draft(&draft, tables[side])->data)[63 * 8 + 7] += 1e-4f;
        Model *model = opened(finish(&draft, NULL, NULL));
        const TransformerShape *shape = dm_transformer_shape(&model->config);
        CU_ASSERT(shape->positions == named("positions", "learned") && shape->max_positions == 64);
        for (int i = 0; i < 2; i++) {
            const Parameter *p = dm_parameter(&model->parameters, tables[i]);
            CU_ASSERT_PTR_NOT_NULL_FATAL(p);
            for (int j = 0; j < 64 * 8; j++)
                CU_ASSERT(p->tensor.data[j] == sinusoid(j / 8, j % 8, 8) + (i == side && j == 63 * 8 + 7 ? 1e-4f : 0));
        }
        dm_model_destroy(model);
    }
    Draft draft = draft_with_tables(12);
    ((float *)in_draft(&draft, tables[1])->data)[3] = 2;
    CU_ASSERT(is_refused(finish(&draft, NULL, NULL), "tensor model.encoder.embed_positions.weight is [64, 8]"));
    draft = draft_with_tables(64);
    ((float *)in_draft(&draft, tables[1])->data)[3] = 2;
    drop_tensor(&draft, tables[0]);
    CU_ASSERT(is_refused(finish(&draft, NULL, NULL), "tensor model.encoder.embed_positions.weight is missing"));
}

// No translation has fewer pieces than one and its end.
static void a_table_of_one_place_is_refused(void)
{
    Draft draft = draft_of("shared-relu");
    for (int i = 0; i < 2; i++) add_tensor(&draft, tables[i], 1, 8)[3] = 2;
    CU_ASSERT(is_refused(finish(&draft, NULL, NULL), "learned positions need at least 2 places"));
}

// The weights of a run whose positions are not learned.
static void a_table_for_a_model_that_has_sinusoids_is_refused(void)
{
    Model *model = opened(GOLDEN "shared-relu");
    Draft draft = draft_with_tables(64);
    Error error = {""};
    ((float *)in_draft(&draft, tables[0])->data)[3] = 2;
    finish(&draft, NULL, NULL);
    CU_ASSERT_EQUAL(dm_weights_read(model, NULL, scratch("folder/model.safetensors"), &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "embed_positions.weight does not hold Marian's sinusoids"));
    dm_model_destroy(model);
}

static void the_bias_of_the_logits_may_be_a_vector_or_missing(void)
{
    Draft draft = draft_of("shared-relu");
    TensorToStore *bias = in_draft(&draft, "final_logits_bias");
    bias->rank = 1, bias->shape[0] = 23;
    Model *model = opened(finish(&draft, NULL, NULL)), *original = opened(GOLDEN "shared-relu");
    CU_ASSERT_EQUAL(memcmp(model->output.bias.data, original->output.bias.data, 23 * sizeof(float)), 0);
    dm_model_destroy(model);
    dm_model_destroy(original);
    draft = draft_of("shared-relu");
    drop_tensor(&draft, "final_logits_bias");
    model = opened(finish(&draft, NULL, NULL));
    for (int i = 0; i < 23; i++) CU_ASSERT(model->output.bias.data[i] == 0);
    dm_model_destroy(model);
}

static void a_value_that_is_not_finite_is_refused(void)
{
    Draft draft = draft_of("shared-relu");
    ((float *)in_draft(&draft, "model.encoder.layers.1.fc2.bias")->data)[3] = NAN;
    CU_ASSERT(is_refused(finish(&draft, NULL, NULL),
                         "tensor model.encoder.layers.1.fc2.bias holds a value that is not finite"));
}

static void a_pickle_alone_is_answered_with_the_command_that_helps(void)
{
    Draft draft = draft_of("shared-relu");
    const char *folder = finish(&draft, NULL, NULL);
    remove(scratch("folder/model.safetensors"));
    CU_ASSERT(is_refused(folder, "has no model.safetensors"));
    scratch_file("folder/pytorch_model.bin", "x", 1);
    CU_ASSERT(is_refused(folder, "from transformers import MarianMTModel; MarianMTModel.from_pretrained("));
    remove(scratch("folder/pytorch_model.bin"));
}

static void a_weight_file_cut_short_is_refused(void)
{
    Draft draft = draft_of("shared-relu");
    const char *folder = finish(&draft, NULL, NULL);
    char *bytes;
    size_t size;
    CU_ASSERT_EQUAL_FATAL(dm_read_file(scratch("folder/model.safetensors"), &bytes, &size, NULL), DM_OK);
    scratch_file("folder/model.safetensors", bytes, size - 100);
    CU_ASSERT(is_refused(folder, "model.safetensors is cut short"));
    dm_free(bytes);
}

const Fact facts[] = {
    FACT(every_parameter_holds_what_transformers_stored),
    FACT(what_is_written_is_read_again),
    FACT(weights_of_another_buffer_are_written_and_read),
    FACT(a_misshapen_tensor_is_named_with_the_keys_that_shape_it),
    FACT(missing_and_extra_tensors_are_named),
    FACT(copies_are_accepted_where_they_agree_and_refused_where_not),
    FACT(a_shared_table_under_another_of_its_names_is_found),
    FACT(sinusoids_that_are_stored_are_those_that_are_computed),
    FACT(a_table_that_is_no_sinusoids_is_one_of_learned_positions),
    FACT(a_table_of_one_place_is_refused),
    FACT(a_table_for_a_model_that_has_sinusoids_is_refused),
    FACT(the_bias_of_the_logits_may_be_a_vector_or_missing),
    FACT(a_value_that_is_not_finite_is_refused),
    FACT(a_pickle_alone_is_answered_with_the_command_that_helps),
    FACT(a_weight_file_cut_short_is_refused),
    {NULL, NULL},
};
