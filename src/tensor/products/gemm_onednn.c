// The seam to oneDNN: float32 through dnnl_sgemm, the same call in oneDNN 2 and 3, bfloat16 through matmul (oneDNN 2).
// It makes code for this processor at run time.
#ifdef DM_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>

#include "core/memory.h"
#include "core/scope.h"
#include "tensor/products/gemm.h"
#include "tensor/products/matmul_onednn.h"
#include "tensor/products/matmul_onednn.h"

#ifdef DM_HAVE_ONEDNN_MATMUL
// The library is asked, not the processor: ONEDNN_MAX_CPU_ISA may forbid it what the processor could do.
static bool has(Precision precision)
{
    static const unsigned needed[] = {[DM_PRECISION_FP32] = 0,
                                      [DM_PRECISION_BF16] = dnnl_cpu_isa_avx512_core_bf16,
                                      [DM_PRECISION_INT8] = dnnl_cpu_isa_avx512_core_vnni};
    return (needed[precision] & ~(unsigned)dnnl_get_effective_cpu_isa()) == 0;
}

// The rows of an activation differ from shard to shard, and each number of them would be another form: a multiple of
// DM_OPERAND_ROWS, and the rest.
static void multiply_bf16(const Gemm *g)
{
    MatmulForm form = {.m = g->m,
                       .n = g->n,
                       .k = g->k,
                       .lda = g->lda,
                       .ldb = g->ldb,
                       .ldc = g->ldc,
                       .transpose_a = g->transpose_a,
                       .transpose_b = g->transpose_b,
                       .add = g->beta != 0,
                       .type = DM_MATMUL_BF16};
    const int whole = g->transpose_a ? g->m : g->m / DM_OPERAND_ROWS * DM_OPERAND_ROWS;
    if ((form.m = whole)) dm_matmul(&form, g->a, g->b, g->c);
    if ((form.m = g->m - whole))
        dm_matmul(&form, (const Bf16 *)g->a + (size_t)whole * (size_t)g->lda, g->b,
                  g->c + (size_t)whole * (size_t)g->ldc);
}
#else
#define has NULL
static void multiply_bf16(const Gemm *g)
{
    (void)g;
}
#endif

// The code for products of a kind is made when the first one comes.
static void need_room_for_code(const Gemm *g)
{
    static _Thread_local unsigned seen;
    const unsigned kind = 1u << (2 * g->transpose_a + g->transpose_b);
    if (seen & kind) return;
    dm_need_room(DM_ONEDNN_ROOM);
    seen |= kind;
}

static void multiply(const GemmBackend *self, const Gemm *g)
{
    (void)self;
    need_room_for_code(g);
    if (g->precision == DM_PRECISION_BF16)
        multiply_bf16(g);
    else if (dnnl_sgemm(g->transpose_a ? 'T' : 'N', g->transpose_b ? 'T' : 'N', g->m, g->n, g->k, 1.0f, g->a, g->lda,
                        g->b, g->ldb, g->beta, g->c, g->ldc) != dnnl_success)
        dm_out_of_memory(0);  // all else that it checks, the shapes, is right
}

extern const GemmBackend dm_gemm_onednn;
const GemmBackend dm_gemm_onednn = {.name = "onednn", .multiply = multiply, .has = has};
#else
typedef int NotInThisBuild;
#endif
