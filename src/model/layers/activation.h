// What stands between the two products of a feed-forward block.
#pragma once
#include "core/choice.h"
#include "tensor/ops/ops.h"

typedef struct ActivationRow {
    const char *name;  // as config.json spells it
    Activation activation;
    bool gated;         // it is applied to one of two products, which are multiplied then
    const char *about;  // for those that --activation offers; NULL: it is only read
} ActivationRow;

enum { DM_COMMON_ACTIVATIONS = 9 };       // the first so many, which other programs have too
extern const ActivationRow dm_activations[];  // ends with a name of NULL
Choice dm_activation_choice(int index);       // all that a config.json may have
Choice dm_activation_offered(int index);      // those that --activation offers
