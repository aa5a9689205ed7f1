// The seam to oneDNN: dnnl_sgemm, the same call in oneDNN 2 and 3. It makes code for this processor at run time.
#ifdef DM_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>

#include "tensor/gemm.h"

static void multiply(const Gemm *g)
{
    dnnl_sgemm(g->transpose_a ? 'T' : 'N', g->transpose_b ? 'T' : 'N', g->m, g->n, g->k, 1.0f, g->a, g->lda, g->b,
               g->ldb, g->beta, g->c, g->ldc);
}

extern const GemmBackend dm_gemm_onednn;
const GemmBackend dm_gemm_onednn = {"onednn", multiply};
#else
typedef int NotInThisBuild;
#endif
