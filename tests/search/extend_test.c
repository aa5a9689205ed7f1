// Search states that take several pieces at once and go back, against whole sequences: whatever way a slot came to its
// pieces, what comes after them is what decode says of them. For every architecture.
#include "model/conv.h"
#include "model/rnn.h"
#include "model/small_model.h"

#define TRANSFORMER                                                                                                    \
    "d_model 16 encoder_layers 1 decoder_layers 2 encoder_attention_heads 2 decoder_attention_heads 4 "                \
    "encoder_ffn_dim 20 decoder_ffn_dim 24 "
#define LM "d_model 16 decoder_layers 3 decoder_attention_heads 2 decoder_ffn_dim 24 "

// A model joins by a row.
static const struct {
    const char *name;
    const Architecture *architecture;
    const char *shape;
} cases[] = {
    {"post-norm", &dm_transformer,
     "d_model 16 encoder_layers 1 decoder_layers 3 encoder_attention_heads 2 decoder_attention_heads 4 "
     "encoder_ffn_dim 20 decoder_ffn_dim 24 activation_function swish"},
    {"pre-norm", &dm_transformer,
     "d_model 16 encoder_layers 1 decoder_layers 3 encoder_attention_heads 2 decoder_attention_heads 4 "
     "encoder_ffn_dim 20 decoder_ffn_dim 24 activation_function swish norm_place pre"},
    {"gated", &dm_transformer,
     "d_model 16 encoder_layers 2 decoder_layers 2 encoder_ffn_dim 20 decoder_ffn_dim 24 activation_function geglu"},
    {"rms norm behind", &dm_transformer, "d_model 16 encoder_layers 1 decoder_layers 2 norm rms"},
    {"rms norm in front", &dm_transformer, "d_model 16 encoder_layers 1 decoder_layers 2 norm rms norm_place pre"},
    {"batch norm behind", &dm_transformer, "d_model 16 encoder_layers 1 decoder_layers 2 norm batch"},
    {"batch norm in front", &dm_transformer, "d_model 16 encoder_layers 1 decoder_layers 2 norm batch norm_place pre"},
    {"experts", &dm_transformer,
     "d_model 16 encoder_layers 1 decoder_layers 3 encoder_attention_heads 2 decoder_attention_heads 4 "
     "encoder_ffn_dim 20 decoder_ffn_dim 24 experts 5 experts_top 2 experts_shared 1 experts_ffn_dim 12"},
    {"a window", &dm_transformer, TRANSFORMER "attention_window 3"},
    {"learned", &dm_transformer, TRANSFORMER "positions learned max_position_embeddings 400"},
    {"learned, a window", &dm_transformer,
     TRANSFORMER "positions learned max_position_embeddings 400 attention_window 1"},
    {"rotary", &dm_transformer, TRANSFORMER "positions rotary"},
    {"rotary, a window", &dm_transformer, TRANSFORMER "positions rotary attention_window 4"},
    {"alibi", &dm_transformer, TRANSFORMER "positions alibi"},
    {"alibi, a window", &dm_transformer, TRANSFORMER "positions alibi attention_window 2"},
    {"none", &dm_transformer, TRANSFORMER "positions none"},
    {"none, a window", &dm_transformer, TRANSFORMER "positions none attention_window 5"},
    {"timing", &dm_transformer, TRANSFORMER "positions timing norm_epsilon 1000000"},
    {"timing, a window", &dm_transformer, TRANSFORMER "positions timing attention_window 3"},
    {"average attention", &dm_transformer, TRANSFORMER "decoder_autoreg average-attention"},
    {"ssru", &dm_transformer, TRANSFORMER "decoder_autoreg ssru norm_place pre positions none"},
    {"lm", &dm_lm, LM "positions learned max_position_embeddings 820"},
    {"lm, the prompt as a whole", &dm_lm, LM "positions rotary prompt_mask full"},
    {"lm, places from 0 once more", &dm_lm, LM "positions sine prompt_positions restart norm rms"},
    {"lm, a window", &dm_lm, LM "positions alibi attention_window 3 norm_place post"},
    {"lm, shared keys", &dm_lm,
     "d_model 16 decoder_layers 2 decoder_attention_heads 4 key_value_heads 2 decoder_ffn_dim 24"},
    {"lm, experts", &dm_lm, LM "positions none experts 4 prompt_mask full"},
    {"labels", &dm_labels, "d_model 16 encoder_layers 2 encoder_attention_heads 2 encoder_ffn_dim 20"},
    {"a label of each sentence", &dm_labels, "d_model 16 encoder_layers 1 label sentences attention_window 2"},
    {"rnn", &dm_rnn, "d_model 10 hidden_size 12 encoder_layers 2"},
    {"conv, plain", &dm_conv, "d_model 10 conv plain kernel_size 3 largest_kernel_size 5"},
    {"conv, separable", &dm_conv, "d_model 10 conv separable kernel_size 2 encoder_layers 1"},
    {"conv, light", &dm_conv, "d_model 12 conv light kernel_size 3 largest_kernel_size 9 heads 3 ffn_dim 20"},
    {"conv, dynamic", &dm_conv, "d_model 12 conv dynamic kernel_size 4 heads 2 ffn_dim 20 norm_place pre"},
    {"rnn without attention", &dm_rnn, "d_model 10 hidden_size 12 attention none"},
    {"rnn, last states", &dm_rnn,
     "d_model 10 hidden_size 12 attention none encoder_direction forward reverse_source 1 cell lstm decoder_layers 2"},
    {"rnn, deep", &dm_rnn, "d_model 10 hidden_size 12 encoder_layers 2 decoder_layers 3 residual 1 cell lstm"},
    {"rnn, dot", &dm_rnn, "d_model 10 hidden_size 12 attention dot decoder_layers 2"},
    {"rnn, general", &dm_rnn, "d_model 10 hidden_size 12 attention general encoder_direction backward"},
    {"rnn, input feeding", &dm_rnn,
     "d_model 10 hidden_size 12 attention general cell lstm decoder_layers 2 input_feeding 1"},
};

