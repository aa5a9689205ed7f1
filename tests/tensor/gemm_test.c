// The seam to the matrix libraries: every backend of this build against three loops in double.
#include "core/memory.h"
#include "tensor/check.h"

typedef struct Size {
    int m, n, k;
} Size;

static const Size sizes[] = {{1, 1, 1},    {1, 7, 3},    {5, 1, 9},     {3, 4, 1},    {7, 5, 11},
                             {16, 16, 16}, {33, 17, 65}, {64, 48, 128}, {2, 130, 129}};
enum { MARGIN = 3 };  // stored rows are so much longer than what is in them

// Element (i, j) of a stored matrix, or (j, i) where it is transposed.
static size_t at(int i, int j, int leading, bool transposed)
{
    return transposed ? (size_t)j * (size_t)leading + (size_t)i : (size_t)i * (size_t)leading + (size_t)j;
}

static float *random_matrix(Random *random, size_t size)
{
    float *matrix = dm_allocate(size, sizeof(float));
    for (size_t i = 0; i < size; i++) matrix[i] = (float)dm_random_normal(random);
    return matrix;
}

// The same matrix in bf16; its numbers become those that bf16 can hold.
static Bf16 *round_matrix(float *matrix, size_t size)
{
    Bf16 *rounded = dm_allocate(size, sizeof *rounded);
    dm_round_bf16(matrix, rounded, size);
    for (size_t i = 0; i < size; i++) matrix[i] = dm_of_bf16(rounded[i]);
    return rounded;
}

typedef struct Kind {
    bool transpose_a, transpose_b;
    float beta;
    Precision precision;
} Kind;

static void check_product(const GemmBackend *backend, Size size, Kind kind, bool nan)
{
    const bool transpose_a = kind.transpose_a, transpose_b = kind.transpose_b;
    const float beta = kind.beta;
    Random random = dm_random(1, 2, 3, 4);
    const int m = size.m, n = size.n, k = size.k;
    const int lda = (transpose_a ? m : k) + MARGIN, ldb = (transpose_b ? k : n) + MARGIN, ldc = n + MARGIN;
    float *a = random_matrix(&random, (size_t)lda * (size_t)(transpose_a ? k : m));
    float *b = random_matrix(&random, (size_t)ldb * (size_t)(transpose_b ? n : k));
    float *c = random_matrix(&random, (size_t)ldc * (size_t)m);
    Bf16 *a16 = NULL, *b16 = NULL;
    if (kind.precision == DM_PRECISION_BF16) {
        a16 = round_matrix(a, (size_t)lda * (size_t)(transpose_a ? k : m));
        b16 = round_matrix(b, (size_t)ldb * (size_t)(transpose_b ? n : k));
    }
    float *before =
        memcpy(dm_allocate((size_t)ldc * (size_t)m, sizeof(float)), c, (size_t)ldc * (size_t)m * sizeof(float));
    for (int i = 0; nan && i < m; i++)
        for (int j = 0; j < n; j++) c[at(i, j, ldc, false)] = NAN;
    backend->multiply(backend, &(Gemm){.m = m,
                                       .n = n,
                                       .k = k,
                                       .a = a16 ? (void *)a16 : a,
                                       .b = b16 ? (void *)b16 : b,
                                       .c = c,
                                       .lda = lda,
                                       .ldb = ldb,
                                       .ldc = ldc,
                                       .transpose_a = transpose_a,
                                       .transpose_b = transpose_b,
                                       .beta = beta,
                                       .precision = kind.precision});
    for (int i = 0; i < m; i++)
        for (int j = 0; j < ldc; j++) {
            double sum = before[at(i, j, ldc, false)], terms = fabs(sum);
            if (j < n) {
                sum *= beta;
                for (int l = 0; l < k; l++) {
                    double term = (double)a[at(i, l, lda, transpose_a)] * b[at(l, j, ldb, transpose_b)];
                    sum += term;
                    terms += fabs(term);
                }
            }
            // k float32 roundings of partial sums, each at most 2^-24 of the sum of the absolute terms
            double bound = j < n ? 6e-8 * (k + 1) * terms : 0;
            if (!(fabs(c[at(i, j, ldc, false)] - sum) <= bound)) {
                expect(false, "%s: [%d, %d, %d]%s%s, beta %g: element %d, %d is %g, should be %g", backend->name, m, n,
                       k, transpose_a ? ", A transposed" : "", transpose_b ? ", B transposed" : "", beta, i, j,
                       c[at(i, j, ldc, false)], sum);
                i = m - 1;
                break;
            }
        }
    expect(true, "%s", backend->name);
    dm_free(a);
    dm_free(b);
    dm_free(c);
    dm_free(before);
    dm_free(a16);
    dm_free(b16);
}

