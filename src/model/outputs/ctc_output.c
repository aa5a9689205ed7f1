// Connectionist temporal classification (Graves et al. 2006): each row says a piece or a blank, by the softmax over the
// vocabulary, and what is left once pieces that repeat are one and blanks are gone is what is written. The end of the
// sentence, which nothing else has to say, is the blank. Labels are not smoothed: there is no row of a piece.
#include <assert.h>

#include "model/outputs/output.h"

static Loss loss(Graph *g, const OutputLayer *o, const Decoded *d, const Targets *targets)
{
    assert(d->read.spans.n == targets->spans.n && !targets->weights && !targets->log_probabilities);
    return dm_ctc(g, &(Ctc){.x = d->features,
                            .weight = &o->weight,
                            .bias = &o->bias,
                            .rows = d->read.spans,
                            .targets = {.ids = targets->ids, .spans = targets->spans},
                            .blank = o->blank,
                            .excluded = g->recording ? o->pad : -1});
}

static Tensor *log_probabilities(Graph *g, const OutputLayer *o, const Decoded *d)
{
    return dm_softmax.log_probabilities(g, o, d);
}

static NextPieces next_pieces(Graph *g, const OutputLayer *o, const Decoded *d, int best)
{
    return dm_softmax.next_pieces(g, o, d, best);
}

const OutputKind dm_ctc_output = {
    .name = "ctc",
    .about = "all pieces in one pass, for what keeps the order of its source: each piece of it has --ctc-upsample "
             "rows, a row "
             "says a piece or nothing, and what repeats is one (CTC: Graves et al. 2006; Libovický and Helcl 2018)",
    .at_once = true,
    .loss = loss,
    .log_probabilities = log_probabilities,
    .next_pieces = next_pieces};
