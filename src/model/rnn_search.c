// The recurrent decoder in search: of every piece that a slot has taken, the state behind it is kept, so that any slot
// can go on from any of its pieces.
#include <string.h>

#include "core/memory.h"
#include "model/past.h"
#include "model/rnn.h"

struct SearchState {
    const Model *model;
    Arena *arena;  // of start
    Past past;
    float *states;  // [past.room, row]: of all layers side by side, and what is fed
    RnnSource source;
};

static int state_width(const SearchState *s)
{
    const RnnShape *shape = dm_rnn_shape(&s->model->config);
    return dm_cell_state(&dm_cells[shape->cell], shape->hidden);
}

static int states_width(const SearchState *s)
{
    return dm_rnn_shape(&s->model->config)->decoder_layers * state_width(s);
}

static int row_width(const SearchState *s)
{
    return states_width(s) + (dm_rnn_shape(&s->model->config)->input_feeding ? s->model->config.width : 0);
}

static void make_room(SearchState *s, int more)
{
    dm_past_make_room(&s->past, s->arena, &s->states, 1, (size_t)row_width(s), more);
}

SearchState *dm_rnn_start(Graph *g, const Model *model, Memory memory, int room)
{
    SearchState *s = dm_allocate(1, sizeof *s);
    *s = (SearchState){.model = model, .arena = g->arena, .source = dm_rnn_source(g, model, memory)};
    dm_past_start(&s->past, memory.spans.n);
    make_room(s, s->past.n * room);
    return s;
}

// The slots that take at least j + 1 pieces, at their piece j.
typedef struct Taking {
    int n;
    int *slot, *row;  // [n] row: of all new pieces
} Taking;

static Taking slots_at(Graph *g, const SearchState *s, const int *lengths, int j)
{
    const int slots = s->past.n;
    Taking t = {.slot = dm_arena_take(g->arena, 2 * (size_t)slots * sizeof(int))};
    t.row = t.slot + slots;
    for (int i = 0, first = 0; i < slots; i++) {
        const int length = lengths ? lengths[i] : 1;
        if (j < length) {
            t.slot[t.n] = i;
            t.row[t.n++] = first + j;
        }
        first += length;
    }
    return t;
}

static void copy_row(Tensor *to, int row, const float *from)
{
    memcpy(dm_row(to, row), from, (size_t)to->cols * sizeof(float));
}

// What goes into a step: of every slot the states before its piece, and whose source it reads.
static RnnStep step_of(Graph *g, SearchState *s, const Taking *taking, const int *lengths, int j, const Tensor *input)
{
    const Past *past = &s->past;
    const int n = taking->n, all = states_width(s), row = row_width(s), state = state_width(s);
    Tensor *before = dm_tensor(g, n, row), *in = dm_tensor(g, n, input->cols);
    int *start = dm_arena_take(g->arena, 2 * (size_t)n * sizeof(int)), *length = start + n;
    for (int k = 0; k < n; k++) {
        const int slot = taking->slot[k], source = past->now.source[slot];
        const int pieces = past->now.length[slot] - (lengths ? lengths[slot] : 1) + j;
        float *to = dm_row(before, k);
        if (pieces) {
            copy_row(before, k, s->states + (size_t)dm_past_rows(past, slot)[pieces - 1] * (size_t)row);
        } else {
            memcpy(to, dm_row(s->source.start, source), (size_t)all * sizeof(float));
            memset(to + all, 0, (size_t)(row - all) * sizeof(float));
        }
        copy_row(in, k, dm_row(input, taking->row[k]));
        start[k] = s->source.memory.spans.start[source];
        length[k] = s->source.memory.spans.length[source];
    }
    const int layers = dm_rnn_shape(&s->model->config)->decoder_layers;
    const Tensor **states = dm_arena_take(g->arena, (size_t)layers * sizeof *states);
    for (int i = 0; i < layers; i++) states[i] = dm_view(g, dm_columns(before, i * state, state));
    return (RnnStep){.input = in,
                     .states = states,
                     .source = {n, start, length},
                     .fed = row > all ? dm_view(g, dm_columns(before, all, row - all)) : NULL};
}

// What each slot looks at with its new pieces: as many queries as it takes.
static AttentionView *view_of(Graph *g, const SearchState *s, const int *lengths)
{
    const Past *past = &s->past;
    const Spans memory = s->source.memory.spans;
    const int n = past->n;
    if (!g->tap) return NULL;
    int *list = dm_arena_take(g->arena, 4 * (size_t)n * sizeof(int)), *length = list + n, *start = length + n,
        *seen = start + n;
    for (int i = 0, at = 0; i < n; at += length[i++]) {
        list[i] = at;
        length[i] = lengths ? lengths[i] : 1;
        start[i] = memory.start[past->now.source[i]];
        seen[i] = memory.length[past->now.source[i]];
    }
    return dm_tap(g, DM_CROSS_ATTENTION, 1, (Spans){n, list, length}, (Spans){n, start, seen});
}

