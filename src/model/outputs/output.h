// Outputs: from what a decoder has made to probabilities of pieces and to the loss. An output is a file of this folder and a
// row of dm_outputs.
#pragma once
#include "core/choice.h"
#include "tensor/ops/ops.h"
#include "tensor/parameters.h"
#include "tensor/seen.h"

typedef struct OutputLayer OutputLayer;

// Rows of a decoder, and what an output that copies has to know besides.
typedef struct Decoded {
    const Tensor *features;     // [n, width]
    Tokens read;                // ids [n]: the piece that each row has read
    const AttentionView *view;  // of the rows, where the output looks
    const Tensor *memory;       // [source rows, ..] what the encoder says of those that they see
    const int *copies;          // [source rows] what each is copied as (Pointer)
} Decoded;

// What the rows should have said, one after the other.
typedef struct Targets {
    const int *ids;            // [n]; of an output that copies, they may be beyond the vocabulary
    Spans spans;               // whose they are, of an output whose rows are not those of the targets
    const float *weights;      // [n] how much a row counts, 0: not at all; NULL: 1 each
    float smoothing;           // of labels
    float *log_probabilities;  // [n] where to leave log p(target), or NULL
} Targets;

typedef struct OutputKind {
    const char *name, *about;
    bool copies;  // pieces of the source: it looks at the attention to it, and can write what the vocabulary does not have
    bool at_once;  // rows are the source's, and say the target without an end, by way of blanks
    // Where the graph is recording, gradients are made in the same call: dm_backward comes next.
    Loss (*loss)(Graph *g, const OutputLayer *output, const Decoded *decoded, const Targets *targets);
    // -> [n, vocabulary], or more columns, for what can be copied
    Tensor *(*log_probabilities)(Graph *g, const OutputLayer *output, const Decoded *decoded);
    NextPieces (*next_pieces)(Graph *g, const OutputLayer *output, const Decoded *decoded, int best);
} OutputKind;

// Of an output that copies.
typedef struct Copying {
    Tensor source, gate, bias;  // [1, memory's width], [1, 2 width], [1]
    Tensor embeddings;          // [pieces, width] of what is read
} Copying;

enum { DM_LENGTH_CLASSES = 256 };

struct OutputLayer {
    const OutputKind *kind;
    Tensor weight, bias;  // [pieces, width], [pieces], which is not trained
    Tensor length;        // [DM_LENGTH_CLASSES, memory's width] where targets are written in any order; else no rows
    int pad;  // -1: there is none among what it writes
    int blank;  // of one that says all at once
    Gaze gaze;  // where it looks; no layer: nowhere
    Copying copying;
    // of an output of few pieces:
    const int *ids;  // [pieces] which piece a row stands for; NULL: the output is whole
    Packs *packs;    // of its weights; NULL: the graph's
};

extern const OutputKind dm_softmax, dm_pointer, dm_ctc_output;
extern const OutputKind *const dm_outputs[];  // ends with NULL
Choice dm_output_choice(int index);

// What both share: the loss of the softmax over the vocabulary, as arguments of its op.
CrossEntropy dm_softmax_loss(const Graph *g, const OutputLayer *output, const Decoded *decoded, const Targets *targets);
// The weights that copying needs beside those of the softmax.
void dm_pointer_declare(Parameters *p, int width, int memory);
Copying dm_pointer_connect(const Parameters *p, const Tensor *embeddings);

// Lengths of targets that are written in any order (length.c). A class is of so many pieces more than the source has,
// from -128 to 127; more and fewer are in the last ones.
void dm_length_declare(Parameters *p, int memory);
Tensor dm_length_connect(const Parameters *p);
int dm_length_class(int source, int target);  // of so many pieces, without ends
// targets: classes of the sentences, and how much each counts
Loss dm_length_loss(Graph *g, const OutputLayer *output, const Tensor *memory, Spans source, const Targets *targets);
Tensor *dm_length_log_probabilities(Graph *g, const OutputLayer *output, const Tensor *memory, Spans source);