static void every_backend_multiplies(void)
{
    CU_ASSERT_PTR_NOT_NULL(dm_gemm_backends[0]);
    for (int i = 0; dm_gemm_backends[i]; i++)
        for (size_t s = 0; s < DM_COUNT(sizes); s++)
            for (int kind = 0; kind < 8; kind++)
                check_product(dm_gemm_backends[i], sizes[s],
                              (Kind){kind & 1, kind & 2, kind & 4 ? 1.0f : 0.0f, DM_PRECISION_FP32}, false);
}

static void beta_zero_overwrites_nan(void)
{
    for (int i = 0; dm_gemm_backends[i]; i++)
        for (size_t s = 0; s < DM_COUNT(sizes); s++)
            for (int kind = 0; kind < 4; kind++)
                check_product(dm_gemm_backends[i], sizes[s], (Kind){kind & 1, kind & 2, 0, DM_PRECISION_FP32}, true);
}

// The products of two bf16 numbers are exact in float32; what is rounded are the sums, as in float32.
static void backends_with_bf16_multiply_in_it(void)
{
    for (int i = 0; dm_gemm_backends[i]; i++) {
        const GemmBackend *backend = dm_gemm_backends[i];
        if (!backend->has || !backend->has(DM_PRECISION_BF16)) continue;
        for (size_t s = 0; s < DM_COUNT(sizes); s++)
            for (int kind = 0; kind < 8; kind++)
                check_product(backend, sizes[s], (Kind){kind & 1, kind & 2, kind & 4 ? 1.0f : 0.0f, DM_PRECISION_BF16},
                              false);
    }
}

static void a_backend_is_chosen_by_its_name(void)
{
    const GemmBackend *backend = NULL;
    Error error = {""};
    for (int i = 0; dm_gemm_backends[i]; i++) {
        CU_ASSERT_EQUAL(dm_gemm_choose(&backend, dm_gemm_backends[i]->name, 64, &error), DM_OK);
        CU_ASSERT_PTR_EQUAL(backend, dm_gemm_backends[i]);
    }
    CU_ASSERT_EQUAL(dm_gemm_choose(&backend, test_backend, 64, &error), DM_OK);
    CU_ASSERT_STRING_EQUAL(backend->name, test_backend);
}

static void auto_takes_one_of_those_there_are(void)
{
    static const int widths[] = {1, 7, 128, 1024};
    for (size_t w = 0; w < DM_COUNT(widths); w++) {
        const GemmBackend *backend = NULL;
        Error error = {""};
        CU_ASSERT_EQUAL(dm_gemm_choose(&backend, "auto", widths[w], &error), DM_OK);
        bool found = false;
        for (int i = 0; dm_gemm_backends[i]; i++) found |= backend == dm_gemm_backends[i];
        expect(found, "auto at width %d gave no backend of this build", widths[w]);
    }
}

static void an_unknown_backend_is_refused_by_name(void)
{
    static const char *const names[] = {"mkl", "", "OpenBLAS", "openblas "};
    for (size_t i = 0; i < DM_COUNT(names); i++) {
        const GemmBackend *backend = NULL;
        Error error = {""};
        CU_ASSERT_NOT_EQUAL(dm_gemm_choose(&backend, names[i], 64, &error), DM_OK);
        expect(strstr(error.message, names[i]) && strstr(error.message, "openblas"), "the message is: %s",
               error.message);
    }
}

const Fact facts[] = {
    FACT(every_backend_multiplies),
    FACT(beta_zero_overwrites_nan),
    FACT(backends_with_bf16_multiply_in_it),
    FACT(a_backend_is_chosen_by_its_name),
    FACT(auto_takes_one_of_those_there_are),
    FACT(an_unknown_backend_is_refused_by_name),
    {NULL, NULL},
};
