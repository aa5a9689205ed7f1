// The seam to OpenBLAS.
#include <cblas.h>

#include "core/memory.h"
#include "tensor/products/gemm.h"

// Work is split by shards, never inside a product. The OpenMP build of OpenBLAS stays on the calling thread inside
// dm_parallel; the pthread build, which the system may have put under us, has to be told.
__attribute__((constructor)) static void stay_on_one_thread(void)
{
    enum { OPENMP_BUILD = 2 };
    if (openblas_get_parallel() != OPENMP_BUILD) openblas_set_num_threads(1);
}

// OpenBLAS asks the system for a buffer again and again until it gets one: 128 MiB, for as many threads as call it at
// once. It keeps them, so that the first call of a thread tells.
static void need_room_for_buffer(void)
{
    enum { BUFFER = (1 << 27) + (1 << 20) };
    static _Thread_local bool has_called;
    if (has_called) return;
    dm_need_room(BUFFER);
    has_called = true;
}

static void multiply(const GemmBackend *self, const Gemm *g)
{
    (void)self;
    need_room_for_buffer();
    cblas_sgemm(CblasRowMajor, g->transpose_a ? CblasTrans : CblasNoTrans, g->transpose_b ? CblasTrans : CblasNoTrans,
                g->m, g->n, g->k, 1.0f, g->a, g->lda, g->b, g->ldb, g->beta, g->c, g->ldc);
}

extern const GemmBackend dm_gemm_openblas;
const GemmBackend dm_gemm_openblas = {.name = "openblas", .multiply = multiply};
