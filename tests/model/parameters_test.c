// What a model is made of: parameters and their names, first weights, positions without an end.
#include "model/parts.h"
#include "model/small_model.h"
#include "tensor/running_statistics.h"

// Sequences longer than any table of positions: the model goes on counting.
static void sentences_may_be_longer_than_max_positions(void)
{
    enum { LONG = 700, LAST = 650 };
    ModelConfig config = small_config();
    TransformerShape *shape = dm_transformer_shape(&config);
    shape->encoder_layers = shape->decoder_layers = 0;  // what is left is the embedding, which can be written down
    Setting s = setting_of(&config);
    Graph *g = begin(&s, false, 0);
    static int ids[LONG];
    for (int i = 0; i < LONG; i++) ids[i] = 2 + i % 5;
    const int length = LONG;
    const Architecture *a = s.model->architecture;
    Memory memory = a->encode(g, s.model, dm_tokens(g->arena, 1, &length, ids));
    const Tensor *decoded = a->decode(g, s.model, memory, dm_tokens(g->arena, 1, &length, ids));
    const Parameter *table = dm_parameter(&s.model->parameters, "model.shared.weight");
    for (int position = 0; position < LONG; position++) {
        float row[WIDTH];
        dm_sinusoids(position, 1, WIDTH, row);
        double off = 0;
        for (int j = 0; j < WIDTH; j++) {
            double want = sqrt(WIDTH) * dm_row(&table->tensor, ids[position])[j] + row[j];
            off = fmax(off,
                       fmax(fabs(dm_row(memory.rows, position)[j] - want), fabs(dm_row(decoded, position)[j] - want)));
        }
        if (!(off <= 1e-5)) expect(false, "position %d is off by %g", position, off);
    }
    SearchState *state = a->start(g, s.model, memory, 1);
    for (int position = 0; position <= LAST; position++) {
        ArenaMark mark = dm_arena_mark(g->arena);
        const Tensor *x = a->extend(g, state, &ids[position], NULL);
        double off = 0;
        for (int j = 0; j < WIDTH; j++) off = fmax(off, fabsf(x->data[j] - dm_row(decoded, position)[j]));
        if (!(off <= 1e-5)) expect(false, "step %d is off by %g", position, off);
        dm_arena_release(g->arena, mark);
    }
    a->finish(state);
    end(&s);
}

static int index_of(const Parameters *p, const char *name)
{
    const Parameter *found = dm_parameter(p, name);
    expect(found, "there is no parameter %s", name);
    return found ? (int)(found - p->list) : -1;
}

static void projections_lie_side_by_side(void)
{
    static const char *const groups[][3] = {
        {"model.encoder.layers.1.self_attn.q_proj", "model.encoder.layers.1.self_attn.k_proj",
         "model.encoder.layers.1.self_attn.v_proj"},
        {"model.decoder.layers.2.self_attn.q_proj", "model.decoder.layers.2.self_attn.k_proj",
         "model.decoder.layers.2.self_attn.v_proj"},
        {"model.decoder.layers.0.encoder_attn.k_proj", "model.decoder.layers.0.encoder_attn.v_proj", NULL},
    };
    ModelConfig config = small_config();
    Setting s = setting_of(&config);
    const Parameters *p = &s.model->parameters;
    for (size_t i = 0; i < DM_COUNT(groups); i++)
        for (int vector = 0; vector < 2; vector++) {
            int count = groups[i][2] ? 3 : 2, first = -1;
            for (int j = 0; j < count; j++) {
                char name[96];
                snprintf(name, sizeof name, "%s.%s", groups[i][j], vector ? "bias" : "weight");
                int at = index_of(p, name);
                if (j == 0) first = at;
                if (at < 0 || first < 0) return;
                CU_ASSERT_EQUAL(at, first + j);
                CU_ASSERT_EQUAL(p->list[at].offset,
                                p->list[first].offset + (size_t)j * (vector ? WIDTH : WIDTH * WIDTH));
                CU_ASSERT_PTR_EQUAL(p->list[at].tensor.data, p->data + p->list[at].offset);
                CU_ASSERT_EQUAL(p->list[at].rank, vector ? 1 : 2);
                CU_ASSERT_EQUAL(p->list[at].full, vector);
            }
            Tensor joined = dm_parameters_joined(p, p->list[first].name, count);
            CU_ASSERT_PTR_EQUAL(joined.data, p->list[first].tensor.data);
            CU_ASSERT_EQUAL(joined.rows, vector ? 1 : count * WIDTH);
            CU_ASSERT_EQUAL(joined.cols, vector ? count * WIDTH : WIDTH);
            CU_ASSERT_EQUAL(joined.stride, joined.cols);
            CU_ASSERT(joined.parameter);
        }
    end(&s);
}

