// Activations by name.
#include "model/layers/activation.h"

enum { OFFERED = 5 };  // the first ones; the others are only read

const ActivationRow dm_activations[] = {{"relu", DM_RELU},        {"gelu", DM_GELU},
                                        {"swish", DM_SWISH},      {"silu", DM_SWISH},
                                        {"tanh", DM_TANH},        {"linear", DM_IDENTITY},  // as other programs name it
                                        {"gelu_python", DM_GELU}, {NULL, DM_IDENTITY}};

const char *dm_activation_name(int index)
{
    return dm_activations[index].name;
}

const char *dm_activation_word(int index)
{
    return index < OFFERED ? dm_activations[index].name : NULL;
}