static void every_kind_of_position_has_a_case_with_a_window_and_one_without(void)
{
    const ShapeRow *kind = dm_shape_row(&dm_transformer, "positions");
    for (int i = 0; kind->choice(i).name; i++)
        for (int window = 0; window < 2; window++) {
            bool found = false;
            for (size_t k = 0; k < DM_COUNT(cases); k++) {
                if (cases[k].architecture != &dm_transformer) continue;
                const ModelConfig config = small_config_of(&dm_transformer, VOCABULARY, cases[k].shape);
                const TransformerShape *shape = dm_transformer_shape(&config);
                found = found || (shape->positions == i && !shape->attention_window == !window);
            }
            expect(found, "no case has the positions %s with%s a window", kind->choice(i).name, window ? "" : "out");
        }
}

static void every_architecture_has_a_case(void)
{
    for (int i = 0; dm_architectures[i]; i++) {
        bool found = false;
        for (size_t k = 0; k < DM_COUNT(cases); k++) found = found || cases[k].architecture == dm_architectures[i];
        expect(found, "no case is of the architecture %s", dm_architectures[i]->name);
    }
}

// ---- Whole sequences ------------------------------------------------------------------------------------------------

static float *all_rows(Setting *s, bool recording, int *size)
{
    const Architecture *a = s->model->architecture;
    Graph *g = begin(s, recording, 0);
    const int lengths[] = {4, 1, 7}, targets[] = {3, 5, 2};
    static const int source[] = {3, 9, 2, 0, 0, 4, 4, 17, 5, 29, 8, 0}, target[] = {PAD, 5, 6, PAD, 7, 8, 9, 7, PAD, 4},
                     places[] = {0, 3, 1, 0, 0, 0, 0, 0, 6, 2};
    const Memory memory = a->encode(g, s->model, dm_tokens(g->arena, 3, lengths, source));
    const int *read = a->labels(&s->model->config) ? places : target;
    const Tensor *x = a->decode(g, s->model, memory, dm_tokens(g->arena, 3, targets, read));
    *size = x->rows * x->cols;
    return memcpy(dm_allocate((size_t)*size, sizeof(float)), x->data, (size_t)*size * sizeof(float));
}

