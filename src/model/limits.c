// What architectures say that have no limit, no labels, or nothing to add.
#include "model/model.h"

Labels dm_no_labels(const ModelConfig *config)
{
    (void)config;
    return DM_NO_LABELS;
}

Writing dm_writes_on(const ModelConfig *config)
{
    (void)config;
    return DM_PIECE_BY_PIECE;
}

int dm_endless(const ModelConfig *config)
{
    (void)config;
    return INT_MAX;
}

void dm_complete_nothing(ModelConfig *config)
{
    (void)config;
}

bool dm_fits_in_steps(const ModelConfig *config, Name *why)
{
    if (!dm_outputs[config->output]->at_once) return false;
    *why =
        dm_name("--output-layer %s says a text all at once, which models of --type transformer alone do: change one of "
                "them",
                dm_outputs[config->output]->name);
    return true;
}

const char *dm_writing_name(Writing writing)
{
    static const char *const names[] = {
        [DM_PIECE_BY_PIECE] = "piece by piece", [DM_IN_ANY_ORDER] = "in any order", [DM_AT_ONCE] = "all at once"};
    return names[writing];
}
