// Softmax over the vocabulary: logits z = x W' + b, p = softmax(z).
#include "model/outputs/output.h"

// Pad takes no part in what training does; elsewhere it is a piece like any other.
static Loss loss(Graph *g, const OutputLayer *o, const Tensor *features, const Targets *targets)
{
    return dm_cross_entropy(g, &(CrossEntropy){.x = features,
                                               .weight = &o->weight,
                                               .bias = &o->bias,
                                               .targets = targets->ids,
                                               .weights = targets->weights,
                                               .smoothing = targets->smoothing,
                                               .excluded = g->recording || targets->smoothing > 0 ? o->pad : -1,
                                               .log_probabilities = targets->log_probabilities});
}

static Tensor *log_probabilities(Graph *g, const OutputLayer *o, const Tensor *features)
{
    return dm_log_probabilities(g, features, &o->weight, &o->bias);
}

static NextPieces next_pieces(Graph *g, const OutputLayer *o, const Tensor *features, int best)
{
    Graph own = *g;
    if (o->packs) own.packs = o->packs;
    NextPieces next = dm_next_pieces(&own, features, &o->weight, &o->bias, best);
    for (int i = 0; o->ids && i < features->rows * best; i++)
        if (next.ids[i] >= 0) next.ids[i] = o->ids[next.ids[i]];
    return next;
}

const OutputKind dm_softmax = {"softmax", loss, log_probabilities, next_pieces};
