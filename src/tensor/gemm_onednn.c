// The seam to oneDNN: dnnl_sgemm, the same call in oneDNN 2 and 3. It makes code for this processor at run time.
#ifdef DM_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>

#include <stdio.h>

#include "tensor/gemm.h"

static const char *version(void)
{
    static char text[32];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
    return text;
}

static void multiply(const Gemm *g)
{
    dnnl_sgemm(g->transpose_a ? 'T' : 'N', g->transpose_b ? 'T' : 'N', g->m, g->n, g->k, 1.0f, g->a, g->lda, g->b,
               g->ldb, g->beta, g->c, g->ldc);
}

extern const GemmBackend dm_gemm_onednn;
const GemmBackend dm_gemm_onednn = {"onednn", version, multiply};
#else
typedef int NotInThisBuild;
#endif