static void parameters_are_those_of_a_marian_folder(void)
{
    static const char *const attention[] = {"q_proj", "k_proj", "v_proj", "out_proj"}, *const kinds[] = {"weight",
                                                                                                         "bias"};
    ModelConfig config = small_config();
    const TransformerShape *shape = dm_transformer_shape(&config);
    Setting s = setting_of(&config);
    const Parameters *p = &s.model->parameters;
    int known = 2;
    char name[96];
    index_of(p, "model.shared.weight");
    for (int side = 0; side < 2; side++)
        for (int layer = 0; layer < (side ? shape->decoder_layers : shape->encoder_layers); layer++)
            for (int kind = 0; kind < 2; kind++) {
                const char *prefix = side ? "model.decoder" : "model.encoder";
                for (int cross = 0; cross <= side; cross++) {
                    const char *of = cross ? "encoder_attn" : "self_attn";
                    for (int i = 0; i < 4; i++, known++) {
                        snprintf(name, sizeof name, "%s.layers.%d.%s.%s.%s", prefix, layer, of, attention[i],
                                 kinds[kind]);
                        index_of(p, name);
                    }
                    snprintf(name, sizeof name, "%s.layers.%d.%s_layer_norm.%s", prefix, layer, of, kinds[kind]);
                    index_of(p, name);
                    known++;
                }
                static const char *const rest[] = {"fc1", "fc2", "final_layer_norm"};
                for (int i = 0; i < 3; i++, known++) {
                    snprintf(name, sizeof name, "%s.layers.%d.%s.%s", prefix, layer, rest[i], kinds[kind]);
                    index_of(p, name);
                }
            }
    int bias = index_of(p, "final_logits_bias");
    expect(p->count == known, "there are %d parameters, %d are known", p->count, known);
    CU_ASSERT_EQUAL(p->list[bias].kind, DM_FIXED);
    size_t offset = 0;
    for (int i = 0; i < p->count; offset += (size_t)(p->list[i].tensor.rows * p->list[i].tensor.cols), i++)
        CU_ASSERT_EQUAL(p->list[i].offset, offset);
    CU_ASSERT_EQUAL(p->size, offset);
    CU_ASSERT_EQUAL(p->trained_size, offset - VOCABULARY);
    CU_ASSERT_PTR_EQUAL(s.model->output.weight.data, dm_parameter(p, "model.shared.weight")->tensor.data);
    CU_ASSERT_PTR_NULL(dm_parameter(p, "model.shared"));
    end(&s);
}

static void weights_start_as_they_should(void)
{
    ModelConfig config = small_config();
    Model *model = dm_model_create(&config), *same = dm_model_create(&config), *other = dm_model_create(&config);
    const Parameters *p = &model->parameters;
    for (size_t i = 0; i < p->size; i++)
        if (p->data[i] != 0) expect(false, "weight %zu of a new model is not zero", i);
    dm_model_initialise(model, 1);
    dm_model_initialise(same, 1);
    dm_model_initialise(other, 2);
    CU_ASSERT(memcmp(p->data, same->parameters.data, p->size * sizeof(float)) == 0);
    const Parameter *table = dm_parameter(p, "model.shared.weight");
    CU_ASSERT_EQUAL(table->frozen_row, PAD);
    for (int i = 0; i < VOCABULARY; i++) CU_ASSERT_EQUAL(model->output.bias.data[i], i == PAD ? -10000 : 0);
    double squares = 0;
    for (int i = 0; i < VOCABULARY * WIDTH; i++) squares += table->tensor.data[i] * table->tensor.data[i];
    for (int i = 0; i < WIDTH; i++) CU_ASSERT_EQUAL(dm_row(&table->tensor, PAD)[i], 0);
    double deviation = sqrt(squares / (PAD * WIDTH)) * sqrt(WIDTH);  // of 480 numbers: within a tenth or so
    expect(fabs(deviation - 1) < 0.15, "embeddings have a deviation of %g / sqrt(width)", deviation);
    const Parameter *fc1 = dm_parameter(p, "model.encoder.layers.0.fc1.weight");
    const double limit = sqrt(6.0 / (16 + 20));
    double largest = 0;
    for (int i = 0; i < 16 * 20; i++) largest = fmax(largest, fabsf(fc1->tensor.data[i]));
    expect(largest <= limit && largest > 0.9 * limit, "fc1 starts within %g, should be %g", largest, limit);
    CU_ASSERT_EQUAL(dm_parameter(p, "model.encoder.layers.0.fc1.bias")->tensor.data[3], 0);
    CU_ASSERT_EQUAL(dm_parameter(p, "model.decoder.layers.2.final_layer_norm.weight")->tensor.data[3], 1);
    int differing = 0;
    for (size_t i = 0; i < p->size; i++) differing += p->data[i] != other->parameters.data[i];
    CU_ASSERT(differing > 1000);
    dm_model_destroy(model);
    dm_model_destroy(same);
    dm_model_destroy(other);
}

