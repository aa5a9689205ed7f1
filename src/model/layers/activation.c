// Activations by name.
#include "model/layers/activation.h"

// clang-format off
const ActivationRow dm_activations[] = {
    {"relu", DM_RELU, false, "max(0, x)"},
    {"gelu", DM_GELU, false, "x Phi(x) (Hendrycks and Gimpel 2016)"},
    {"swish", DM_SWISH, false, "x sigmoid(x), also called silu"},
    {"silu", DM_SWISH, false, "the same"},
    {"tanh", DM_TANH, false, "as in older networks"},
    {"linear", DM_IDENTITY, false, NULL},  // as other programs name it
    {"gelu_python", DM_GELU, false, NULL},
    {"gelu_new", DM_GELU_TANH, false, "gelu by a formula with tanh, as GPT-2 has it"},
    {"gelu_pytorch_tanh", DM_GELU_TANH, false, NULL},
    {"swiglu", DM_SWISH, true,
     "swish of one product times another, three matrices in all (Shazeer 2020): 2/3 of the --dim-ffn makes as many "
     "weights"},
    {"geglu", DM_GELU, true, "the same with gelu"},
    {NULL, DM_IDENTITY, false, NULL},
};
// clang-format on

static Choice choice_of(const ActivationRow *row)
{
    return (Choice){row->name, row->about};
}

Choice dm_activation_choice(int index)
{
    return choice_of(&dm_activations[index]);
}

Choice dm_activation_offered(int index)
{
    const ActivationRow *row = dm_activations;
    while (row->name && (!row->about || index-- > 0)) row++;
    return choice_of(row);
}
