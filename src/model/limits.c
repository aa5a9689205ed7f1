// What architectures say that have no limit, or no labels.
#include "model/model.h"

Labels dm_no_labels(const ModelConfig *config)
{
    (void)config;
    return DM_NO_LABELS;
}

int dm_endless(const ModelConfig *config)
{
    (void)config;
    return INT_MAX;
}

bool dm_fits_always(const ModelConfig *config, Name *why)
{
    (void)config, (void)why;
    return false;
}
