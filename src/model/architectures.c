// The registry of architectures.
#include <string.h>

#include "model/model.h"
#include "model/shape_options.h"

const Architecture *const dm_architectures[] = {&dm_transformer, &dm_lm, &dm_rnn, &dm_conv, &dm_labels, NULL};

const Architecture *dm_architecture(const char *name)
{
    for (int i = 0; dm_architectures[i]; i++)
        if (strcmp(dm_architectures[i]->name, name) == 0) return dm_architectures[i];
    return NULL;
}

static Choice choice(int index)
{
    const Architecture *a = dm_architectures[index];
    return a ? (Choice){a->name, a->about} : (Choice){0};
}

// clang-format off
const Option dm_option_type = {
    .name = "type", DM_ONE_VALUE, DM_NAMED, .initial = "transformer", .choice = choice,
    .help = "architecture:"};
// clang-format on
