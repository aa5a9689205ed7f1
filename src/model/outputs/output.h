// Outputs: from features [n, width] to probabilities of pieces and to the loss. An output is a file of this folder.
#pragma once
#include "tensor/ops/ops.h"

typedef struct OutputLayer OutputLayer;

// What the rows should have said, one after the other.
typedef struct Targets {
    const int *ids;            // [n]
    const float *weights;      // [n] how much a row counts, 0: not at all; NULL: 1 each
    float smoothing;           // of labels
    float *log_probabilities;  // [n] where to leave log p(target), or NULL
} Targets;

typedef struct OutputKind {
    const char *name;
    // Where the graph is recording, gradients are made in the same call: dm_backward comes next.
    Loss (*loss)(Graph *g, const OutputLayer *output, const Tensor *features, const Targets *targets);
    Tensor *(*log_probabilities)(Graph *g, const OutputLayer *output, const Tensor *features);  // -> [n, vocabulary]
    NextPieces (*next_pieces)(Graph *g, const OutputLayer *output, const Tensor *features, int best);
} OutputKind;

struct OutputLayer {
    const OutputKind *kind;
    Tensor weight, bias;  // [pieces, width], [pieces], which is not trained
    int pad;  // -1: there is none among what it writes
    // of an output of few pieces:
    const int *ids;  // [pieces] which piece a row stands for; NULL: the output is whole
    Packs *packs;    // of its weights; NULL: the graph's
};

extern const OutputKind dm_softmax;
