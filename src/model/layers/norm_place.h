// Where a norm stands, by name: how a sublayer f is entered and left, so that a layer reads
//   x = leave(s, x, f(enter(s, x)))
// whatever the place is.
#pragma once
#include "model/layers/norm.h"

// A sublayer's surroundings.
typedef struct Sublayer {
    Graph *g;
    const struct NormPlace *place;
    ArenaMark mark;  // of the graph's arena, between x and all that the layers take
    const Norm *norm;
} Sublayer;

typedef struct NormPlace {
    const char *name, *about;
    // One more norm stands behind the last layer of a stack, up to which x is a sum: of the embedding and, one by one, of
    // what all sublayers make.
    bool at_end;
    const Tensor *(*enter)(const Sublayer *s, const Tensor *x);
    Tensor *(*leave)(const Sublayer *s, Tensor *x, const Tensor *f);
} NormPlace;

extern const NormPlace dm_norm_places[];  // ends with a name of NULL
Choice dm_norm_place_choice(int index);

static inline const Tensor *dm_enter(const Sublayer *s, const Tensor *x)
{
    return s->place->enter(s, x);
}

static inline Tensor *dm_leave(const Sublayer *s, Tensor *x, const Tensor *f)
{
    return s->place->leave(s, x, f);
}
