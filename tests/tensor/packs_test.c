// Products with packed weights against plain loops in double, in every precision that this processor has.
#include "tensor/check.h"

#include "core/memory.h"
#include "core/threads.h"
#include "tensor/products/integer_panels.h"
#include "tensor/products/matmul_onednn.h"
#include "tensor/products/packs.h"

static const Precision precisions[] = {DM_PRECISION_FP32, DM_PRECISION_BF16, DM_PRECISION_INT8};

// Packs of the backend under test in one of them, or NULL. With OpenBLAS they are for our own kernels.
static Packs *packs_in(Precision precision)
{
    const GemmBackend *backend;
    if (dm_gemm_choose_for_search(&backend, precision, chosen_backend()->name, NULL, NULL)) return NULL;
    return dm_packs_create(backend, precision);
}

typedef struct Case {
    int rows, count, width;
    int first;  // rows of the weight before those that are asked for
    int gap;    // between the rows of the result
} Case;

// x and the weight as the product sees them: what rounding leaves of them, as float32.
typedef struct Operands {
    Case size;
    Precision precision;
    Tensor weight;
    float *x, *rounded_x, *rounded_weight, *scales, *bias;
    void *given_x;
} Operands;

static float *random_numbers(Random *random, size_t size)
{
    float *numbers = dm_allocate(size, sizeof *numbers);
    for (size_t i = 0; i < size; i++) numbers[i] = (float)dm_random_normal(random);
    return numbers;
}

// Row by row; `given` (or NULL) and `scales` (or NULL) are how a product is given the numbers.
static float *round_rows(const float *from, int rows, int width, Precision precision, void *given, float *scales)
{
    const size_t size = (size_t)rows * (size_t)width;
    float *to = memcpy(dm_allocate(size, sizeof *to), from, size * sizeof *to);
    if (precision == DM_PRECISION_FP32 && given) memcpy(given, from, size * sizeof *to);
    for (size_t i = 0; i < size && precision == DM_PRECISION_BF16; i++) {
        const Bf16 rounded = dm_bf16(from[i]);
        to[i] = dm_of_bf16(rounded);
        if (given) ((Bf16 *)given)[i] = rounded;
    }
    int8_t *integers = dm_allocate((size_t)width, 1);
    for (int i = 0; i < rows && precision == DM_PRECISION_INT8; i++) {
        const size_t at = (size_t)i * (size_t)width;
        const float scale = dm_quantize_row(from + at, integers, width);
        for (size_t j = 0; j < (size_t)width; j++) to[at + j] = (float)integers[j] * scale;
        if (given) memcpy((int8_t *)given + at, integers, (size_t)width);
        if (scales) scales[i] = scale;
    }
    dm_free(integers);
    return to;
}

static Operands operands(Case size, Precision precision)
{
    Random random = dm_random(5, (uint32_t)size.rows, (uint32_t)size.count, (uint32_t)size.width);
    Operands o = {.size = size, .precision = precision};
    const int all = size.first + size.count;
    o.weight = (Tensor){.rows = all, .cols = size.width, .stride = size.width};
    o.weight.data = random_numbers(&random, (size_t)all * (size_t)size.width);
    o.x = random_numbers(&random, (size_t)size.rows * (size_t)size.width);
    o.bias = random_numbers(&random, (size_t)size.count);
    o.given_x = dm_allocate((size_t)dm_operand_rows(size.rows) * (size_t)size.width, sizeof(float));
    o.scales = dm_allocate((size_t)size.rows, sizeof(float));
    o.rounded_x = round_rows(o.x, size.rows, size.width, precision, o.given_x, o.scales);
    o.rounded_weight = round_rows(o.weight.data, all, size.width, precision, NULL, NULL);
    return o;
}

static void free_operands(Operands *o)
{
    dm_free(o->weight.data);
    dm_free(o->x);
    dm_free(o->given_x);
    dm_free(o->scales);
    dm_free(o->bias);
    dm_free(o->rounded_x);
    dm_free(o->rounded_weight);
}

static int16_t *widened(const Operands *o)
{
    const size_t from = (size_t)o->size.width, to = (size_t)dm_integer_panels_width(o->size.width);
    int16_t *x = dm_allocate((size_t)o->size.rows * to, sizeof *x);
    for (size_t i = 0; i < (size_t)o->size.rows; i++)
        for (size_t j = 0; j < from; j++) x[i * to + j] = ((const int8_t *)o->given_x)[i * from + j];
    return x;
}

