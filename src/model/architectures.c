// The registry of architectures.
#include <string.h>

#include "model/model.h"
#include "model/shape_options.h"

static const Architecture *const registry[] = {&dm_transformer, &dm_lm, &dm_rnn, &dm_conv, NULL};

const Architecture *dm_architecture(const char *name)
{
    for (int i = 0; registry[i]; i++)
        if (strcmp(registry[i]->name, name) == 0) return registry[i];
    return NULL;
}

const char *dm_architecture_name(int index)
{
    return registry[index] ? registry[index]->name : NULL;
}

const char *dm_architecture_about(int index)
{
    return registry[index]->about;
}

// clang-format off
const Option dm_option_type = {
    .name = "type", DM_ONE_VALUE, DM_NAMED, .initial = "transformer", .word = dm_architecture_name,
    .meaning = dm_architecture_about, .help = "architecture:"};
// clang-format on
