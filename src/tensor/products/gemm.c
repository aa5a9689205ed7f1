// The list of matrix libraries in this build, and the choice between them.
#include "tensor/products/gemm.h"

#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "core/threads.h"

extern const GemmBackend dm_gemm_openblas, dm_gemm_onednn;

const GemmBackend *const dm_gemm_backends[] = {
#ifdef DM_HAVE_ONEDNN
    &dm_gemm_onednn,
#endif
    &dm_gemm_openblas,
    NULL,
};

// Time of one round over the products a model of this width is made of: a training layer forward, its input gradient,
// its weight gradient, and a decoding step of some hypotheses.
static double time_round(const GemmBackend *backend, int width, const float *a, const float *b, float *c)
{
    enum { ROWS = 256, HYPOTHESES = 20 };
    Gemm back = {.m = ROWS, .n = width, .k = width, .a = a, .lda = width, .b = b, .ldb = width, .c = c, .ldc = width};
    Gemm forward = back, weight = back;
    forward.transpose_b = true;
    Gemm step = forward;
    step.m = HYPOTHESES;
    weight.m = width;
    weight.k = ROWS;
    weight.transpose_a = true;
    weight.b = a;
    weight.beta = 1;
    const double begin = dm_clock();
    backend->multiply(backend, &forward);
    backend->multiply(backend, &back);
    backend->multiply(backend, &weight);
    for (int i = 0; i < 4; i++) backend->multiply(backend, &step);
    return dm_clock() - begin;
}

// The least time of some rounds counts, the backends taking turns: the first rounds pay for code that the libraries
// make at run time, others for what else the machine does. A backend takes the place of one before it in the list only
// where it is clearly faster, so that near ties always end the same way. Runs as a job of dm_parallel, on one thread,
// as all work does.
typedef struct Contest {
    int width;
    const GemmBackend *best;
} Contest;

static void compare_backends(void *context, int index, int thread)
{
    enum { ROUNDS = 16, LARGEST = 512 };
    const double clearly = 0.9;
    (void)index, (void)thread;
    Contest *contest = context;
    const int width = contest->width < LARGEST ? contest->width : LARGEST;
    size_t size = (size_t)width * (size_t)(width > 256 ? width : 256);
    float *memory = dm_allocate(3 * size, sizeof(float));
    for (size_t i = 0; i < 2 * size; i++) memory[i] = (float)(i % 7) - 3;
    double least[DM_COUNT(dm_gemm_backends)];
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; dm_gemm_backends[i]; i++) {
            double time = time_round(dm_gemm_backends[i], width, memory, memory + size, memory + 2 * size);
            if (round == 0 || time < least[i]) least[i] = time;
        }
    dm_free(memory);
    int best = 0;
    for (int i = 1; dm_gemm_backends[i]; i++)
        if (least[i] < clearly * least[best]) best = i;
    contest->best = dm_gemm_backends[best];
}

Status dm_gemm_choose(const GemmBackend **backend, const char *name, int width, Error *error)
{
    *backend = NULL;
    if (strcmp(name, "auto") == 0) {
        Contest contest = {width, NULL};
        dm_parallel(1, 1, compare_backends, &contest);
        *backend = contest.best;
        return DM_OK;
    }
    for (int i = 0; dm_gemm_backends[i]; i++)
        if (strcmp(name, dm_gemm_backends[i]->name) == 0) *backend = dm_gemm_backends[i];
    if (*backend) return DM_OK;
    bool absent = strcmp(name, "onednn") == 0;
    return dm_fail(error,
                   absent ? "this build has no %s: install libdnnl-dev and build again, or take --gemm openblas"
                          : "there is no matrix library %s: take auto, openblas or onednn",
                   name);
}

Status dm_gemm_choose_for(const GemmBackend **backend, Precision precision, const char *name, int width, Error *error)
{
    if (precision == DM_PRECISION_FP32) return dm_gemm_choose(backend, name, width, error);
    Status status = dm_gemm_choose(backend, strcmp(name, "auto") == 0 ? "onednn" : name, width, error);
    if (status) return status;
    const char *said = dm_precision_name(precision);
    if (!(*backend)->has)
        return dm_fail(error,
                       "--precision %s needs oneDNN 2, and the matrix library here is %s: take --gemm onednn, or "
                       "--precision fp32",
                       said, (*backend)->name);
    if (!(*backend)->has(precision))
        return dm_fail(error,
                       "--precision %s: this processor has no %s: take --precision fp32, which is faster here than "
                       "imitating them",
                       said,
                       precision == DM_PRECISION_BF16 ? "bfloat16 products (AVX-512 BF16 or AMX)"
                                                      : "int8 products (AVX2, AVX-512 VNNI or AMX)");
    return DM_OK;
}
