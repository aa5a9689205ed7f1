// The pointer-generator (See et al. 2017, equations 8 and 9): with probability g the next piece is one of the
// vocabulary, by its softmax, else it is copied from where the decoder looks in the source. g is made of the features
// s_i, of the piece that was read, x_i, and of what is looked at, h*_i:
//   g_i = sigmoid(w_h' h*_i + w_s' s_i + w_x' x_i + b)
// Products of g are in float32 and row by row, whatever the graph multiplies in. ops/pointer.c has the rest.
#include "model/outputs/output.h"

static void declare_row(Parameters *p, const char *name, int cols)
{
    const int at = dm_declare_matrix(p, name, 1, cols, DM_INIT_XAVIER);
    p->list[at].full = true;
}

// The keys that give the memory its width, the caller has said.
void dm_pointer_declare(Parameters *p, int width, int memory)
{
    declare_row(p, "pointer.source.weight", memory);
    p->keys = "d_model";
    declare_row(p, "pointer.gate.weight", 2 * width);
    dm_declare_vector(p, "pointer.gate.bias", 1, DM_INIT_ZERO);
}

Copying dm_pointer_connect(const Parameters *p, const Tensor *embeddings)
{
    return (Copying){.source = dm_parameters_joined(p, "pointer.source.weight", 1),
                     .gate = dm_parameters_joined(p, "pointer.gate.weight", 1),
                     .bias = dm_parameters_joined(p, "pointer.gate.bias", 1),
                     .embeddings = *embeddings};
}

static Pointer pointer_of(Graph *g, const OutputLayer *o, const Decoded *d)
{
    const Tensor *read = dm_embedding(g, &(Embedding){.table = &o->copying.embeddings,
                                                      .n = d->features->rows,
                                                      .ids = d->read.ids,
                                                      .mixture = d->read.mixture,
                                                      .scale = 1,
                                                      .frozen = o->pad});
    return (Pointer){.gate = dm_affinity(g, dm_concatenate(g, d->features, read), &o->copying.gate),
                     .source = dm_affinity(g, d->memory, &o->copying.source),
                     .bias = &o->copying.bias,
                     .view = d->view,
                     .head = o->gaze.head,
                     .copies = d->copies};
}

static Loss loss(Graph *g, const OutputLayer *o, const Decoded *d, const Targets *targets)
{
    const CrossEntropy vocabulary = dm_softmax_loss(g, o, d, targets);
    const Pointer pointer = pointer_of(g, o, d);
    return dm_pointer_loss(g, &pointer, &vocabulary);
}

static Tensor *log_probabilities(Graph *g, const OutputLayer *o, const Decoded *d)
{
    const Pointer pointer = pointer_of(g, o, d);
    return dm_pointer_log_probabilities(g, &pointer, dm_softmax.log_probabilities(g, o, d));
}

static NextPieces next_pieces(Graph *g, const OutputLayer *o, const Decoded *d, int best)
{
    const Pointer pointer = pointer_of(g, o, d);
    return dm_pointer_next_pieces(g, &pointer, d->features, &o->weight, &o->bias, best);
}

const OutputKind dm_pointer = {
    .name = "pointer",
    .about =
        "the same, or a piece of the source where the decoder looks, in a proportion of their own for each piece, so "
        "that names and numbers can be copied which the vocabulary does not have (See et al. 2017)",
    .copies = true,
    .loss = loss,
    .log_probabilities = log_probabilities,
    .next_pieces = next_pieces};
