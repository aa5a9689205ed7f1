// The layers of the recurrent encoder-decoder that are the same for whole sequences and for the pieces of a search.
#include <string.h>

#include "model/rnn.h"

Tensor *dm_rnn_embed(Graph *g, const Model *model, const Tensor *table, Tokens tokens)
{
    return dm_embedding(g, &(Embedding){.table = table,
                                        .n = tokens.n,
                                        .ids = tokens.ids,
                                        .scale = 1,
                                        .frozen = model->config.pad,
                                        .dropout = g->dropout});
}

// ---- The order of time ----------------------------------------------------------------------------------------------

// Longest first, in their own order where they are equally long: a counting sort.
static void sort_by_length(Spans spans, int longest, int *count, int *sequence)
{
    memset(count, 0, (size_t)(longest + 2) * sizeof(int));
    for (int i = 0; i < spans.n; i++) count[longest - spans.length[i] + 1]++;
    for (int l = 0; l <= longest; l++) count[l + 1] += count[l];
    for (int i = 0; i < spans.n; i++) sequence[count[longest - spans.length[i]]++] = i;
}

InTime dm_rnn_in_time(Arena *arena, Spans spans, bool backward)
{
    int rows = 0;
    for (int i = 0; i < spans.n; i++) rows += spans.length[i];
    const int steps = dm_longest(spans);
    int *memory = dm_arena_take(arena, (size_t)(2 * steps + spans.n + 2 * rows + steps + 2) * sizeof(int));
    InTime t = {.steps = steps, .first = memory, .going = memory + steps, .sequence = memory + 2 * steps};
    t.row = t.sequence + spans.n;
    t.place = t.row + rows;
    sort_by_length(spans, steps, t.place + rows, t.sequence);
    int at = 0, going = spans.n;
    for (int step = 0; step < steps; step++) {
        while (spans.length[t.sequence[going - 1]] <= step) going--;
        t.first[step] = at;
        t.going[step] = going;
        for (int k = 0; k < going; k++, at++) {
            const int s = t.sequence[k], row = spans.start[s] + (backward ? spans.length[s] - 1 - step : step);
            t.row[at] = row;
            t.place[row] = at;
        }
    }
    return t;
}

// ---- The source -----------------------------------------------------------------------------------------------------

// The first, or the last, row of every source.
static Tensor *ends_of(Graph *g, const Tensor *rows, Spans spans, bool last)
{
    int *order = dm_arena_take(g->arena, (size_t)spans.n * sizeof(int));
    for (int i = 0; i < spans.n; i++) order[i] = spans.start[i] + (last ? spans.length[i] - 1 : 0);
    return dm_collect(g, &rows, 1, order, spans.n);
}

RnnSource dm_rnn_source(Graph *g, const Model *model, Memory memory)
{
    const Rnn *r = model->layers;
    const int h = dm_rnn_shape(&model->config)->hidden;
    const Tensor *first = ends_of(g, memory.rows, memory.spans, false);
    const Tensor *backward = dm_view(g, dm_columns(first, h, h));
    RnnSource source = {.memory = memory, .start = dm_linear(g, backward, &r->bridge.weight, &r->bridge.bias, DM_TANH)};
    if (dm_rnn_shape(&model->config)->attention == DM_RNN_ADDITIVE) {
        source.keys = dm_linear_apply(g, &r->key, memory.rows);
    } else {
        const Tensor *forward = dm_view(g, dm_columns(ends_of(g, memory.rows, memory.spans, true), 0, h));
        source.context = dm_concatenate(g, forward, backward);
    }
    return source;
}

// ---- The decoder ----------------------------------------------------------------------------------------------------

static Tensor *look(Graph *g, const Rnn *r, const RnnSource *source, const RnnStep *step)
{
    const int n = step->state->rows;
    int *start = dm_arena_take(g->arena, 2 * (size_t)n * sizeof(int)), *one = start + n;
    for (int i = 0; i < n; i++) start[i] = i, one[i] = 1;
    return dm_additive_attention(g, &(AdditiveAttention){.q = *dm_linear(g, step->state, &r->query, NULL, DM_IDENTITY),
                                                         .k = *source->keys,
                                                         .value = *source->memory.rows,
                                                         .v = &r->v,
                                                         .queries = {n, start, one},
                                                         .keys = step->source,
                                                         .probabilities = step->probabilities});
}

RnnStepped dm_rnn_step(Graph *g, const Model *model, const RnnSource *source, const RnnStep *step)
{
    const Rnn *r = model->layers;
    RnnStepped out = {.context = source->keys ? look(g, r, source, step) : (Tensor *)step->context};
    const Tensor *input = dm_add(g, step->input, dm_linear(g, out.context, &r->context, NULL, DM_IDENTITY));
    out.state = dm_gru(g, input, dm_linear_apply(g, &r->decoder.hidden, step->state), step->state);
    return out;
}

Tensor *dm_rnn_readout(Graph *g, const Model *model, const Tensor *state, const Tensor *context, const Tensor *embedded)
{
    const Rnn *r = model->layers;
    const Tensor *all = dm_concatenate(g, dm_concatenate(g, state, context), embedded);
    return dm_dropout(g, dm_linear(g, all, &r->readout.weight, &r->readout.bias, DM_TANH), g->dropout);
}
