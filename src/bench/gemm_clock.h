// How fast the libraries are at the products of a model when nothing else runs.
#pragma once
#include "bench/products.h"
#include "tensor/products/packs.h"

// A measurement of products: so many threads multiply the same dimensions at about the same time, each its own
// matrices, as the threads of training do.
typedef struct GemmClock {
    const Products *products;
    const GemmBackend *const *backends;  // the libraries that take turns
    int backend_count, threads;
    Precision precision;
    bool packed;  // with weights that are packed once, as search has them; of one backend, and forward alone
    // made by dm_gemm_clock_create
    float *weights;                    // what all threads read
    float **own;                       // [threads] their other matrices
    size_t own_b, own_c, own_scratch;  // where the others begin
    Packs *packs;                      // NULL: nothing is packed
    Tensor *packing;                   // [products] the weights that are
    long *repetitions;                 // [backends][products] that fill a turn
} GemmClock;

// seconds: for all turns of a round together. Every product takes a turn that is not counted.
void dm_gemm_clock_create(GemmClock *clock, double seconds);
void dm_gemm_clock_free(GemmClock *clock);
// rates: [backends][products] flops a second of all threads together.
void dm_gemm_clock_round(const GemmClock *clock, double *rates);
