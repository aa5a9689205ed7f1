// Teacher forcing: the decoder reads the reference, each piece shifted by one, and is to predict the next
// (Williams and Zipser 1989).
#include "train/objectives/objective.h"

static Loss run(const ShardRun *shard)
{
    const Architecture *a = shard->model->architecture;
    const Example *e = shard->example;
    const OutputLayer *output = &shard->model->output;
    Graph *g = shard->graph;
    const Memory memory = a->encode(g, shard->model, e->source);
    const Gaze gaze = g->recording ? shard->terms->gaze : (Gaze){0};
    const Decoded decoded =
        dm_decode_rows(g, shard->model, memory, e->read, e->copies ? e->copies : e->source.ids, gaze);
    const TermInput seen = {g, shard->model, &memory, e, decoded.features, gaze, decoded.view};
    const double added = g->recording ? dm_terms_add(shard->terms, &seen) : 0;
    Loss loss = output->kind->loss(g, output, &decoded,
                                   &(Targets){.ids = e->written, .weights = e->weights, .smoothing = shard->smoothing});
    loss.objective += added;
    return loss;
}

const Objective dm_teacher_forcing = {
    .name = "teacher-forcing",
    .about = "the decoder reads the reference and predicts each next piece (Williams and Zipser 1989)",
    .run = run};
