// Norms by name: what they have for parameters, and what they do to the rows of x [n, width].
#pragma once
#include "core/choice.h"
#include "tensor/parameters.h"
#include "tensor/ops/ops.h"

typedef struct NormKind NormKind;

typedef struct Norm {
    const NormKind *kind;
    Tensor gain, bias, mean, variance;  // [width]; empty where the kind has none
    float epsilon;
} Norm;

struct NormKind {
    const char *name, *about;
    float epsilon;  // the usual one
    void (*declare)(Parameters *p, const char *prefix, int width);
    Tensor *(*apply)(Graph *g, const Norm *norm, const Tensor *x);
    Tensor *(*apply_to_residual)(Graph *g, const Norm *norm, const Tensor *x, const Tensor *f);  // to x + dropout(f)
};

extern const NormKind *const dm_norms[];  // ends with NULL
Choice dm_norm_choice(int index);
// epsilon: 0: the usual one
Norm dm_norm_find(const Parameters *p, const NormKind *kind, const char *prefix, float epsilon);