// Where nothing is recorded layers give memory back on the way: nothing that is read later may lie there. (Batch norm
// is another one while it learns.)
static void what_is_not_recorded_is_the_same(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        if (strstr(cases[i].name, "batch norm")) continue;
        const ModelConfig config = small_config_of(cases[i].architecture, VOCABULARY, cases[i].shape);
        Setting s = setting_of(&config);
        int size, again;
        float *recorded = all_rows(&s, true, &size), *plain = all_rows(&s, false, &again);
        double off = 0, largest = 0;
        for (int j = 0; j < size; j++) {
            const double here = fabs((double)recorded[j] - (double)plain[j]);
            off = here <= off ? off : isnan(here) ? INFINITY : here;
            largest = fmax(largest, fabs((double)plain[j]));
        }
        expect(size == again && off <= 1e-5 * largest, "%s: off by %g of %g", cases[i].name, off, largest);
        dm_free(recorded);
        dm_free(plain);
        end(&s);
    }
}

// ---- A search, and what its slots have taken ------------------------------------------------------------------------

enum { SOURCES = 3, MOST_SLOTS = 9, MOST_PIECES = 400, MOST_ROWS = 64 };

static const int source_lengths[SOURCES] = {4, 1, 7};
static const int source_ids[] = {3, 9, 2, 0, 0, 4, 4, 17, 5, 29, 8, 0};

typedef struct Slot {
    int source, count;
    int ids[MOST_PIECES];
} Slot;

typedef struct Search {
    const char *name;
    Setting setting;
    const Architecture *architecture;
    Memory memory;
    SearchState *state;
    Slot slot[MOST_SLOTS];
    int n;
    int room;  // pieces of a slot that are sure to fit
    Random random;
} Search;

typedef struct Products {
    const GemmBackend *backend;
    Precision precision;
} Products;

// products: those by packed weights; NULL: by weights as they lie.
static void open_search_with(Search *s, size_t index, int room, const Products *products)
{
    const ModelConfig config = small_config_of(cases[index].architecture, VOCABULARY, cases[index].shape);
    *s = (Search){.name = cases[index].name,
                  .setting = setting_of(&config),
                  .architecture = cases[index].architecture,
                  .n = SOURCES,
                  .room = room,
                  .random = dm_random(9, 0, 0, 0)};
    const Model *model = s->setting.model;
    Graph *g = begin(&s->setting, false, 0);
    if (products) g->gemm = products->backend;
    if (products) g->packs = dm_packs_create(products->backend, products->precision);
    s->memory = s->architecture->encode(g, model, dm_tokens(g->arena, SOURCES, source_lengths, source_ids));
    s->state = s->architecture->start(g, model, s->memory, room);
    for (int i = 0; i < SOURCES; i++) s->slot[i].source = i;
}

static void open_search(Search *s, size_t index, int room)
{
    open_search_with(s, index, room, NULL);
}

static void close_search(Search *s)
{
    s->architecture->finish(s->state);
    end(&s->setting);
}

// The last rows of decode over all that a slot has taken.
static void expect_rows(Search *s, int slot, int rows, const Tensor *x, int at)
{
    const Slot *taken = &s->slot[slot];
    Graph *g = &s->setting.graph;
    Memory own = s->memory;
    own.spans = (Spans){1, own.spans.start + taken->source, own.spans.length + taken->source};
    const Tensor *whole =
        s->architecture->decode(g, s->setting.model, own, dm_tokens(g->arena, 1, &taken->count, taken->ids));
    for (int row = 0; row < rows; row++) {
        const float *wanted = dm_row(whole, taken->count - rows + row), *got = dm_row(x, at + row);
        double off = 0, largest = 0;
        for (int col = 0; col < whole->cols; col++) {
            const double here = fabs((double)got[col] - (double)wanted[col]);
            off = here <= off ? off : isnan(here) ? INFINITY : here;
            largest = fmax(largest, fabs((double)wanted[col]));
        }
        expect(off <= 1e-5 * largest, "%s: slot %d of %d, which has taken %d: row %d of %d is off by %g of %g", s->name,
               slot, s->n, taken->count, row, rows, off, largest);
    }
}

