// A decoder with somebody who looks at its attention to the source: an output that copies, or a term of the loss.
#include "model/model.h"

// The tap stands in the graph as long as the pass takes; the views lie in the arena.
static Gaze gaze_of(const Model *model, Gaze other)
{
    return model->output.gaze.layer ? model->output.gaze : other;
}

Tokens dm_readable(Arena *arena, const Model *model, Tokens written, int unknown)
{
    if (!model->output.kind->copies) return written;
    int *ids = dm_arena_take(arena, (size_t)written.n * sizeof(int));
    for (int i = 0; i < written.n; i++) ids[i] = written.ids[i] < model->output.weight.rows ? written.ids[i] : unknown;
    written.ids = ids;
    return written;
}

Decoded dm_decode_rows(Graph *g, const Model *model, Memory memory, Tokens target, const int *copies, Gaze gaze)
{
    const Gaze looks = gaze_of(model, gaze);
    Decoded d = {.read = target, .memory = memory.rows, .copies = copies};
    if (looks.whole) d.features = model->architecture->decode(g, model, memory, target);
    AttentionTap tap = dm_gaze_tap(looks, g->recording);
    if (looks.layer) g->tap = &tap;
    g->whole_target = looks.whole;
    const Tensor *seen = model->architecture->decode(g, model, memory, target);
    g->whole_target = false;
    g->tap = NULL;
    if (!looks.whole) d.features = seen;
    d.view = tap.first;
    return d;
}

Decoded dm_extend_rows(Graph *g, const Model *model, SearchState *state, const Tensor *memory, const int *copies,
                       const int *ids, const int *lengths)
{
    AttentionTap tap = dm_gaze_tap(model->output.gaze, false);
    if (tap.only_layer) g->tap = &tap;
    Decoded d = {.read = {.ids = ids}, .memory = memory, .copies = copies};
    d.features = model->architecture->extend(g, state, ids, lengths);
    g->tap = NULL;
    d.view = tap.first;
    return d;
}
