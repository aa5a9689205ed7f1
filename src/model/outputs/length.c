// How long a target is, before a piece of it is there: by how many pieces more than its source has, as one of a few
// classes, each with a row of weights, of the mean of what the encoder makes of the source (Ghazvininejad et al. 2019,
// section 3.3, where a token LENGTH of the encoder's stands in the place of the mean).
//   p(class) = softmax(W mean_i h_i)
#include "model/outputs/output.h"

static const char name[] = "length.weight";

// The keys that give the memory its width, the caller has said.
void dm_length_declare(Parameters *p, int memory)
{
    const int at = dm_declare_matrix(p, name, DM_LENGTH_CLASSES, memory, DM_INIT_XAVIER);
    p->list[at].full = true;
}

Tensor dm_length_connect(const Parameters *p)
{
    return dm_parameters_joined(p, name, 1);
}

int dm_length_class(int source, int target)
{
    const int class = target - source + DM_LENGTH_CLASSES / 2;
    return class < 0 ? 0 : class < DM_LENGTH_CLASSES ? class : DM_LENGTH_CLASSES - 1;
}

Loss dm_length_loss(Graph *g, const OutputLayer *o, const Tensor *memory, Spans source, const Targets *targets)
{
    const CrossEntropy args = {.x = dm_span_means(g, memory, source),
                               .weight = &o->length,
                               .targets = targets->ids,
                               .weights = targets->weights,
                               .excluded = -1};
    return dm_cross_entropy(g, &args);
}

Tensor *dm_length_log_probabilities(Graph *g, const OutputLayer *o, const Tensor *memory, Spans source)
{
    return dm_log_probabilities(g, dm_span_means(g, memory, source), &o->length, NULL);
}