// Whatever order they are declared in, and the bytes that were declared first stay first.
static void statistics_lie_between_trained_and_fixed_parameters(void)
{
    for (int batch = 0; batch < 2; batch++) {
        ModelConfig config = small_config();
        dm_transformer_shape(&config)->norm = named("norm", batch ? "batch" : "layer");
        dm_transformer_shape(&config)->norm_place = named("norm_place", "pre");
        Model *model = dm_model_create(&config);
        const Parameters *p = &model->parameters;
        size_t offset = 0, statistics = 0;
        for (int i = 0; i < p->count; offset += dm_parameter_size(&p->list[i]), i++) {
            const Parameter *at = &p->list[i];
            CU_ASSERT_EQUAL(at->offset, offset);
            CU_ASSERT(i == 0 || p->list[i - 1].kind <= at->kind);
            if (at->kind == DM_STATISTIC) {
                CU_ASSERT(strstr(at->name, ".running_") && at->full && at->rank == 1);
                statistics += dm_parameter_size(at);
            }
        }
        CU_ASSERT_EQUAL(p->size, offset);
        CU_ASSERT_EQUAL(p->statistic_size, statistics);
        CU_ASSERT_EQUAL(p->trained_size + p->statistic_size, offset - VOCABULARY);
        CU_ASSERT_EQUAL(statistics,
                        batch ? (2 * 2 + 3 * 3 + 2) * 2 * WIDTH : 0);  // norms of sublayers, and at the ends
        CU_ASSERT_EQUAL(dm_lane_size(p), p->trained_size + 2 * statistics);
        dm_model_destroy(model);
    }
}

static void what_is_added_to_a_pre_norm_stream_starts_smaller(void)
{
    static const struct {
        const char *name;
        int additions;  // to the stream of its stack, of 2 and 3 layers
    } matrices[] = {{"model.encoder.layers.1.self_attn.out_proj.weight", 4},
                    {"model.encoder.layers.0.fc2.weight", 4},
                    {"model.decoder.layers.2.self_attn.out_proj.weight", 9},
                    {"model.decoder.layers.1.encoder_attn.out_proj.weight", 9},
                    {"model.decoder.layers.0.fc2.weight", 9},
                    {"model.decoder.layers.0.fc1.weight", 1},
                    {"model.decoder.layers.0.encoder_attn.v_proj.weight", 1},
                    {"model.shared.weight", 1}};
    ModelConfig post = small_config(), pre = small_config();
    dm_transformer_shape(&pre)->norm_place = named("norm_place", "pre");
    Model *behind = dm_model_create(&post), *in_front = dm_model_create(&pre);
    // Draws are of the place in the list: those of the decoder stand one norm later.
    dm_model_initialise(behind, 1);
    dm_model_initialise(in_front, 1);
    for (size_t i = 0; i < DM_COUNT(matrices); i++) {
        double squares[2] = {0};
        for (int k = 0; k < 2; k++) {
            const Parameter *p = dm_parameter(&(k ? in_front : behind)->parameters, matrices[i].name);
            CU_ASSERT_PTR_NOT_NULL_FATAL(p);
            for (size_t j = 0; j < dm_parameter_size(p); j++)
                squares[k] += (double)p->tensor.data[j] * (double)p->tensor.data[j];
        }
        const double ratio = squares[0] / squares[1];
        expect(fabs(ratio / matrices[i].additions - 1) < 0.25, "%s: its squares are %g times as large behind, not %d",
               matrices[i].name, ratio, matrices[i].additions);
    }
    dm_model_destroy(behind);
    dm_model_destroy(in_front);
}

