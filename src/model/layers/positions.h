// Positions by name: what tells a stack of layers one place of a sequence from another. A kind acts where it has a
// function for it: on the embeddings, on queries and keys, or on the scores of attention. None acts on values, nor on
// attention to the source.
#pragma once
#include <stdbool.h>

#include "core/choice.h"
#include "tensor/ops/ops.h"
#include "tensor/parameters.h"
#include "tensor/tokens.h"

typedef struct PositionKind PositionKind;

// What a kind has to know of a stack.
typedef struct PositionShape {
    int width;  // of the embeddings
    int heads;  // of self-attention
    int most;   // places, where the kind has an end
    int base;   // of the lengths that a formula has: 10000, if nothing else is said
} PositionShape;

// Those of a stack.
typedef struct Positions {
    const PositionKind *kind;
    PositionShape shape;
    int width, count;
    float *rows;    // [count, width] by place, made by the kind's formula; rows behind these are made on the way
    Tensor table;   // [most, width] by place, learned
    float *slopes;  // [heads, 2] as Attention has them; NULL: attention does not lean
} Positions;

struct PositionKind {
    const char *name, *about;
    const char *added;     // to the embeddings, in an outline: "sinusoidal positions"; NULL: nothing
    const char *attended;  // what attention gets, in an outline: "ALiBi"; NULL: nothing
    bool ends;             // there is no place behind shape.most
    // Why a stack cannot have them, where it cannot: "... must be even".
    bool (*misfit)(const PositionShape *shape, Name *why);
    // Learned: the parameters of a stack ("model.encoder"), and the table among them once they have memory.
    void (*declare)(Parameters *p, const char *stack, const PositionShape *shape);
    Tensor (*find)(const Parameters *p, const char *stack);
    // By a formula: rows [count, width] of the places from `first` on, as wide as the embeddings, or as a head.
    void (*fill)(const PositionShape *shape, int first, int count, int width, float *rows);
    bool rows_of_heads;
    void (*add)(Graph *g, const Positions *positions, Tokens tokens, Embedding *to);
    Tensor (*turn)(Graph *g, const Positions *positions, Tokens tokens, Tensor x);  // x: some heads side by side
    void (*slope)(int heads, float *slopes);
};

enum { DM_COMMON_POSITIONS = 2 };  // the first so many, which other programs have too
extern const PositionKind dm_sine_positions, dm_timing_positions, dm_learned_positions, dm_rotary_positions,
    dm_alibi_positions;
extern const PositionKind *const dm_position_kinds[];  // ends with NULL
Choice dm_position_choice(int index);
// Whether they are waves that are added to embeddings, which are scaled then: they would be small beside them.
static inline bool dm_positions_are_waves(const PositionKind *kind)
{
    return kind->fill && kind->add;
}

// Those of both stacks of a model; what both would make alike is made once. A stack without heads is none.
void dm_positions_connect(Positions both[2], const PositionKind *kind, const PositionShape shapes[2],
                          const Parameters *p);
void dm_positions_free(Positions both[2]);

void dm_positions_declare(Parameters *p, const PositionKind *kind, const char *stack, const PositionShape *shape);
// What the embeddings of these tokens get.
void dm_positions_add(Graph *g, const Positions *positions, Tokens tokens, Embedding *to);
// What queries and keys become, [tokens, heads side by side]; where nothing turns them, they are returned as they are.
Tensor dm_positions_turn(Graph *g, const Positions *positions, Tokens tokens, Tensor x);

// For the kinds: a row made by formula for each of the tokens. (position_rows.c)
const float **dm_position_rows(Graph *g, const Positions *positions, Tokens tokens);

// Sinusoids of MarianMTModel: sine in the first half, cosine in the second (Vaswani et al. 2017, section 3.5, reordered).
void dm_sinusoids(int first, int count, int width, float *rows);
