// Softmax over the vocabulary: logits z = x W' + b, p = softmax(z).
#include "model/outputs/output.h"

// Pad takes no part in what training does; elsewhere it is a piece like any other.
CrossEntropy dm_softmax_loss(const Graph *g, const OutputLayer *o, const Decoded *d, const Targets *targets)
{
    return (CrossEntropy){.x = d->features,
                          .weight = &o->weight,
                          .bias = &o->bias,
                          .targets = targets->ids,
                          .weights = targets->weights,
                          .smoothing = targets->smoothing,
                          .excluded = g->recording || targets->smoothing > 0 ? o->pad : -1,
                          .log_probabilities = targets->log_probabilities};
}

static Loss loss(Graph *g, const OutputLayer *o, const Decoded *d, const Targets *targets)
{
    const CrossEntropy args = dm_softmax_loss(g, o, d, targets);
    return dm_cross_entropy(g, &args);
}

static Tensor *log_probabilities(Graph *g, const OutputLayer *o, const Decoded *d)
{
    return dm_log_probabilities(g, d->features, &o->weight, &o->bias);
}

static NextPieces next_pieces(Graph *g, const OutputLayer *o, const Decoded *d, int best)
{
    Graph own = *g;
    if (o->packs) own.packs = o->packs;
    NextPieces next = dm_next_pieces(&own, d->features, &o->weight, &o->bias, best);
    for (int i = 0; o->ids && i < d->features->rows * best; i++)
        if (next.ids[i] >= 0) next.ids[i] = o->ids[next.ids[i]];
    return next;
}

const OutputKind dm_softmax = {.name = "softmax",
                               .about = "a piece of the vocabulary, by a softmax over it",
                               .loss = loss,
                               .log_probabilities = log_probabilities,
                               .next_pieces = next_pieces};
