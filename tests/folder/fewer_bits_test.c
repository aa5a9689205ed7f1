// Weights in fewer bits: near the weights they were made of, exact from then on, and read by everything.
#include "folder/fewer_bits.h"

#include <math.h>

#include "core/random.h"
#include "core/scratch.h"
#include "folder/opened.h"
#include "test.h"

#define GOLDEN TEST_DATA "/golden/marian/"

// The model, stored in a folder with matrices of this type, and opened again.
static Model *stored_as(const Model *model, Dtype dtype, const char *name)
{
    char folder[256], path[300];
    snprintf(folder, sizeof folder, "%s", scratch(name));
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&model->config, NULL, folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_weights_quantize(model, dtype, path, NULL), DM_OK);
    return opened(folder);
}

// Whether two models have the same weights, bit for bit (0 and -0 are the same number).
static bool alike(const Model *a, const Model *b)
{
    for (size_t i = 0; i < a->parameters.size; i++)
        if (a->parameters.data[i] != b->parameters.data[i]) return false;
    return true;
}

static void a_row_of_int8_is_exact_and_gives_itself_again(void)
{
    enum { COUNT = 50 };
    Random random = dm_random(3, 0, 0, 0);
    for (int round = 0; round < 2000; round++) {
        float row[COUNT], exact[COUNT], largest = 0;
        int8_t first[COUNT], second[COUNT];
        const double size = pow(10, 60 * dm_random_uniform(&random) - 35);
        for (int i = 0; i < COUNT; i++) {
            row[i] = (float)(size * dm_random_normal(&random));
            largest = fmaxf(largest, fabsf(row[i]));
        }
        const float scale = dm_quantize_row(row, first, COUNT);
        CU_ASSERT(largest / scale <= 127 && largest / scale > 126.99f);
        for (int i = 0; i < COUNT; i++) {
            exact[i] = (float)first[i] * scale;
            CU_ASSERT((double)exact[i] == (double)first[i] * (double)scale);
            CU_ASSERT(fabs((double)row[i] - (double)exact[i]) <= 0.5001 * (double)scale);
        }
        CU_ASSERT(dm_quantize_row(exact, second, COUNT) == scale);
        CU_ASSERT_EQUAL(memcmp(first, second, sizeof first), 0);
    }
    const float zeros[3] = {0, -0.0f, 0};
    int8_t to[3] = {1, 1, 1};
    CU_ASSERT(dm_quantize_row(zeros, to, 3) == 0 && !to[0] && !to[1] && !to[2]);
}

static void every_matrix_of_int8_is_near_what_it_was_and_all_else_the_same(void)
{
    static const char *const folders[] = {"shared-swish", "separate", "untied"};
    for (size_t f = 0; f < DM_COUNT(folders); f++) {
        char path[512];
        snprintf(path, sizeof path, GOLDEN "%s", folders[f]);
        Model *model = opened(path), *small = stored_as(model, DM_DTYPE_I8, "int8"),
              *smaller = stored_as(small, DM_DTYPE_I8, "int8-again");
        const Parameters *p = &model->parameters;
        for (int i = 0; i < p->count; i++) {
            const Tensor *a = &p->list[i].tensor, *b = &small->parameters.list[i].tensor;
            for (int r = 0; r < a->rows; r++) {
                double largest = 0, farthest = 0;
                for (int c = 0; c < a->cols; c++) {
                    const double x = (double)a->data[r * a->cols + c], y = (double)b->data[r * a->cols + c];
                    largest = fmax(largest, fabs(x));
                    farthest = fmax(farthest, fabs(x - y));
                }
                if (p->list[i].full) CU_ASSERT(farthest == 0);
                CU_ASSERT(farthest <= largest / 253);
            }
        }
        CU_ASSERT(!alike(model, small));
        CU_ASSERT(alike(small, smaller));
        CU_ASSERT(model->stored == DM_PRECISION_FP32);
        CU_ASSERT(small->stored == DM_PRECISION_INT8);
        dm_model_destroy(model);
        dm_model_destroy(small);
        dm_model_destroy(smaller);
    }
}

