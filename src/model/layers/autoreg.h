// How a layer of a decoder looks back at what has been written, by name: self-attention to all of it, whose cost grows with
// it, or a scan, which keeps one row of what has been.
#pragma once
#include "model/layers/feed_forward.h"
#include "model/layers/norm_place.h"

// The weights of a scan.
typedef struct Autoreg {
    const struct AutoregKind *kind;
    Linear in, gate;  // gate: of ssru, no more than its bias
    FeedForward ffn;
    Norm norm;
} Autoreg;

typedef struct AutoregKind {
    const char *name, *about;
    // Of a scan; NULL: it is self-attention, which block.h has
    void (*declare)(Parameters *p, const char *layer, const FeedForwardShape *ffn);
    void (*find)(Autoreg *found, const Parameters *p, const char *layer, const FeedForwardShape *ffn);
    Tensor *(*apply)(Graph *g, const Autoreg *l, const Tensor *x, const Chain *chain);  // [n, width] -> the same
} AutoregKind;

extern const AutoregKind dm_autoregs[];  // ends with a name of NULL
Choice dm_autoreg_choice(int index);

// Of LAYER, with its norm LAYER.autoreg_layer_norm. ffn: the shape of the layer's block, which that of average-attention
// has, too, but never experts.
void dm_autoreg_declare(Parameters *p, const AutoregKind *kind, const NormKind *norm, const char *layer,
                          const FeedForwardShape *ffn);
Autoreg dm_autoreg_find(const Parameters *p, const AutoregKind *kind, const NormKind *norm, float epsilon,
                           const char *layer, const FeedForwardShape *ffn);
static inline bool dm_autoreg_scans(const Autoreg *l)
{
    return l->kind;
}
// x with what the scan makes of it. chain: as wide as the model.
Tensor *dm_autoreg(const Sublayer *s, const Autoreg *l, Tensor *x, const Chain *chain);
