// For test programs that multiply: the matrix library that this run is about.
#pragma once
#include "test.h"

#include "tensor/products/gemm.h"

static inline const GemmBackend *chosen_backend(void)
{
    const GemmBackend *backend = NULL;
    Error error = {""};
    if (dm_gemm_choose(&backend, test_backend, 64, &error)) {
        fprintf(stderr, "%s\n", error.message);
        exit(EXIT_FAILURE);
    }
    return backend;
}
