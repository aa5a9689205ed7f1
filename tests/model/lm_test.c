// The language model as a whole: its gradient; that source and target are one sequence to it; and what the mask of the
// prompt hides.
#include "model/gradients.h"

#define SHAPE                                                                                                          \
    "d_model 16 decoder_layers 2 decoder_attention_heads 2 decoder_ffn_dim 24 max_position_embeddings 40 "             \
    "activation_function swish "

static const char *const shapes[] = {
    SHAPE,
    SHAPE "positions rotary prompt_mask full norm rms activation_function swiglu",
    SHAPE "positions sine prompt_positions restart norm_place post",
    SHAPE "positions alibi attention_window 2",
    SHAPE "positions none prompt_mask full scale_embedding 0",
    SHAPE "decoder_attention_heads 4 key_value_heads 2",
    SHAPE "decoder_attention_heads 4 key_value_heads 1 positions sine attention_window 3 prompt_mask full",
};

static ModelConfig small_lm(const char *shape)
{
    ModelConfig config = small_config_of(&dm_lm, VOCABULARY, shape);
    config.decoder_start = config.eos;
    return config;
}

static void gradient_of_every_kind_agrees_with_differences(void)
{
    for (size_t i = 0; i < DM_COUNT(shapes); i++) {
        const ModelConfig config = small_lm(shapes[i]);
        check_gradient(&config, i % 2 ? 0.2f : 0);
    }
}

static Tensor *decoded(Setting *s, int sources, const int *source, int targets, const int *target)
{
    Graph *g = &s->graph;
    const Architecture *a = s->model->architecture;
    const Memory memory = a->encode(g, s->model, dm_tokens(g->arena, 1, &sources, source));
    return a->decode(g, s->model, memory, dm_tokens(g->arena, 1, &targets, target));
}

// Where the prompt ends and what goes on begins is nothing that a causal mask knows.
static void prompt_and_target_are_one_sequence(void)
{
    const int source[] = {7, 3, 9, 0}, target[] = {0, 4, 5}, joined[] = {7, 3, 9, 0, 4, 5};
    static const char *const kinds[] = {SHAPE,
                                        SHAPE "positions rotary",
                                        SHAPE "positions alibi",
                                        SHAPE "positions sine",
                                        SHAPE "positions none",
                                        SHAPE "attention_window 2"};
    for (size_t i = 0; i < DM_COUNT(kinds); i++) {
        const ModelConfig config = small_lm(kinds[i]);
        Setting s = setting_of(&config);
        begin(&s, false, 0);
        const Tensor *apart = decoded(&s, 4, source, 3, target), *whole = decoded(&s, 1, source, 6, joined);
        same_rows(kinds[i], whole, 3, apart, 4e-6);
        end(&s);
    }
}

static void a_batch_equals_each_pair_alone(void)
{
    for (size_t i = 0; i < DM_COUNT(shapes); i++) {
        const ModelConfig config = small_lm(shapes[i]);
        Setting s = setting_of(&config);
        const Architecture *a = s.model->architecture;
        Graph *g = begin(&s, false, 0);
        const Memory memory = a->encode(g, s.model, dm_tokens(g->arena, PAIRS, source_lengths, source_ids));
        const Tensor *x = a->decode(g, s.model, memory, dm_tokens(g->arena, PAIRS, target_lengths, target_inputs));
        for (int k = 0, source = 0, target = 0; k < PAIRS;
             source += source_lengths[k], target += target_lengths[k], k++)
            same_rows(shapes[i], x, target,
                      decoded(&s, source_lengths[k], source_ids + source, target_lengths[k], target_inputs + target),
                      4e-6);
        end(&s);
    }
}

// How far row `row` of what the prompt becomes moves when its piece `changed` is another.
static double moved(const char *shape, int row, int changed)
{
    const ModelConfig config = small_lm(shape);
    Setting s = setting_of(&config);
    Graph *g = begin(&s, false, 0);
    int ids[] = {7, 3, 9, 12, 5, 0}, length = DM_COUNT(ids);
    const Tensor *before = s.model->architecture->encode(g, s.model, dm_tokens(g->arena, 1, &length, ids)).rows;
    ids[changed] += 13;
    const Tensor *after = s.model->architecture->encode(g, s.model, dm_tokens(g->arena, 1, &length, ids)).rows;
    double off = 0;
    for (int col = 0; col < before->cols; col++)
        off = fmax(off, fabsf(dm_row(after, row)[col] - dm_row(before, row)[col]));
    end(&s);
    return off;
}

// Row j of a prompt has its piece j - 1, behind what it begins with.
static void the_mask_hides_what_comes_later(void)
{
    for (int row = 0; row < 6; row++)
        for (int changed = 0; changed < 5; changed++) {
            const double causal = moved(SHAPE "prompt_mask causal", row, changed),
                         full = moved(SHAPE "prompt_mask full", row, changed);
            expect(row > changed ? causal > 1e-4 : causal <= 0, "causal: piece %d moves row %d by %g", changed, row,
                   causal);
            expect(full > 1e-4, "full: piece %d moves row %d by %g", changed, row, full);
        }
}

