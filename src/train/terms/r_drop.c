// R-Drop (Liang et al. 2021, "R-Drop: Regularized dropout for neural networks", eq. 2 to 4): a sentence goes through
// the model twice, under two masks of dropout; what the two say of a piece, p and q, is to be alike:
//   loss = (CE(p) + CE(q)) / 2 + weight * (KL(p || q) + KL(q || p)) / 2
// The losses of both copies are summed, and divided by the rows of both: so the term counts twice in the sum.
#include <assert.h>

#include "train/terms/term.h"

static double add(const TermInput *in, double weight)
{
    const OutputLayer *output = &in->model->output;
    assert(output->kind == &dm_softmax);
    const double factor = 2 * weight;
    return factor * dm_divergence(in->graph, &(Divergence){.x = in->features,
                                                           .weight = &output->weight,
                                                           .bias = &output->bias,
                                                           .excluded = output->pad,
                                                           .factor = (float)factor});
}

const Term dm_r_drop = {.name = "r-drop",
                        .about = "what two draws of dropout make of a sentence is to be alike (Liang et al. 2021)",
                        .usual = "2.5",
                        .copies = 2,
                        .of_dropout = true,
                        .add = add};
