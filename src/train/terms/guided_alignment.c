// Guided alignment (Chen et al. 2016, "Guided alignment training for topic-aware neural machine translation", equations
// 4 and 5; Garg et al. 2019, "Jointly learning to align and translate with Transformer models", section 4.2): the
// attention a_ij that a target piece i gives the source pieces j is to be where given links say that the piece comes
// from,
//   loss = weight * sum_i -1/n_i sum over the n_i pieces j that i is linked with of log(a_ij + 1e-6)
// A piece without links adds nothing. a is that of one head (Garg et al.: of the last layer but one, for that aligns
// best by itself) or the mean of all heads of a layer; from there on the model gives alignments by it.
#include <math.h>

#include "train/terms/term.h"

static const double epsilon = 1e-6;  // Marian's: what is not seen at all has a finite slope

static double guide_row(const TermInput *in, int sequence, int i, double weight)
{
    const RowLinks *links = &in->example->links;
    const int row = in->view->queries.start[sequence] + i, n = links->first[row + 1] - links->first[row];
    double sum = 0;
    for (int k = links->first[row]; k < links->first[row + 1]; k++) {
        const double a = dm_seen(in->view, in->gaze.head, sequence, i, links->source[k]) + epsilon;
        dm_send_back(in->view, in->gaze.head, sequence, i, links->source[k], -weight / (n * a));
        sum -= weight / n * log(a);
    }
    return sum;
}

static double add(const TermInput *in, double weight)
{
    const Spans targets = in->view->queries;
    double sum = 0;
    if (!in->example->links.first) return 0;
    for (int s = 0; s < targets.n; s++)
        for (int i = 0; i < targets.length[s]; i++) sum += guide_row(in, s, i, weight);
    return sum;
}

const Term dm_guided_alignment = {
    .name = "guided-alignment",
    .about = "attention is to be where the links of --guided-alignment are (Chen et al. 2016, Garg et al. 2019)",
    .usual = "0.05",
    .copies = 1,
    .looks = true,
    .file = "guided-alignment",
    .add = add};
