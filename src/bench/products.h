// The matrix products that a model of some shape is made of: what they cost, and how fast the libraries are at them
// when nothing else runs.
#pragma once
#include "model/config.h"
#include "tensor/products/packs.h"

typedef enum Pass { DM_PASS_FORWARD, DM_PASS_INPUT, DM_PASS_WEIGHT } Pass;

// C [m, n] from inner dimension k, as an op asks the library for it. With `rows` pieces, and a layer of [out, in]:
//   forward           y  = x W'    [rows, out], k = in
//   input gradient    dx += dy W   [rows, in],  k = out
//   weight gradient   dW += dy' x  [out, in],   k = rows
typedef struct Product {
    const char *layer;  // "qkv", "kv" (of the source), "out" (and q of cross-attention), "fc1", "fc2", "vocabulary"
    Pass pass;
    int m, n, k;
    double source, target;  // flops that a source piece and a target piece cost in products of these dimensions
} Product;

typedef struct Products {
    Product *list;
    int count;
} Products;

// Training, with so many rows in a shard, forward and back. What attention multiplies itself is not counted: its
// matrices, a head of a sentence each, do not go through the library, and are less than a hundredth of the whole.
Products dm_products_of_training(const ModelConfig *config, int rows);
// Beam search (1: greedy) in batches of so many source pieces and hypotheses.
Products dm_products_of_search(const ModelConfig *config, int source_rows, int hypotheses, int beam);
void dm_products_free(Products *products);

const char *dm_pass_name(Pass pass);
double dm_products_flops(const Products *products, double source_pieces, double target_pieces);

// A measurement of products: so many threads multiply the same dimensions at about the same time, each its own
// matrices, as the threads of training do.
typedef struct GemmClock {
    const Products *products;
    const GemmBackend *const *backends;  // the libraries that take turns
    int backend_count, threads;
    Precision precision;
    bool packed;  // with weights that are packed once, as search has them; of one backend, and forward alone
    // made by dm_gemm_clock_create
    float *weights;       // what all threads read
    float **own;          // [threads] their other matrices
    size_t own_b, own_c;  // where the second and the third begin
    Packs *packs;         // NULL: nothing is packed
    Tensor *packing;      // [products] the weights that are
    long *repetitions;    // [backends][products] that fill a turn
} GemmClock;

// seconds: for all turns of a round together. Every product takes a turn that is not counted.
void dm_gemm_clock_create(GemmClock *clock, double seconds);
void dm_gemm_clock_free(GemmClock *clock);
// rates: [backends][products] flops a second of all threads together.
void dm_gemm_clock_round(const GemmClock *clock, double *rates);
// The flops a second of a text of so many pieces, if it were nothing but these products. rates: [products]
double dm_products_rate(const Products *products, const double *rates, double source_pieces, double target_pieces);
