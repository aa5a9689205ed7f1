// A backend that multiplies nothing: it writes down what it is asked for, and leaves zeros. What a model multiplies is
// counted by running it on this (model/operations.h).
#pragma once
#include <stddef.h>

#include "tensor/products/gemm.h"

// What a product of `rows` rows and a weight [out, in] is for:
typedef enum Pass {
    DM_PASS_FORWARD,  // y  = x W'    [rows, out], k = in
    DM_PASS_INPUT,    // dx += dy W   [rows, in],  k = out
    DM_PASS_WEIGHT,   // dW += dy' x  [out, in],   k = rows
    DM_PASS_NONE,     // C [rows, out], k = in, and no weight: both sides were computed, as in attention
} Pass;

typedef struct Counted {
    Pass pass;
    size_t weight;  // where it begins in the buffer of the parameters; of DM_PASS_NONE 0
    int rows, out, in;
    long times;
} Counted;

// Different products, in the order in which they first came.
typedef struct CountedList {
    Counted *list;
    int count, room;
} CountedList;

typedef struct CountingBackend {
    GemmBackend backend;                  // for the graph
    const float *parameters, *gradients;  // those of the graph; NULL: it has none
    size_t size;                          // floats in either
    CountedList *to;
} CountingBackend;

// Adds what it is asked for to the list, which begins as {0}, and is the caller's to free (list.list).
CountingBackend dm_counting_backend(const float *parameters, const float *gradients, size_t size, CountedList *to);

double dm_counted_flops(const Counted *counted);  // a multiplication and an addition are two