// What was taken of the arena since the mark is given back, and full of no numbers for whoever still reads it.
static void release(Search *s, ArenaMark mark)
{
    enum { SPOILT = 1 << 16 };
    Arena *arena = &s->setting.arena;
    dm_arena_release(arena, mark);
    float *spoilt = dm_arena_take(arena, SPOILT * sizeof(float));
    for (int i = 0; i < SPOILT; i++) spoilt[i] = NAN;
    dm_arena_release(arena, mark);
}

// Of labels a place in the source.
static int draw_piece(Search *s, const Slot *slot)
{
    const ModelConfig *config = &s->setting.model->config;
    if (config->architecture->labels(config))
        return (int)dm_random_below(&s->random, (uint32_t)source_lengths[slot->source]);
    return slot->count ? (int)dm_random_below(&s->random, PAD) : config->decoder_start;
}

// Random pieces behind the slots; kept (if it is not NULL) gets the rows.
static void extend(Search *s, const int *lengths, float *kept)
{
    int ids[MOST_ROWS], rows = 0, most = lengths ? 0 : 1;
    for (int i = 0; i < s->n; i++) {
        const int length = lengths ? lengths[i] : 1;
        most = length > most ? length : most;
        for (int j = 0; j < length; j++) {
            Slot *slot = &s->slot[i];
            ids[rows++] = slot->ids[slot->count] = draw_piece(s, slot);
            slot->count++;
        }
    }
    const ArenaMark mark = dm_arena_mark(&s->setting.arena);
    const Tensor *x = s->architecture->extend(&s->setting.graph, s->state, ids, lengths);
    expect(x->rows == rows, "%s: %d pieces gave %d rows", s->name, rows, x->rows);
    for (int i = 0, at = 0; i < s->n; at += lengths ? lengths[i] : 1, i++)
        expect_rows(s, i, lengths ? lengths[i] : 1, x, at);
    if (kept) memcpy(kept, x->data, (size_t)rows * (size_t)x->cols * sizeof(float));
    if (most <= s->room) release(s, mark);
    s->room -= most;
}

static void keep(Search *s, const int *from, const int *lengths, int n, int room)
{
    Slot next[MOST_SLOTS];
    for (int i = 0; i < n; i++) {
        next[i] = s->slot[from[i]];
        if (lengths) next[i].count = lengths[i];
    }
    memcpy(s->slot, next, (size_t)n * sizeof *next);
    s->architecture->keep(s->state, from, lengths, s->n = n, room);
    s->room = room;
}

// ---- The ways of a slot ---------------------------------------------------------------------------------------------

static void of_a_draft_two_pieces_are_kept_and_another_way_is_gone(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Search s;
        open_search(&s, i, 6);
        extend(&s, NULL, NULL);
        extend(&s, (int[]){5, 5, 5}, NULL);
        for (int round = 0; round < 4; round++) {
            int kept[SOURCES];
            for (int slot = 0; slot < SOURCES; slot++) kept[slot] = s.slot[slot].count - 3;
            keep(&s, (int[]){0, 1, 2}, kept, SOURCES, 5);
            extend(&s, (int[]){5, 5, 5}, NULL);
        }
        close_search(&s);
    }
}

static void slots_may_be_of_unequal_lengths(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Search s;
        open_search(&s, i, 16);
        extend(&s, (int[]){3, 1, 6}, NULL);
        extend(&s, NULL, NULL);
        extend(&s, (int[]){0, 5, 2}, NULL);
        extend(&s, (int[]){4, 0, 1}, NULL);
        extend(&s, NULL, NULL);
        close_search(&s);
    }
}

static void a_prompt_may_be_given_at_once(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Search s;
        open_search(&s, i, 20);
        extend(&s, (int[]){20, 17, 18}, NULL);
        for (int step = 0; step < 40; step++) extend(&s, NULL, NULL);  // beyond what there was room for
        close_search(&s);
    }
}

static void several_slots_may_go_on_from_one_with_different_lengths(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Search s;
        open_search(&s, i, 8);
        extend(&s, (int[]){8, 2, 5}, NULL);
        keep(&s, (int[]){0, 0, 0, 2, 0, 1}, (int[]){8, 3, 1, 5, 3, 0}, 6, 3);
        extend(&s, (int[]){1, 3, 2, 1, 3, 1}, NULL);
        keep(&s, (int[]){4, 1, 4}, (int[]){6, 4, 5}, 3, 2);
        extend(&s, (int[]){2, 1, 2}, NULL);
        close_search(&s);
    }
}

