// Feed-forward blocks by kind: what a layer does to each row by itself, between two norms.
#pragma once
#include "model/layers/activation.h"
#include "model/layers/linear_layer.h"

typedef struct FeedForwardShape {
    int width, inner;
    const ActivationRow *activation;
} FeedForwardShape;

typedef struct FeedForward {
    const struct FeedForwardKind *kind;
    Activation activation;
    Linear in, out;
} FeedForward;

typedef struct FeedForwardKind {
    const char *name;
    void (*declare)(Parameters *p, const char *layer, const FeedForwardShape *shape);
    FeedForward (*find)(const Parameters *p, const char *layer);  // what declare has declared
    Tensor *(*apply)(Graph *g, const FeedForward *block, const Tensor *x);  // [n, width] -> [n, width]
} FeedForwardKind;

extern const FeedForwardKind *const dm_feed_forwards[];  // ends with NULL
const FeedForwardKind *dm_feed_forward_of(const FeedForwardShape *shape);
FeedForward dm_feed_forward_find(const Parameters *p, const char *layer, const FeedForwardShape *shape);
