// What kinds of positions and windows of attention mean for a whole Transformer: which of its sentences it can tell
// apart, and how far one piece reaches.
#include <limits.h>

#include "model/operations.h"
#include "model/small_model.h"

enum { LENGTH = 9 };
static const int ids[LENGTH] = {3, 9, 2, 17, 4, 8, 21, 5, 0};

static Setting setting_with(const char *positions, int window)
{
    ModelConfig config = small_config();
    TransformerShape *shape = dm_transformer_shape(&config);
    shape->positions = named("positions", positions);
    shape->attention_window = window;
    return setting_of(&config);
}

// Pieces of one sentence, the first at place `first`.
static Tokens tokens_from(Graph *g, const int *pieces, int count, int first)
{
    Tokens tokens = dm_tokens(g->arena, 1, &count, pieces);
    int *places = dm_arena_take(g->arena, (size_t)count * sizeof(int));
    for (int i = 0; i < count; i++) places[i] = first + i;
    tokens.positions = places;
    return tokens;
}

static const Tensor *encoded(Setting *s, const int *pieces, int count, int first)
{
    return s->model->architecture->encode(&s->graph, s->model, tokens_from(&s->graph, pieces, count, first)).rows;
}

// Behind a source that is always the same.
static const Tensor *decoded(Setting *s, const int *pieces, int count, int first)
{
    const Architecture *a = s->model->architecture;
    const Memory memory = a->encode(&s->graph, s->model, tokens_from(&s->graph, ids, LENGTH, 0));
    return a->decode(&s->graph, s->model, memory, tokens_from(&s->graph, pieces, count, first));
}

// How far row i of one is from row to[i] of the other at most (NULL: from row i).
static double distance(const Tensor *a, const Tensor *b, const int *to)
{
    double off = 0;
    for (int i = 0; i < a->rows; i++)
        for (int j = 0; j < a->cols; j++)
            off = fmax(off, fabs((double)dm_row(a, i)[j] - (double)dm_row(b, to ? to[i] : i)[j]));
    return off;
}

static const double rounding = 1e-5, much = 1e-2;

// Pieces in another order, or mirrored: without positions, the same rows in that order.
static void an_encoder_without_positions_does_not_see_the_order(void)
{
    static const int order[LENGTH] = {4, 0, 7, 8, 2, 6, 1, 3, 5};
    for (int i = 0; dm_position_kinds[i]; i++) {
        const char *name = dm_position_kinds[i]->name;
        Setting s = setting_with(name, 0);
        begin(&s, false, 0);
        int moved[LENGTH], mirrored[LENGTH], mirror[LENGTH];
        for (int j = 0; j < LENGTH; j++) {
            moved[order[j]] = ids[j];
            mirror[j] = LENGTH - 1 - j;
            mirrored[mirror[j]] = ids[j];
        }
        const Tensor *x = encoded(&s, ids, LENGTH, 0);
        const double by_order = distance(x, encoded(&s, moved, LENGTH, 0), order),
                     by_mirror = distance(x, encoded(&s, mirrored, LENGTH, 0), mirror);
        const bool blind = strcmp(name, "none") == 0;
        expect(blind ? by_order <= rounding : by_order > much, "%s: another order changes rows by %g", name, by_order);
        expect(blind ? by_mirror <= rounding : by_mirror > much, "%s: the mirror image differs by %g", name, by_mirror);
        end(&s);
    }
}

// The causal mask alone tells a decoder where it is.
static void a_decoder_without_positions_sees_the_order(void)
{
    static const int first[] = {PAD, 3, 4, 5}, second[] = {PAD, 4, 3, 5};
    Setting s = setting_with("none", 0);
    begin(&s, false, 0);
    const Tensor *a = decoded(&s, first, 4, 0), *b = decoded(&s, second, 4, 0);
    double off = 0;
    for (int j = 0; j < WIDTH; j++) off = fmax(off, fabs((double)dm_row(a, 3)[j] - (double)dm_row(b, 3)[j]));
    CU_ASSERT(off > 1e-4);
    end(&s);
}