// x W' + bias [rows, count + gap], what lies in the gaps being NaN at first.
static float *multiply(Packs *packs, const Operands *o)
{
    const Case *s = &o->size;
    int16_t *wide = dm_packs_take_int16(packs) ? widened(o) : NULL;
    const int stride = s->count + s->gap;
    float *y = dm_allocate((size_t)s->rows * (size_t)stride, sizeof *y);
    for (int i = 0; i < s->rows * stride; i++) y[i] = NAN;
    float *scratch = dm_allocate((size_t)dm_packed_scratch(s->rows) * (size_t)s->count, sizeof *scratch);
    const bool biased =
        dm_packed_multiply(packs, &(PackedProduct){.x = wide ? wide : o->given_x,
                                                   .scales = o->precision == DM_PRECISION_INT8 ? o->scales : NULL,
                                                   .rows = s->rows,
                                                   .weight = &o->weight,
                                                   .first = s->first,
                                                   .count = s->count,
                                                   .y = y,
                                                   .stride = stride,
                                                   .bias = o->bias,
                                                   .scratch = scratch});
    for (int i = 0; i < s->rows && !biased; i++)
        for (int j = 0; j < s->count; j++) y[i * stride + j] += o->bias[j];
    dm_free(scratch);
    dm_free(wide);
    return y;
}

// Products of rounded numbers: of two bf16 numbers they are exact, so what is left is the rounding of float32 sums; the
// sums of int8 are exact, and four roundings follow: to float32, of the scales' product, of the two multiplied. Then
// the bias is added.
static void check_result(const Operands *o, const float *y)
{
    const Case *s = &o->size;
    for (int i = 0; i < s->rows; i++)
        for (int j = 0; j < s->count + s->gap; j++) {
            const float got = y[i * (s->count + s->gap) + j];
            if (j >= s->count) {
                if (!isnan(got)) expect(false, "row %d: the gap was written to", i);
                continue;
            }
            double sum = 0, terms = 0;
            for (int l = 0; l < s->width; l++) {
                const double term =
                    (double)o->rounded_x[i * s->width + l] * (double)o->rounded_weight[(s->first + j) * s->width + l];
                sum += term;
                terms += fabs(term);
            }
            const double bias = (double)o->bias[j],
                         bound = 6e-8 * fabs(sum + bias) + (o->precision == DM_PRECISION_INT8
                                                                ? 4 * 6e-8 * fabs(sum) + 1e-12 * terms
                                                                : 6e-8 * (s->width + 1) * terms);
            if (fabs((double)got - (sum + bias)) <= bound) continue;
            expect(false, "%s [%d, %d, %d]: element %d, %d is %g, should be %g", dm_precision_name(o->precision),
                   s->rows, s->count, s->width, i, j, (double)got, sum + bias);
            return;
        }
    expect(true, "%s", "as it should be");
}

static void packed_products_are_those_of_the_rounded_numbers(void)
{
    static const int rows[] = {1, 2, 15, 17, 100, 300}, counts[] = {1, 7, 33, 97, 130}, widths[] = {1, 3, 24, 65, 129};
    for (size_t p = 0; p < DM_COUNT(precisions); p++) {
        Packs *packs = packs_in(precisions[p]);
        Operands kept[DM_COUNT(rows) * DM_COUNT(counts) * DM_COUNT(widths)];  // packs know weights by where they lie
        size_t made = 0;
        for (size_t i = 0; packs && i < DM_COUNT(kept); i++) {
            const Case size = {.rows = rows[i % DM_COUNT(rows)],
                               .count = counts[i / DM_COUNT(rows) % DM_COUNT(counts)],
                               .width = widths[i / DM_COUNT(rows) / DM_COUNT(counts)],
                               .first = i % 2 ? 3 : 0,
                               .gap = i % 3 ? 0 : 5};
            kept[made++] = operands(size, precisions[p]);
            float *y = multiply(packs, &kept[i]);
            check_result(&kept[i], y);
            dm_free(y);
        }
        while (made) free_operands(&kept[--made]);
        dm_packs_destroy(packs);
    }
}

// Sizes of weights of toy, tiny and base and of slices of the vocabulary, and others where kernels may change.
static const int model_sizes[] = {33, 64, 97, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048};

// On AMX, int8 weights in the layout for many rows would: of products of one row of [256, 256], say.
static void no_packed_product_of_few_rows_runs_in_reference_code(void)
{
    enum { ROWS = 64, SIZES = DM_COUNT(model_sizes) };
    static const MatmulType types[] = {
        [DM_PRECISION_FP32] = DM_MATMUL_F32, [DM_PRECISION_BF16] = DM_MATMUL_BF16, [DM_PRECISION_INT8] = DM_MATMUL_S8};
    for (size_t p = 0; p < DM_COUNT(precisions); p++) {
        Packs *packs = packs_in(precisions[p]);
        const bool library = packs && strcmp(dm_packs_kernels(packs), "onednn") == 0;
        for (size_t i = 0; library && i < SIZES * SIZES; i++) {
            const int n = model_sizes[i / SIZES], k = model_sizes[i % SIZES];
            int slow = 0;
            for (int rows = ROWS; rows; rows--) {
                const MatmulForm form = {
                    .m = rows, .n = n, .k = k, .lda = k, .ldc = n, .type = (int)types[precisions[p]]};
                if (dm_matmul_is_reference(&form)) slow = rows;
            }
            expect(!slow, "%s [%d, %d]: reference code for %d rows", dm_precision_name(precisions[p]), n, k, slow);
        }
        dm_packs_destroy(packs);
    }
}