// A walk at random, long enough that all caches grow several times.
static void whatever_way_is_gone_the_rows_are_those_of_the_whole_sequence(void)
{
    enum { ROUNDS = 80 };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Search s;
        open_search(&s, i, 1);
        for (int round = 0; round < ROUNDS; round++) {
            int from[MOST_SLOTS], kept[MOST_SLOTS], lengths[MOST_SLOTS], most = 0;
            const int n = 1 + (int)dm_random_below(&s.random, MOST_SLOTS);
            for (int slot = 0; slot < n; slot++) {
                from[slot] = (int)dm_random_below(&s.random, (uint32_t)s.n);
                const int back = (int)dm_random_below(&s.random, 4), count = s.slot[from[slot]].count;
                kept[slot] = back < count ? count - back : count;
                lengths[slot] = (int)dm_random_below(&s.random, 6);
                most = lengths[slot] > most ? lengths[slot] : most;
            }
            lengths[0] += most == 0;  // a piece at least
            keep(&s, from, round % 3 ? kept : NULL, n, round % 5 ? 6 : 0);
            extend(&s, lengths, NULL);
        }
        close_search(&s);
    }
}

// Bytes are compared where products have as many rows: others are free to add in another order, so that pieces at once
// equal pieces one by one but for rounding.
static void a_draft_that_is_taken_back_leaves_no_trace(void)
{
    enum { STEPS = 7 };
    static float rows[2][STEPS][SOURCES * WIDTH];
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        for (int detour = 0; detour < 2; detour++) {
            Search s;
            open_search(&s, i, 6);
            for (int step = 0; step < STEPS; step++) {
                if (detour) {
                    const Random before = s.random;
                    extend(&s, (int[]){5, 2, 3}, NULL);
                    keep(&s, (int[]){0, 1, 2}, (int[]){step, step, step}, SOURCES, 6);
                    s.random = before;
                }
                extend(&s, detour ? (int[]){1, 1, 1} : NULL, rows[detour][step]);
            }
            close_search(&s);
        }
        expect(memcmp(rows[0], rows[1], sizeof *rows) == 0, "%s: a draft left a trace", cases[i].name);
    }
}

// Of products by packed weights and of attention row by row the bytes are those of pieces one by one, on which search
// by drafts rests (search/speculative.c).
static void packed_and_row_by_row_pieces_at_once_are_the_bytes_of_pieces_one_by_one(void)
{
    enum { STEPS = 24 };
    static const Precision precisions[] = {DM_PRECISION_FP32, DM_PRECISION_BF16, DM_PRECISION_INT8};
    static float rows[2][SOURCES][STEPS][WIDTH];
    for (size_t i = 0; i < DM_COUNT(cases) * DM_COUNT(precisions); i++) {
        const Precision precision = precisions[i % DM_COUNT(precisions)];
        const GemmBackend *backend;
        if (dm_gemm_choose_for_search(&backend, precision, precision ? "auto" : test_backend, NULL, NULL)) continue;
        memset(rows, 0, sizeof rows);
        for (int at_once = 0; at_once < 2; at_once++) {
            Search s;
            open_search_with(&s, i / DM_COUNT(precisions), STEPS, &(Products){backend, precision});
            const int wide = s.setting.model->config.width;
            s.setting.graph.row_by_row = at_once;
            int ids[SOURCES][STEPS], taken[SOURCES] = {0};
            for (int step = 0; step < STEPS; step++)  // the same pieces, whatever way they are given
                for (int slot = 0; slot < SOURCES; slot++) {
                    ids[slot][step] = draw_piece(&s, &s.slot[slot]);
                    s.slot[slot].count++;
                }
            while (taken[0] < STEPS || taken[1] < STEPS || taken[2] < STEPS) {
                int given[MOST_ROWS], lengths[SOURCES], n = 0;
                for (int slot = 0; slot < SOURCES; slot++) {
                    lengths[slot] = at_once ? (int)dm_random_below(&s.random, 9) : 1;
                    if (lengths[slot] > STEPS - taken[slot]) lengths[slot] = STEPS - taken[slot];
                    memcpy(given + n, ids[slot] + taken[slot], (size_t)lengths[slot] * sizeof(int));
                    n += lengths[slot];
                }
                if (!n) continue;
                const ArenaMark mark = dm_arena_mark(&s.setting.arena);
                const Tensor *x = s.architecture->extend(&s.setting.graph, s.state, given, at_once ? lengths : NULL);
                for (int slot = 0, row = 0; slot < SOURCES; taken[slot] += lengths[slot], slot++)
                    for (int j = 0; j < lengths[slot]; j++, row++)
                        memcpy(rows[at_once][slot][taken[slot] + j], dm_row(x, row), (size_t)wide * sizeof(float));
                release(&s, mark);
            }
            dm_packs_destroy(s.setting.graph.packs);
            close_search(&s);
        }
        expect(memcmp(rows[0], rows[1], sizeof *rows) == 0, "%s, %s: several pieces at once have other bytes",
               cases[i / DM_COUNT(precisions)].name, dm_precision_name(precision));
    }
}

