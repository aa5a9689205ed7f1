// What architectures say that have no limit, or nothing to add.
#include "model/model.h"

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