// Whichever kernel makes it, and whatever has to be added for it. Weights of toy, tiny and base, slices of the
// vocabulary that are left over, and others where oneDNN's kernels change.
static void a_row_depends_on_no_other_row(void)
{
    enum { MOST = 300 };
    static const int sizes[][2] = {{128, 128}, {256, 128}, {128, 256},  {384, 128},  {512, 128},   {176, 128},
                                   {256, 256}, {512, 512}, {2048, 512}, {512, 2048}, {1024, 1024}, {8, 128},
                                   {16, 64},   {17, 64},   {19, 512},   {24, 128},   {40, 256},    {33, 65}};
    static const int rows[] = {1, 2, 3, 4, 7, 12, 15, 16, 20, 33, 48, 64, 80, 128, 200, 256};
    for (size_t i = 0; i < DM_COUNT(precisions) * DM_COUNT(sizes); i++) {
        const Precision precision = precisions[i / DM_COUNT(sizes)];
        const int *size = sizes[i % DM_COUNT(sizes)];
        Packs *packs = packs_in(precision);
        if (!packs) continue;
        Operands few = operands((Case){.rows = MOST, .count = size[0], .width = size[1]}, precision);
        float *of_many = multiply(packs, &few);
        int other = 0;
        for (size_t r = 0; r < DM_COUNT(rows); r++) {
            few.size.rows = rows[r];
            float *y = multiply(packs, &few);
            if (memcmp(y, of_many, (size_t)(rows[r] * size[0]) * sizeof *y) != 0) other = rows[r];
            dm_free(y);
        }
        expect(!other, "%s [%d, %d]: %d rows are not the first of %d", dm_precision_name(precision), size[0], size[1],
               other, MOST);
        dm_free(of_many);
        free_operands(&few);
        dm_packs_destroy(packs);
    }
}

enum { ASKING = 64 };

typedef struct Together {
    Packs *packs;
    const Operands *operands;
    float *y[ASKING];
} Together;

static void ask(void *context, int index, int thread)
{
    (void)thread;
    Together *together = context;
    together->y[index] = multiply(together->packs, together->operands);
}

static void threads_may_ask_for_the_same_weight_at_once(void)
{
    for (size_t p = 0; p < DM_COUNT(precisions); p++) {
        Packs *packs = packs_in(precisions[p]);
        if (!packs) continue;
        Operands o = operands((Case){.rows = 9, .count = 70, .width = 33}, precisions[p]);
        Together together = {.packs = packs, .operands = &o};
        dm_parallel(4, ASKING, ask, &together);
        for (int i = 0; i < ASKING; i++) {
            check_result(&o, together.y[i]);
            CU_ASSERT_EQUAL(memcmp(together.y[i], together.y[0], (size_t)(9 * 70) * sizeof(float)), 0);
        }
        for (int i = 0; i < ASKING; i++) dm_free(together.y[i]);
        dm_packs_destroy(packs);
        free_operands(&o);
    }
}

// More than any model of today has: the table grows, and finds those that it had.
static void the_table_of_packs_has_no_end(void)
{
    enum { MANY = 6000, WIDTH = 16 };
    Packs *packs = packs_in(DM_PRECISION_FP32);
    Tensor weight = {
        .rows = MANY, .cols = WIDTH, .stride = WIDTH, .data = dm_allocate((size_t)MANY * WIDTH, sizeof(float))};
    for (int i = 0; i < MANY; i++) weight.data[i * WIDTH] = (float)i;
    const float x[WIDTH] = {1};
    int wrong = 0;
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < MANY; i++) {
            float y = -1;
            dm_packed_multiply(
                packs,
                &(PackedProduct){.x = x, .rows = 1, .weight = &weight, .first = i, .count = 1, .y = &y, .stride = 1});
            wrong += y != (float)i;
        }
    CU_ASSERT_EQUAL(wrong, 0);
    dm_packs_destroy(packs);
    dm_free(weight.data);
}

const Fact facts[] = {
    FACT(packed_products_are_those_of_the_rounded_numbers),
    FACT(no_packed_product_of_few_rows_runs_in_reference_code),
    FACT(a_row_depends_on_no_other_row),
    FACT(threads_may_ask_for_the_same_weight_at_once),
    FACT(the_table_of_packs_has_no_end),
    {NULL, NULL},
};