// ---- What is done once ----------------------------------------------------------------------------------------------

// The weights of a convolution that no piece changes are made ready when a search begins: it does not read them again.
static void constant_weights_of_convolutions_are_made_ready_at_the_start(void)
{
    int checked = 0;
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Search s;
        if (cases[i].architecture != &dm_conv) continue;
        open_search(&s, i, 1);
        const Conv *conv = s.setting.model->layers;
        const int kind = dm_conv_shape(&s.setting.model->config)->kind, start = s.setting.model->config.decoder_start;
        for (int l = 0; l < conv->decoder.count && (kind == DM_CONV_SEPARABLE || kind == DM_CONV_LIGHT); l++, checked++)
            for (int row = 0; row < conv->decoder.layers[l].weights.rows; row++)
                dm_row(&conv->decoder.layers[l].weights, row)[0] = NAN;
        const Tensor *x = s.architecture->extend(&s.setting.graph, s.state, (int[]){start, start, start}, NULL);
        for (int row = 0; row < SOURCES; row++) expect(isfinite(dm_row(x, row)[0]), "%s reads its weights", s.name);
        close_search(&s);
    }
    CU_ASSERT(checked > 2);
}

static const GemmBackend *library;
static int of_all_pieces;  // products

static void note_product(const GemmBackend *self, const Gemm *args)
{
    (void)self;
    of_all_pieces += args->m == 5 * SOURCES;
    library->multiply(library, args);
}

static void what_a_recurrent_decoder_says_is_one_product_unless_it_is_fed(void)
{
    const GemmBackend noting = {.name = "noting", .multiply = note_product};
    const int ids[5 * SOURCES] = {0};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Search s;
        if (cases[i].architecture != &dm_rnn) continue;
        open_search(&s, i, 5);
        library = s.setting.graph.gemm;
        s.setting.graph.gemm = &noting;
        of_all_pieces = 0;
        s.architecture->extend(&s.setting.graph, s.state, ids, (int[]){5, 5, 5});
        const int wanted = dm_rnn_shape(&s.setting.model->config)->input_feeding ? 1 : 2;  // what is read, what is said
        expect(of_all_pieces == wanted, "%s: %d products of all pieces", s.name, of_all_pieces);
        close_search(&s);
    }
}

const Fact facts[] = {
    FACT(what_is_not_recorded_is_the_same),
    FACT(every_architecture_has_a_case),
    FACT(every_kind_of_position_has_a_case_with_a_window_and_one_without),
    FACT(of_a_draft_two_pieces_are_kept_and_another_way_is_gone),
    FACT(slots_may_be_of_unequal_lengths),
    FACT(a_prompt_may_be_given_at_once),
    FACT(several_slots_may_go_on_from_one_with_different_lengths),
    FACT(whatever_way_is_gone_the_rows_are_those_of_the_whole_sequence),
    FACT(a_draft_that_is_taken_back_leaves_no_trace),
    FACT(packed_and_row_by_row_pieces_at_once_are_the_bytes_of_pieces_one_by_one),
    FACT(constant_weights_of_convolutions_are_made_ready_at_the_start),
    FACT(what_a_recurrent_decoder_says_is_one_product_unless_it_is_fed),
    {NULL, NULL},
};
