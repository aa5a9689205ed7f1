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

bool dm_fits_always(const ModelConfig *config, Name *why)
{
    (void)config, (void)why;
    return false;
}
