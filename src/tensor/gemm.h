// The seam to the matrix libraries: C = op(A) op(B) + beta C, row-major, single precision, on the calling thread alone.
#pragma once
#include <stdbool.h>

#include "core/error.h"

typedef struct Gemm {
    int m, n, k;     // C is [m, n], op(A) [m, k], op(B) [k, n]
    const float *a;  // stored [m, k], or [k, m] if transpose_a
    const float *b;  // stored [k, n], or [n, k] if transpose_b
    float *c;
    int lda, ldb, ldc;  // distance between stored rows
    bool transpose_a, transpose_b;
    float beta;  // 0: C is only written; 1: added to
} Gemm;

typedef struct GemmBackend {
    const char *name;  // "openblas", "onednn"
    void (*multiply)(const Gemm *args);
} GemmBackend;

// The backends of this build, ending with NULL.
extern const GemmBackend *const dm_gemm_backends[];

// name: "openblas", "onednn", or "auto": the one that is faster here on matrices of a model of this width
// (a measurement of some milliseconds). An unknown or absent backend is an error that names those there are.
Status dm_gemm_choose(const GemmBackend **backend, const char *name, int width, Error *error);