// All places further on: what depends on distances alone stays as it is.
static void only_sinusoids_and_learned_positions_know_where_a_sentence_begins(void)
{
    for (int i = 0; dm_position_kinds[i]; i++) {
        const PositionKind *kind = dm_position_kinds[i];
        Setting s = setting_with(kind->name, 0);
        begin(&s, false, 0);
        const int further = kind->ends ? 16 - LENGTH : 700;  // small_config knows 16 places
        const double source = distance(encoded(&s, ids, LENGTH, 0), encoded(&s, ids, LENGTH, further), NULL),
                     target = distance(decoded(&s, ids, LENGTH, 0), decoded(&s, ids, LENGTH, further), NULL);
        const bool knows = kind->add;
        expect(knows ? source > much : source <= 5 * rounding, "%s: a source that begins later differs by %g",
               kind->name, source);
        expect(knows ? target > much : target <= 5 * rounding, "%s: a target that begins later differs by %g",
               kind->name, target);
        end(&s);
    }
}

static void only_learned_positions_end(void)
{
    for (int i = 0; dm_position_kinds[i]; i++) {
        ModelConfig config = small_config();
        dm_transformer_shape(&config)->positions = i;
        const bool learned = strcmp(dm_position_kinds[i]->name, "learned") == 0;
        CU_ASSERT_EQUAL(dm_transformer.longest(&config), learned ? 16 : INT_MAX);
        dm_transformer_shape(&config)->max_positions = 1;
        Name why;
        CU_ASSERT_EQUAL(dm_transformer.misfit(&config, &why), learned);
    }
}

static void rotary_positions_want_heads_of_even_width(void)
{
    ModelConfig config = small_config();
    TransformerShape *shape = dm_transformer_shape(&config);
    Name why = {""};
    shape->positions = named("positions", "rotary");
    CU_ASSERT(!dm_transformer.misfit(&config, &why));
    shape->decoder_heads = 16;
    CU_ASSERT(dm_transformer.misfit(&config, &why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "16 / 16 = 1 columns"));
    shape->positions = named("positions", "sine");
    CU_ASSERT(!dm_transformer.misfit(&config, &why));
}

// ---- Windows --------------------------------------------------------------------------------------------------------

// A piece changes rows as far away as windows of all layers together reach, and none beyond, to the bit.
static void a_piece_reaches_as_far_as_the_windows_of_all_layers(void)
{
    enum { LONG = 90, AT = 40, WINDOW = 3 };
    static int pieces[LONG], changed[LONG];
    for (int i = 0; i < LONG; i++) pieces[i] = changed[i] = 1 + i * 7 % 28;
    changed[AT] = 29;
    for (int decoder = 0; decoder < 2; decoder++) {
        Setting s = setting_with("alibi", WINDOW);
        begin(&s, false, 0);
        const TransformerShape *shape = dm_transformer_shape(&s.model->config);
        const int reach = WINDOW * (decoder ? shape->decoder_layers : shape->encoder_layers);
        const Tensor *a = decoder ? decoded(&s, pieces, LONG, 0) : encoded(&s, pieces, LONG, 0),
                     *b = decoder ? decoded(&s, changed, LONG, 0) : encoded(&s, changed, LONG, 0);
        for (int i = 0; i < LONG; i++) {
            const bool same = memcmp(dm_row(a, i), dm_row(b, i), WIDTH * sizeof(float)) == 0;
            const bool reached = decoder ? i >= AT && i <= AT + reach : abs(i - AT) <= reach;
            expect(same == !reached, "%s: a change at %d, and row %d is %s", decoder ? "decoder" : "encoder", AT, i,
                   same ? "the same" : "another");
        }
        end(&s);
    }
}

