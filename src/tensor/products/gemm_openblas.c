// The seam to OpenBLAS.
#include <cblas.h>

#include "tensor/products/gemm.h"

// Work is split by shards, never inside a product. The OpenMP build of OpenBLAS stays on the calling thread inside
// dm_parallel; the pthread build, which the system may have put under us, has to be told.
__attribute__((constructor)) static void stay_on_one_thread(void)
{
    enum { OPENMP_BUILD = 2 };
    if (openblas_get_parallel() != OPENMP_BUILD) openblas_set_num_threads(1);
}

static void multiply(const GemmBackend *self, const Gemm *g)
{
    (void)self;
    cblas_sgemm(CblasRowMajor, g->transpose_a ? CblasTrans : CblasNoTrans, g->transpose_b ? CblasTrans : CblasNoTrans,
                g->m, g->n, g->k, 1.0f, g->a, g->lda, g->b, g->ldb, g->beta, g->c, g->ldc);
}

extern const GemmBackend dm_gemm_openblas;
const GemmBackend dm_gemm_openblas = {.name = "openblas", .multiply = multiply};
