// The matrix products that a model of some shape is made of, and what they cost.
#pragma once
#include "model/config.h"
#include "tensor/products/counting.h"

// C [m, n] from inner dimension k, as an op asks the library for it.
enum { DM_LAYER_NAMES = 64 };
typedef struct Product {
    char layer[DM_LAYER_NAMES];  // the layers that have it: "fc1, k_proj+v_proj"
    Pass pass;
    int m, n, k;
    double source, target;  // flops that a source piece and a target piece cost in products of these dimensions
} Product;

typedef struct Products {
    Product *list;
    int count;
    int chain;  // of training: ops of the longest chain that wait for one another (model/operations.h)
} Products;

// Training, with so many rows of sentences of this length in a shard, forward and back. What attention multiplies
// itself is not counted: its matrices, a head of a sentence each, do not go through the library, and are less than a
// hundredth of the whole.
Status dm_products_of_training(Products *products, const ModelConfig *config, int rows, int length, Error *error);
// Beam search (1: greedy) in batches of so many source pieces (0: these have been read already) and sentences.
Status dm_products_of_search(Products *products, const ModelConfig *config, int source_rows, int sentences, int beam,
                             Error *error);
void dm_products_free(Products *products);

const char *dm_pass_name(Pass pass);
double dm_products_flops(const Products *products, double source_pieces, double target_pieces);

// The flops a second of a text of so many pieces, if it were nothing but these products. rates: [products]
double dm_products_rate(const Products *products, const double *rates, double source_pieces, double target_pieces);