static void a_window_over_the_whole_sentence_changes_nothing(void)
{
    for (int i = 0; dm_position_kinds[i]; i++) {
        Setting all = setting_with(dm_position_kinds[i]->name, 0),
                window = setting_with(dm_position_kinds[i]->name, LENGTH - 1);
        begin(&all, false, 0);
        begin(&window, false, 0);
        CU_ASSERT(distance(decoded(&all, ids, LENGTH, 0), decoded(&window, ids, LENGTH, 0), NULL) == 0);
        end(&all);
        end(&window);
    }
}

// What is drawn: nothing beyond the window, and all that a query sees.
static void a_picture_is_empty_outside_of_the_window(void)
{
    enum { LONG = 70, WINDOW = 4 };
    static int pieces[LONG];
    for (int i = 0; i < LONG; i++) pieces[i] = 1 + i % 28;
    Setting s = setting_with("rotary", WINDOW);
    begin(&s, false, 0);
    AttentionTap tap = {0};
    s.graph.tap = &tap;
    decoded(&s, pieces, LONG, 0);
    encoded(&s, pieces, LONG, 0);
    int seen = 0;
    for (const AttentionView *view = tap.first; view; view = view->next) {
        if (view->kind == DM_CROSS_ATTENTION || view->keys.length[0] != LONG) continue;
        seen++;
        for (int h = 0; h < view->heads; h++)
            for (int i = 0; i < LONG; i++) {
                const float *row = view->probabilities[0] + (h * LONG + i) * LONG;
                double inside = 0, outside = 0;
                for (int j = 0; j < LONG; j++)
                    *(abs(i - j) <= WINDOW && (j <= i || view->kind == DM_ENCODER_ATTENTION) ? &inside : &outside) +=
                        (double)row[j];
                if (!(outside == 0 && fabs(inside - 1) <= 1e-5))
                    expect(false, "head %d, row %d: %g inside, %g outside", h, i, inside, outside);
            }
    }
    CU_ASSERT_EQUAL(seen, 5);  // two encoder layers and three of the decoder
    end(&s);
}

// Products without weights that a source of so many pieces takes.
static double operations_of_attention(const ModelConfig *config, int pieces)
{
    CountedModel counted;
    CountedList list = {0};
    double flops = 0;
    CU_ASSERT_EQUAL_FATAL(dm_counted_create(&counted, config, NULL), DM_OK);
    dm_count_reading(&counted, (CountedText){.sentences = 1, .pieces = pieces}, &list);
    for (int i = 0; i < list.count; i++)
        if (list.list[i].pass == DM_PASS_NONE) flops += dm_counted_flops(&list.list[i]);
    dm_free(list.list);
    dm_counted_free(&counted);
    return flops;
}

// As info and bench count them; of learned positions too, however few there are.
static void operations_in_a_window_grow_with_the_length_without_one_with_its_square(void)
{
    enum { LONG = 512 };
    for (int window = 0; window <= 16; window += 16) {
        ModelConfig config = small_config();
        dm_transformer_shape(&config)->positions = named("positions", "learned");
        dm_transformer_shape(&config)->attention_window = window;
        const double growth = operations_of_attention(&config, 2 * LONG) / operations_of_attention(&config, LONG);
        expect(window ? growth > 1.95 && growth < 2.1 : growth > 3.9, "window %d: twice the length, %g times as much",
               window, growth);
    }
}

const Fact facts[] = {
    FACT(an_encoder_without_positions_does_not_see_the_order),
    FACT(a_decoder_without_positions_sees_the_order),
    FACT(only_sinusoids_and_learned_positions_know_where_a_sentence_begins),
    FACT(only_learned_positions_end),
    FACT(rotary_positions_want_heads_of_even_width),
    FACT(a_piece_reaches_as_far_as_the_windows_of_all_layers),
    FACT(a_window_over_the_whole_sentence_changes_nothing),
    FACT(a_picture_is_empty_outside_of_the_window),
    FACT(operations_in_a_window_grow_with_the_length_without_one_with_its_square),
    {NULL, NULL},
};
