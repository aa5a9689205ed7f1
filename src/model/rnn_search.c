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
    float *states;  // [past.room, h]
    RnnSource source;
};

static int hidden_of(const SearchState *s)
{
    return dm_rnn_shape(&s->model->config)->hidden;
}

static void make_room(SearchState *s, int more)
{
    dm_past_make_room(&s->past, s->arena, &s->states, 1, (size_t)hidden_of(s), more);
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

// What goes into a step: of every slot the state before its piece, and what its source gives.
static RnnStep step_of(Graph *g, SearchState *s, const Taking *taking, const int *lengths, int j, const Tensor *input)
{
    const Past *past = &s->past;
    const int n = taking->n, h = hidden_of(s);
    Tensor *state = dm_tensor(g, n, h), *in = dm_tensor(g, n, 3 * h), *context = NULL;
    if (s->source.context) context = dm_tensor(g, n, 2 * h);
    int *start = dm_arena_take(g->arena, 2 * (size_t)n * sizeof(int)), *length = start + n;
    for (int k = 0; k < n; k++) {
        const int slot = taking->slot[k], source = past->now.source[slot];
        const int before = past->now.length[slot] - (lengths ? lengths[slot] : 1) + j;
        copy_row(state, k,
                 before ? s->states + (size_t)dm_past_rows(past, slot)[before - 1] * (size_t)h
                        : dm_row(s->source.start, source));
        copy_row(in, k, dm_row(input, taking->row[k]));
        if (context) copy_row(context, k, dm_row(s->source.context, source));
        start[k] = s->source.memory.spans.start[source];
        length[k] = s->source.memory.spans.length[source];
    }
    return (RnnStep){.input = in, .state = state, .source = {n, start, length}, .context = context};
}

static Tokens tokens_of(Graph *g, int n, const int *ids)
{
    int *one = dm_arena_take(g->arena, (size_t)n * sizeof(int));
    for (int i = 0; i < n; i++) one[i] = 1;
    return dm_tokens(g->arena, n, one, ids);
}

Tensor *dm_rnn_extend(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    const Rnn *r = s->model->layers;
    const int h = hidden_of(s), slots = s->past.n;
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
                 *input = dm_linear_apply(g, &r->decoder.input, embedded);
    Tensor *states = dm_tensor(g, more, h), *contexts = dm_tensor(g, more, 2 * h);
    for (int j = 0; j < most; j++) {
        const Taking taking = slots_at(g, s, lengths, j);
        const RnnStep step = step_of(g, s, &taking, lengths, j, input);
        const RnnStepped stepped = dm_rnn_step(g, s->model, &s->source, &step);
        for (int k = 0; k < taking.n; k++) {
            const float *state = dm_row(stepped.state, k);
            copy_row(states, taking.row[k], state);
            copy_row(contexts, taking.row[k], dm_row(stepped.context, k));
            memcpy(s->states + (size_t)(first + taking.row[k]) * (size_t)h, state, (size_t)h * sizeof(float));
        }
    }
    return dm_rnn_readout(g, s->model, states, contexts, embedded);
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
