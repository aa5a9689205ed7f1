// The model of labels: its gradient, what a label reads, and what it does not hang on.
#include "model/gradients.h"

#define SHAPE "d_model 16 encoder_layers 2 encoder_attention_heads 2 encoder_ffn_dim 24 activation_function swish "

static const char *const shapes[] = {
    SHAPE,
    SHAPE "positions rotary norm rms activation_function swiglu",
    SHAPE "positions alibi norm_place post label sentences",
    SHAPE "positions learned max_position_embeddings 9 label sentences norm rms",
    SHAPE "positions none attention_window 2",
    SHAPE "experts 4",
};

static ModelConfig small_labels(const char *shape)
{
    return small_config_of(&dm_labels, VOCABULARY, shape);
}

static void gradient_of_every_kind_agrees_with_differences(void)
{
    for (size_t i = 0; i < DM_COUNT(shapes); i++) {
        if (strstr(shapes[i], "experts")) continue;  // a small step may change where a piece goes
        const ModelConfig config = small_labels(shapes[i]);
        check_gradient(&config, i % 2 ? 0.2f : 0);
    }
}

static Tensor *decoded(Setting *s, int pairs, const int *lengths, const int *ids, const int *counts, const int *places)
{
    Graph *g = &s->graph;
    const Architecture *a = s->model->architecture;
    const Memory memory = a->encode(g, s->model, dm_tokens(g->arena, pairs, lengths, ids));
    return a->decode(g, s->model, memory, dm_tokens(g->arena, pairs, counts, places));
}

static void a_batch_equals_each_sentence_alone(void)
{
    for (size_t i = 0; i < DM_COUNT(shapes); i++) {
        const ModelConfig config = small_labels(shapes[i]);
        Setting s = setting_of(&config);
        begin(&s, false, 0);
        const Tensor *x = decoded(&s, PAIRS, source_lengths, source_ids, target_lengths, target_places);
        for (int k = 0, source = 0, target = 0; k < PAIRS;
             source += source_lengths[k], target += target_lengths[k], k++)
            same_rows(
                shapes[i], x, target,
                decoded(&s, 1, source_lengths + k, source_ids + source, target_lengths + k, target_places + target),
                4e-6);
        end(&s);
    }
}

// A word has what the encoder makes of its place, whatever other places are asked for and in whatever order.
static void a_label_is_of_its_place(void)
{
    const ModelConfig config = small_labels(SHAPE);
    Setting s = setting_of(&config);
    Graph *g = begin(&s, false, 0);
    const int length = 5, ids[] = {7, 3, 9, 4, 0}, places[] = {3, 0, 3}, count = DM_COUNT(places);
    const Memory memory = s.model->architecture->encode(g, s.model, dm_tokens(g->arena, 1, &length, ids));
    const Tensor *x = s.model->architecture->decode(g, s.model, memory, dm_tokens(g->arena, 1, &count, places));
    for (int i = 0; i < count; i++) {
        const Tensor row = dm_rows(memory.rows, places[i], 1);
        same_rows("a place", x, i, &row, 0);
    }
    end(&s);
}

// tanh(W x + b) of the first piece.
static void a_sentence_goes_through_a_layer_more(void)
{
    const ModelConfig config = small_labels(SHAPE "label sentences");
    Setting s = setting_of(&config);
    Graph *g = begin(&s, false, 0);
    const int length = 4, ids[] = {7, 3, 9, 0}, one = 1, place = 0;
    const Memory memory = s.model->architecture->encode(g, s.model, dm_tokens(g->arena, 1, &length, ids));
    const Tensor *x = s.model->architecture->decode(g, s.model, memory, dm_tokens(g->arena, 1, &one, &place));
    const Tensor *w = &dm_parameter(&s.model->parameters, "pooler.dense.weight")->tensor,
                 *b = &dm_parameter(&s.model->parameters, "pooler.dense.bias")->tensor;
    for (int i = 0; i < WIDTH; i++) {
        double sum = b->data[i];
        for (int j = 0; j < WIDTH; j++) sum += (double)dm_row(w, i)[j] * (double)dm_row(memory.rows, 0)[j];
        expect(fabs(tanh(sum) - x->data[i]) < 2e-6, "column %d: %g, not %g", i, x->data[i], tanh(sum));
    }
    end(&s);
}

// Words on both sides count, and with a window only those that are near.
static void a_label_hangs_on_all_words_that_are_seen(void)
{
    for (int window = 0; window < 2; window++) {
        const ModelConfig config =
            small_labels(window ? SHAPE "encoder_layers 1 attention_window 2" : SHAPE "encoder_layers 1");
        Setting s = setting_of(&config);
        begin(&s, false, 0);
        int ids[] = {7, 3, 9, 12, 5, 11, 0}, length = DM_COUNT(ids), one = 1, place = 3;
        const Tensor *before = decoded(&s, 1, &length, ids, &one, &place);
        for (int changed = 0; changed < length; changed++) {
            ids[changed] += 13;
            const Tensor *after = decoded(&s, 1, &length, ids, &one, &place);
            ids[changed] -= 13;
            double off = 0;
            for (int col = 0; col < WIDTH; col++) off = fmax(off, fabsf(after->data[col] - before->data[col]));
            const bool seen = !window || abs(changed - place) <= 2;
            expect(seen ? off > 1e-4 : off <= 0, "window %d: piece %d moves it by %g", 2 * window, changed, off);
        }
        end(&s);
    }
}

const Fact facts[] = {
    FACT(gradient_of_every_kind_agrees_with_differences),
    FACT(a_batch_equals_each_sentence_alone),
    FACT(a_label_is_of_its_place),
    FACT(a_sentence_goes_through_a_layer_more),
    FACT(a_label_hangs_on_all_words_that_are_seen),
    {NULL, NULL},
};
