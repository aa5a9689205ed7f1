// All paths (Graves et al. 2006, "Connectionist temporal classification"): a model that writes all at once learns the
// sum over all ways in which its rows come to the reference (model/outputs/ctc_output.c). Nobody says which piece a row
// is to say. A reference that no way comes to is left out of the text beforehand; where the text is cut anew in every
// epoch, it adds nothing.
#include "train/objectives/objective.h"

static Loss run(const ShardRun *shard)
{
    Graph *g = shard->graph;
    const Model *model = shard->model;
    const Architecture *a = model->architecture;
    const Tokens targets = dm_without_ends(g->arena, shard->example);
    const Memory memory = a->encode(g, model, shard->example->source);
    const Tokens places = dm_places_at_once(g->arena, &model->config, memory.spans);
    const Decoded decoded = {.features = a->decode(g, model, memory, places), .read = places};
    const TermInput seen = {.graph = g, .model = model, .example = shard->example, .features = decoded.features};
    const double added = g->recording ? dm_terms_add(shard->terms, &seen) : 0;
    Loss loss =
        model->output.kind->loss(g, &model->output, &decoded, &(Targets){.ids = targets.ids, .spans = targets.spans});
    loss.objective += added;
    return loss;
}

const Objective dm_all_paths = {
    .name = "ctc",
    .about =
        "all ways in which the rows of --output-layer ctc come to the reference are one (Graves et al. 2006); that "
        "output layer has this objective without a word",
    .writing = DM_AT_ONCE,
    .run = run};
