// Positions by name: what the embeddings of a stack get for their places.
#pragma once
#include <stdbool.h>

#include "tensor/graph.h"
#include "tensor/tokens.h"

// A table that is made once; places behind its end have their rows made on the way.
typedef struct Positions {
    const struct PositionKind *kind;
    int width, count;
    float *rows;  // [count, width]
} Positions;

typedef struct PositionKind {
    const char *name;
    const char *described;  // "sinusoidal": before "positions"
    const char *about;
    // rows: [count, width], of the places from `first` on
    void (*fill)(int first, int count, int width, float *rows);
} PositionKind;

extern const PositionKind *const dm_position_kinds[];  // ends with NULL
const char *dm_position_kind_name(int index);
const char *dm_position_kind_about(int index);

Positions dm_positions_make(const PositionKind *kind, int width);
void dm_positions_free(Positions *positions);
const float **dm_positions_of(Graph *g, const Positions *positions, Tokens tokens);  // [tokens.n] a row for each

// Sinusoids of Marian: sine in the first half, cosine in the second (Vaswani et al. 2017, section 3.5, reordered).
void dm_sinusoids(int first, int count, int width, float *rows);
