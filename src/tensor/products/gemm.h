// The seam to the matrix libraries: C = op(A) op(B) + beta C, row-major, on the calling thread alone. C is float32; A
// and B are float32 or, where the backend and the processor have it, bfloat16.
#pragma once
#include <stdbool.h>

#include "core/error.h"
#include "tensor/products/precision.h"

typedef struct Gemm {
    int m, n, k;    // C is [m, n], op(A) [m, k], op(B) [k, n]
    const void *a;  // stored [m, k], or [k, m] if transpose_a
    const void *b;  // stored [k, n], or [n, k] if transpose_b
    float *c;
    int lda, ldb, ldc;  // distance between stored rows
    bool transpose_a, transpose_b;
    float beta;           // 0: C is only written; 1: added to
    Precision precision;  // of A and B
} Gemm;

typedef struct GemmBackend GemmBackend;
struct GemmBackend {
    const char *name;  // "openblas", "onednn"
    void (*multiply)(const GemmBackend *self, const Gemm *args);
    bool (*has)(Precision precision);  // on this processor; NULL: float32 alone
    bool counts;  // writes products down instead of making them (counting.h), and wants to know of all
};

// The backends of this build, ending with NULL.
extern const GemmBackend *const dm_gemm_backends[];

// name: "openblas", "onednn", or "auto": the one that is faster here on matrices of a model of this width
// (a measurement of some milliseconds). An unknown or absent backend is an error that names those there are.
Status dm_gemm_choose(const GemmBackend **backend, const char *name, int width, Error *error);

// The same for products in this precision: auto takes one that has it. Where this processor or the backend has not, the
// message says what is missing and what to do.
Status dm_gemm_choose_for(const GemmBackend **backend, Precision precision, const char *name, int width, Error *error);