// Of the pieces of a step.
static const AttentionView *view_of_step(Graph *g, const AttentionView *whole, const Taking *taking, int j)
{
    if (!whole) return NULL;
    AttentionView *view = dm_arena_take(g->arena, sizeof *view);
    *view = (AttentionView){.kind = DM_CROSS_ATTENTION, .heads = 1};
    view->probabilities = dm_arena_take(g->arena, (size_t)taking->n * sizeof *view->probabilities);
    for (int k = 0; k < taking->n; k++) {
        const int slot = taking->slot[k];
        view->probabilities[k] = whole->probabilities[slot] + (size_t)j * (size_t)whole->keys.length[slot];
    }
    return view;
}

static Tokens tokens_of(Graph *g, int n, const int *ids)
{
    int *one = dm_arena_take(g->arena, (size_t)n * sizeof(int));
    for (int i = 0; i < n; i++) one[i] = 1;
    return dm_tokens(g->arena, n, one, ids);
}

// The states behind a piece, into the row that is its own.
static void remember(SearchState *s, int row, const RnnStepped *stepped, int k, const Tensor *fed)
{
    const int layers = dm_rnn_shape(&s->model->config)->decoder_layers, all = states_width(s);
    const size_t state = (size_t)state_width(s);
    float *to = s->states + (size_t)row * (size_t)row_width(s);
    for (int i = 0; i < layers; i++)
        memcpy(to + (size_t)i * state, dm_row(stepped->states[i], k), state * sizeof(float));
    if (fed) memcpy(to + all, dm_row(fed, k), (size_t)fed->cols * sizeof(float));
}

// The rows of a step to their places among those of all pieces, for which there is room from the first on.
static void put_rows(Graph *g, Tensor **all, int rows, const Taking *taking, const Tensor *here)
{
    if (!here) return;
    if (!*all) *all = dm_tensor(g, rows, here->cols);
    for (int k = 0; k < taking->n; k++) copy_row(*all, taking->row[k], dm_row(here, k));
}

// Only what is fed has to be said piece by piece.
Tensor *dm_rnn_extend(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    const Rnn *r = s->model->layers;
    const int slots = s->past.n;
    int more = 0, most = 1;
    for (int i = 0; i < slots; i++) {
        const int length = lengths ? lengths[i] : 1;
        more += length;
        most = length > most ? length : most;
    }
    make_room(s, more);  // none is taken where keep has made it
    const int first = s->past.used;
    dm_past_extend(&s->past, lengths);
    const Tensor *embedded = dm_rnn_embed(g, s->model, &r->embeddings.target, tokens_of(g, more, ids)),
                 *input = dm_linear_apply(g, &r->decoder[0].input, embedded);
    const AttentionView *view = view_of(g, s, lengths);
    Tensor *top = NULL, *context = NULL, *features = NULL;  // of all pieces: the first two, or the last
    for (int j = 0; j < most; j++) {
        const Taking taking = slots_at(g, s, lengths, j);
        RnnStep step = step_of(g, s, &taking, lengths, j, input);
        step.view = view_of_step(g, view, &taking, j);
        const RnnStepped stepped = dm_rnn_step(g, s->model, &s->source, &step);
        const Tensor *said = NULL;
        if (step.fed) {
            const Tensor *own = dm_collect(g, &embedded, 1, taking.row, taking.n);
            said = dm_rnn_readout(g, s->model, stepped.top, stepped.context, own);
        }
        put_rows(g, &top, more, &taking, said ? NULL : stepped.top);
        put_rows(g, &context, more, &taking, said ? NULL : stepped.context);
        put_rows(g, &features, more, &taking, said);
        for (int k = 0; k < taking.n; k++) remember(s, first + taking.row[k], &stepped, k, said);
    }
    return features ? features : dm_rnn_readout(g, s->model, top, context, embedded);
}

void dm_rnn_keep(SearchState *s, const int *from, const int *lengths, int n, int room)
{
    dm_past_keep(&s->past, from, lengths, n);
    make_room(s, n * room);
}

void dm_rnn_finish(SearchState *s)
{
    dm_past_free(&s->past);
    dm_free(s);
}
