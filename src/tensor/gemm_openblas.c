// The seam to OpenBLAS.
#include <cblas.h>

#include "tensor/gemm.h"

// Work is split by shards, never inside a product: one thread, whichever build of OpenBLAS the system put under us
// (the pthread build would otherwise start threads of its own inside ours).
__attribute__((constructor)) static void stay_on_one_thread(void)
{
    openblas_set_num_threads(1);
}

static void multiply(const Gemm *g)
{
    cblas_sgemm(CblasRowMajor, g->transpose_a ? CblasTrans : CblasNoTrans, g->transpose_b ? CblasTrans : CblasNoTrans,
                g->m, g->n, g->k, 1.0f, g->a, g->lda, g->b, g->ldb, g->beta, g->c, g->ldc);
}

extern const GemmBackend dm_gemm_openblas;
const GemmBackend dm_gemm_openblas = {"openblas", multiply};
