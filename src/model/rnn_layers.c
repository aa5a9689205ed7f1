// The layers of the recurrent encoder-decoders that are the same for whole sequences and for the pieces of a search.
#include <math.h>
#include <string.h>

#include "model/rnn.h"

Tensor *dm_rnn_embed(Graph *g, const Model *model, const Tensor *table, Tokens tokens)
{
    return dm_embedding(g, &(Embedding){.table = table,
                                        .n = tokens.n,
                                        .ids = tokens.ids,
                                        .mixture = tokens.mixture,
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

// Which row of a sequence of this length comes at this step.
static int row_at(int step, int length, RnnOrder order)
{
    if (order == DM_LAST_TO_FIRST) return length - 1 - step;
    if (order == DM_REVERSED_BUT_THE_END && step < length - 1) return length - 2 - step;
    return step;
}

InTime dm_rnn_in_time(Arena *arena, Spans spans, RnnOrder order)
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
            const int s = t.sequence[k], row = spans.start[s] + row_at(step, spans.length[s], order);
            t.row[at] = row;
            t.place[row] = at;
        }
    }
    return t;
}

// ---- The source -----------------------------------------------------------------------------------------------------

// The last row that either direction reads: of the one that goes back, the first.
static const Tensor *ends_of(Graph *g, const RnnShape *shape, Memory memory)
{
    const int n = memory.spans.n, h = shape->hidden;
    int *order = dm_arena_take(g->arena, 2 * (size_t)n * sizeof(int)), *first = order + n;
    for (int i = 0; i < n; i++) {
        first[i] = memory.spans.start[i];
        order[i] = first[i] + memory.spans.length[i] - 1;
    }
    const Tensor *rows = memory.rows;
    if (shape->direction != DM_RNN_BOTH)
        return dm_collect(g, &rows, 1, shape->direction == DM_RNN_BACKWARD ? first : order, n);
    const Tensor *forward = dm_view(g, dm_columns(dm_collect(g, &rows, 1, order, n), 0, h)),
                 *backward = dm_view(g, dm_columns(dm_collect(g, &rows, 1, first, n), h, h));
    return dm_concatenate(g, forward, backward);
}

RnnSource dm_rnn_source(Graph *g, const Model *model, Memory memory)
{
    const Rnn *r = model->layers;
    const RnnShape *shape = dm_rnn_shape(&model->config);
    RnnSource source = {.memory = memory};
    const Tensor *rows = memory.rows;
    if (!dm_rnn_has_bridge(shape))
        source.start = dm_collect(g, &rows, 1, memory.spans.start, memory.spans.n);
    else
        source.start = dm_linear(g, ends_of(g, shape, memory), &r->bridge.weight, &r->bridge.bias, DM_TANH);
    if (shape->attention == DM_RNN_ADDITIVE) source.keys = dm_linear_apply(g, &r->key, memory.rows);
    return source;
}

// ---- The decoder ----------------------------------------------------------------------------------------------------

static Spans each_by_itself(Graph *g, int n)
{
    int *start = dm_arena_take(g->arena, 2 * (size_t)n * sizeof(int)), *one = start + n;
    for (int i = 0; i < n; i++) start[i] = i, one[i] = 1;
    return (Spans){n, start, one};
}

static Tensor *look_before(Graph *g, const Rnn *r, const RnnSource *source, const RnnStep *step, const Tensor *top)
{
    return dm_additive_attention(g, &(AdditiveAttention){.q = *dm_linear(g, top, &r->query, NULL, DM_IDENTITY),
                                                         .k = *source->keys,
                                                         .value = *source->memory.rows,
                                                         .v = &r->v,
                                                         .queries = each_by_itself(g, top->rows),
                                                         .keys = step->source,
                                                         .view = step->view});
}

// Scores are not divided by the root of the width. Of both directions, dot takes the sum of the two products.
Tensor *dm_rnn_look(Graph *g, const Model *model, Memory memory, const Tensor *top, Spans queries, Spans keys,
                    const AttentionView *view)
{
    const Rnn *r = model->layers;
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const Tensor *q = top;
    if (shape->attention == DM_RNN_GENERAL)
        q = dm_linear(g, top, &r->query, NULL, DM_IDENTITY);
    else if (shape->direction == DM_RNN_BOTH)
        q = dm_concatenate(g, top, top);
    q = dm_scale(g, q, sqrtf((float)q->cols));
    return dm_attention(
        g,
        &(Attention){
            .q = *q, .k = *memory.rows, .v = *memory.rows, .queries = queries, .keys = keys, .heads = 1, .view = view});
}

// The layers of cells, one above the other.
static const Tensor *climb(Graph *g, const Model *model, const Tensor *input, const RnnStep *step,
                           const Tensor **states)
{
    const Rnn *r = model->layers;
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const Tensor *x = NULL;
    for (int layer = 0; layer < shape->decoder_layers; layer++) {
        const Cell *cell = &r->decoder[layer];
        if (layer) input = dm_linear_apply(g, &cell->input, dm_dropout(g, x, g->dropout));
        states[layer] = dm_cell_step(g, cell, input, step->states[layer]);
        const Tensor *out = dm_cell_output(g, cell, states[layer]);
        x = layer && shape->residual ? dm_add(g, out, x) : out;
    }
    return x;
}

RnnStepped dm_rnn_step(Graph *g, const Model *model, const RnnSource *source, const RnnStep *step)
{
    const Rnn *r = model->layers;
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const int last = shape->decoder_layers - 1;
    RnnStepped out = {.states = dm_arena_take(g->arena, (size_t)shape->decoder_layers * sizeof *out.states)};
    const Tensor *beside = step->fed, *input = step->input;
    if (shape->attention == DM_RNN_ADDITIVE)
        beside = out.context =
            look_before(g, r, source, step, dm_cell_output(g, &r->decoder[last], step->states[last]));
    if (beside) input = dm_add(g, input, dm_linear(g, beside, &r->beside, NULL, DM_IDENTITY));
    out.top = climb(g, model, input, step, out.states);
    if (dm_rnn_looks_after(&model->config))
        out.context =
            dm_rnn_look(g, model, source->memory, out.top, each_by_itself(g, out.top->rows), step->source, step->view);
    return out;
}

Tensor *dm_rnn_readout(Graph *g, const Model *model, const Tensor *top, const Tensor *context, const Tensor *embedded)
{
    const Rnn *r = model->layers;
    const int attention = dm_rnn_shape(&model->config)->attention;
    const Tensor *all = context ? dm_concatenate(g, top, context) : top;
    if (attention == DM_RNN_ADDITIVE) all = dm_concatenate(g, all, embedded);
    return dm_linear(g, all, &r->readout.weight, &r->readout.bias,
                     attention == DM_RNN_NO_ATTENTION ? DM_IDENTITY : DM_TANH);
}
