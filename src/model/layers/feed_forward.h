// Feed-forward blocks by kind: what a layer does to each row by itself, between two norms.
#pragma once
#include "model/layers/activation.h"
#include "model/layers/linear_layer.h"

typedef struct FeedForwardShape {
    int width, inner;  // inner: of a dense block, or of each expert
    const ActivationRow *activation;
    int experts;      // 0: a dense block
    int top, shared;  // of experts: as many take a row, and as many more take every row
    bool sigmoid;     // how the router sees them; else softmax
    int router;       // its number in the model
} FeedForwardShape;

typedef struct FeedForward {
    const struct FeedForwardKind *kind;
    Activation activation;
    Linear in, out;           // of a dense block
    struct Experts *experts;  // NULL: it is one
} FeedForward;

typedef struct FeedForwardKind {
    const char *name;
    void (*declare)(Parameters *p, const char *layer, const FeedForwardShape *shape);
    // What that has declared, once it has memory
    FeedForward (*find)(const Parameters *p, const char *layer, const FeedForwardShape *shape);
    Tensor *(*apply)(Graph *g, const FeedForward *block, const Tensor *x);  // [n, width] -> [n, width]
} FeedForwardKind;

extern const FeedForwardKind *const dm_feed_forwards[];  // ends with NULL
const FeedForwardKind *dm_feed_forward_of(const FeedForwardShape *shape);
FeedForward dm_feed_forward_find(const Parameters *p, const char *layer, const FeedForwardShape *shape);
void dm_feed_forward_free(FeedForward *block);  // what find has made