// Every parameter of a layer, of either architecture, is in a layer that there is.
static void parts_are_told_by_the_names(void)
{
    static const struct {
        const char *architecture, *shape, *name, *layer;
        Part part;
    } cases[] = {
        {"transformer", "", "model.shared.weight", "embeddings", DM_EMBEDDINGS},
        {"transformer", "", "model.encoder.layers.2.fc1.weight", "encoder.2", DM_ENCODER},
        {"transformer", "", "model.decoder.layers.0.encoder_attn.k_proj.bias", "decoder.0", DM_DECODER},
        {"transformer", "decoder_layers 12", "model.decoder.layers.11.fc2.bias", "decoder.11", DM_DECODER},
        {"transformer", "norm_place pre", "model.encoder.layer_norm.bias", "encoder", DM_ENCODER},
        {"transformer", "norm batch", "model.encoder.layers.1.final_layer_norm.running_var", "encoder.1", DM_ENCODER},
        {"transformer", "", "final_logits_bias", "output", DM_OUTPUT},
        {"transformer", "ahead 3", "model.ahead.2.fc1.weight", "ahead.2", DM_AHEAD},
        {"lm", "ahead 2 ahead_form chain", "model.ahead.1.self_attn.q_proj.weight", "ahead.1", DM_AHEAD},
        {"rnn", "encoder_layers 2", "model.encoder.gru.weight_hh_l1_reverse", "encoder.1", DM_ENCODER},
        {"rnn", "", "model.decoder.gru.weight_ih_l0", "decoder.0", DM_DECODER},
        {"rnn", "", "model.decoder.bridge.bias", "decoder", DM_DECODER},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        const ModelConfig config = small_config_of(dm_architecture(cases[i].architecture), VOCABULARY, cases[i].shape);
        Model *model = dm_model_create(&config);
        const Parameter *p = dm_parameter(&model->parameters, cases[i].name);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        expect(strcmp(dm_layer_of(p).text, cases[i].layer) == 0, "%s is of %s", p->name, dm_layer_of(p).text);
        CU_ASSERT_EQUAL(dm_part_of(p), cases[i].part);
        dm_model_destroy(model);
    }
}

static void architectures_are_found_by_name(void)
{
    CU_ASSERT_PTR_EQUAL(dm_architecture("transformer"), &dm_transformer);
    CU_ASSERT_PTR_NULL(dm_architecture("transformers"));
    CU_ASSERT_PTR_NULL(dm_architecture(""));
}

static void a_value_that_is_not_finite_is_found_in_its_parameter_alone(void)
{
    static const float bad[] = {INFINITY, -INFINITY, NAN, -NAN}, good[] = {0, -3.4028235e38f, 3.4028235e38f, 1e-45f};
    float buffer[100] = {0};
    const Parameter before = {.tensor = {.rows = 3, .cols = 7}},
                    middle = {.tensor = {.rows = 5, .cols = 9}, .offset = 21},
                    after = {.tensor = {.rows = 1, .cols = 34}, .offset = 66};
    CU_ASSERT_EQUAL(dm_parameter_size(&middle), 45);
    for (size_t at = 21; at < 66; at++) {
        for (size_t i = 0; i < DM_COUNT(bad); i++) {
            buffer[at] = bad[i];
            CU_ASSERT_FALSE(dm_parameter_is_finite(&middle, buffer));
            CU_ASSERT(dm_parameter_is_finite(&before, buffer) && dm_parameter_is_finite(&after, buffer));
        }
        buffer[at] = good[at % DM_COUNT(good)];
        CU_ASSERT(dm_parameter_is_finite(&middle, buffer));
    }
}

const Fact facts[] = {
    FACT(sentences_may_be_longer_than_max_positions),
    FACT(projections_lie_side_by_side),
    FACT(parameters_are_those_of_a_marian_folder),
    FACT(weights_start_as_they_should),
    FACT(statistics_lie_between_trained_and_fixed_parameters),
    FACT(what_is_added_to_a_pre_norm_stream_starts_smaller),
    FACT(parts_are_told_by_the_names),
    FACT(architectures_are_found_by_name),
    FACT(a_value_that_is_not_finite_is_found_in_its_parameter_alone),
    {NULL, NULL},
};
