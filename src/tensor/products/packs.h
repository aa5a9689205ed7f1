// Packed weights, for products of few rows: a weight that is asked for again and again, step after step of a search, is
// kept in the order in which the library's kernels read it, and in the precision of the products.
//
// int8 (Bhandare et al. 2019, section 4, with a scale for every row of both sides): a row of W and a row of x become
// integers, their largest magnitude 127:
//   w = scale_w * round(w / scale_w),  scale_w = max |w| / 127,  and so x;  y_ij = scale_x_i scale_w_j sum_l x_il w_jl
#pragma once
#include <stdint.h>

#include "tensor/products/gemm.h"
#include "tensor/tensor.h"

typedef struct Packs Packs;

// Weights are packed when they are first asked for, and must not change from then on. By the backend, where it has
// kernels for packed weights on this processor; else for kernels of our own, in float32 and, with AVX2, in int8
// (dm_gemm_choose_for_search has seen to the others).
Packs *dm_packs_create(const GemmBackend *backend, Precision precision);
void dm_packs_destroy(Packs *packs);
Precision dm_packs_precision(const Packs *packs);
const char *dm_packs_kernels(const Packs *packs);  // whose: "onednn", "own kernels"

// Of int8, x is in numbers of 16 bits, each row dm_integer_panels_width long.
bool dm_packs_take_int16(const Packs *packs);

// The backend for search: the one asked for; with "auto", one that has kernels for packed weights. Where none has, but
// there are our own, it is left with the products of long attention: the one that the model was trained with (NULL:
// nobody knows), or the first.
Status dm_gemm_choose_for_search(const GemmBackend **backend, Precision precision, const char *asked,
                                 const char *trained, Error *error);

// y [rows, count] = x W', W being `count` rows of the weight from row `first` on. x: float32, bf16, int8 or int16, as
// the packs are, rows contiguous, in bf16 dm_operand_rows(rows) of them; scales: [rows] of int8, else NULL. bias
// [count] (NULL: none) is added where that costs no pass of its own: true says so. scratch: [dm_packed_scratch(rows) *
// count]. A row of y is the same bytes whatever the other rows are, and however many. Threads may call at the same
// time.
enum { DM_PACKED_PORTION = 256 };  // rows that are multiplied at once, at most
static inline int dm_packed_scratch(int rows)
{
    return rows < DM_PACKED_PORTION ? dm_operand_rows(rows) : DM_PACKED_PORTION;
}
typedef struct PackedProduct {
    const void *x;
    const float *scales;
    int rows;
    const Tensor *weight;
    int first, count;
    float *y;
    int stride;  // of y
    const float *bias;
    float *scratch;
} PackedProduct;
bool dm_packed_multiply(Packs *packs, const PackedProduct *product);