// A window of one piece in one layer: the third piece of a target sees only target, and the prompt's length in its
// place.
static void places_that_restart_do_not_know_the_prompt(void)
{
    const int source[] = {7, 3, 9, 2, 0}, target[] = {0, 4, 5};
    for (int restart = 0; restart < 2; restart++) {
        const ModelConfig config =
            small_lm(restart ? SHAPE "decoder_layers 1 attention_window 1 positions sine prompt_positions restart"
                             : SHAPE "decoder_layers 1 attention_window 1 positions sine");
        Setting s = setting_of(&config);
        begin(&s, false, 0);
        const Tensor *behind_one = decoded(&s, 1, source, 3, target), *behind_five = decoded(&s, 5, source, 3, target);
        double off = 0;
        for (int col = 0; col < WIDTH; col++)
            off = fmax(off, fabsf(dm_row(behind_one, 2)[col] - dm_row(behind_five, 2)[col]));
        expect(restart ? off <= 1e-6 : off > 1e-3, "%s: off by %g", restart ? "restart" : "go-on", off);
        end(&s);
    }
}

// Heads that share keys and values are as many as have the same ones each.
static void shared_keys_are_equal_keys(void)
{
    const ModelConfig sharing = small_lm(SHAPE "decoder_attention_heads 4 key_value_heads 2"),
                      apart = small_lm(SHAPE "decoder_attention_heads 4");
    Setting a = setting_of(&sharing), b = setting_of(&apart);
    Parameters *to = &b.model->parameters;
    for (int i = 0; i < to->count; i++) {
        const Parameter *p = to->list + i, *from = dm_parameter(&a.model->parameters, p->name);
        const bool repeated = strstr(p->name, ".k_proj") || strstr(p->name, ".v_proj");
        const size_t head = (size_t)(p->rank == 1 ? 4 : 4 * WIDTH);  // 4 columns, or as many rows
        for (size_t j = 0; j < dm_parameter_size(p); j++)
            p->tensor.data[j] = from->tensor.data[repeated ? j / head / 2 * head + j % head : j];
    }
    begin(&a, false, 0);
    begin(&b, false, 0);
    const int source[] = {7, 3, 9, 0}, target[] = {0, 4, 5};
    same_rows("shared keys", decoded(&a, 4, source, 3, target), 0, decoded(&b, 4, source, 3, target), 4e-6);
    end(&a);
    end(&b);
}

static void pictures_of_the_source_add_up_to_one(void)
{
    for (size_t i = 0; i < DM_COUNT(shapes); i++) {
        const ModelConfig config = small_lm(shapes[i]);
        Setting s = setting_of(&config);
        Graph *g = begin(&s, false, 0);
        AttentionTap tap = {.only_cross = true};
        g->tap = &tap;
        const Memory memory =
            s.model->architecture->encode(g, s.model, dm_tokens(g->arena, PAIRS, source_lengths, source_ids));
        s.model->architecture->decode(g, s.model, memory, dm_tokens(g->arena, PAIRS, target_lengths, target_inputs));
        g->tap = NULL;
        int layers = 0;
        for (const AttentionView *view = tap.first; view; view = view->next, layers++)
            for (int k = 0; k < PAIRS; k++)
                for (int row = 0; row < view->heads * target_lengths[k]; row++) {
                    double sum = 0;
                    for (int j = 0; j < source_lengths[k]; j++)
                        sum += view->probabilities[k][row * source_lengths[k] + j];
                    expect(fabs(sum - 1) < 1e-5 || (strstr(shapes[i], "window") && fabs(sum) < 1e-5),
                           "%s: pair %d, row %d adds up to %g", shapes[i], k, row, sum);
                }
        CU_ASSERT_EQUAL(layers, 2);
        end(&s);
    }
}

// A window of one key: what begins the target sees the source's last piece but its end, and itself, which holds that
// end.
static void a_picture_has_a_column_for_each_piece_of_the_source(void)
{
    const ModelConfig config = small_lm(SHAPE "decoder_layers 1 attention_window 1");
    Setting s = setting_of(&config);
    begin(&s, false, 0);
    AttentionTap tap = {.only_cross = true};
    s.graph.tap = &tap;
    const int source[] = {7, 3, 9, 0}, target[] = {0, 4};
    decoded(&s, 4, source, 2, target);
    s.graph.tap = NULL;
    const AttentionView *view = tap.first;
    for (int head = 0; head < view->heads; head++) {
        const float *first = view->probabilities[0] + head * 2 * 4, *second = first + 4;
        expect(first[0] <= 0 && first[1] <= 0 && first[2] > 0 && first[3] > 0, "head %d: the first row", head);
        expect(second[2] <= 0 && second[3] >= 1, "head %d: the second row", head);
    }
    end(&s);
}

const Fact facts[] = {
    FACT(gradient_of_every_kind_agrees_with_differences),
    FACT(prompt_and_target_are_one_sequence),
    FACT(a_batch_equals_each_pair_alone),
    FACT(the_mask_hides_what_comes_later),
    FACT(places_that_restart_do_not_know_the_prompt),
    FACT(a_picture_has_a_column_for_each_piece_of_the_source),
    FACT(shared_keys_are_equal_keys),
    FACT(pictures_of_the_source_add_up_to_one),
    {NULL, NULL},
};