// transformers made the folder "bfloat" of "half"'s kind: what it holds is bfloat16 already.
static void bfloat_is_rounded_to_the_nearest_and_kept_as_it_is(void)
{
    Model *model = opened(GOLDEN "shared-relu"), *small = stored_as(model, DM_DTYPE_BF16, "bf16");
    for (size_t i = 0; i < model->parameters.size; i++) {
        const double x = (double)model->parameters.data[i], y = (double)small->parameters.data[i];
        CU_ASSERT(fabs(x - y) <= fabs(x) / 256);
    }
    CU_ASSERT(!alike(model, small));
    CU_ASSERT(small->stored == DM_PRECISION_BF16);
    Model *bfloat = opened(GOLDEN "bfloat"), *again = stored_as(bfloat, DM_DTYPE_BF16, "bf16-again");
    CU_ASSERT(alike(bfloat, again));
    CU_ASSERT(bfloat->stored == DM_PRECISION_BF16);
    dm_model_destroy(model);
    dm_model_destroy(small);
    dm_model_destroy(bfloat);
    dm_model_destroy(again);
}

static void ties_are_rounded_to_the_even_bfloat(void)
{
    Model *model = opened(GOLDEN "shared-relu");
    float *w = model->parameters.data;
    w[0] = 1 + 0x1p-8f, w[1] = 1 + 3 * 0x1p-8f, w[2] = 1 + 0x1p-8f + 0x1p-20f, w[3] = -1 - 0x1p-9f;
    Model *small = stored_as(model, DM_DTYPE_BF16, "ties");
    const float *s = small->parameters.data;
    CU_ASSERT(s[0] == 1 && s[1] == 1 + 4 * 0x1p-8f && s[2] == 1 + 0x1p-7f && s[3] == -1);
    dm_model_destroy(model);
    dm_model_destroy(small);
}

static void what_we_write_is_used_as_it_is_and_never_changed_through_it(void)
{
    Model *model = opened(GOLDEN "shared-relu");
    CU_ASSERT_PTR_NULL(model->parameters.place.data);  // in another order
    Model *taken = stored_as(model, DM_DTYPE_BF16, "taken");
    CU_ASSERT_PTR_NULL(taken->parameters.place.data);  // not float32
    char folder[256];
    snprintf(folder, sizeof folder, "%s", scratch("taken"));
    CU_ASSERT_EQUAL_FATAL(dm_weights_write(model, NULL, scratch("taken/model.safetensors"), NULL), DM_OK);
    dm_model_destroy(taken);
    taken = opened(folder);
    CU_ASSERT_PTR_NOT_NULL(taken->parameters.place.data);
    CU_ASSERT(alike(model, taken));
    for (size_t i = 0; i < taken->parameters.size; i++) taken->parameters.data[i] = 3;
    Model *other = opened(folder);
    CU_ASSERT(alike(model, other));
    // A file that takes the other's place, as training puts it there, changes nothing of what is open.
    CU_ASSERT_EQUAL(dm_weights_write(taken, NULL, scratch("taken/model.safetensors"), NULL), DM_OK);
    CU_ASSERT(alike(model, other));
    dm_model_destroy(model);
    dm_model_destroy(taken);
    dm_model_destroy(other);
}

const Fact facts[] = {
    FACT(a_row_of_int8_is_exact_and_gives_itself_again),
    FACT(every_matrix_of_int8_is_near_what_it_was_and_all_else_the_same),
    FACT(bfloat_is_rounded_to_the_nearest_and_kept_as_it_is),
    FACT(ties_are_rounded_to_the_even_bfloat),
    FACT(what_we_write_is_used_as_it_is_and_never_changed_through_it),
    {NULL, NULL},
};
