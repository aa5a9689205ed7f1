// What architectures say that have no limit.
#include "model/model.h"

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
