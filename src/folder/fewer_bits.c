// Weights in fewer bits: bfloat16, or int8 with a scale for each row of a matrix of the file, which is an output of a
// layer or a piece of the vocabulary; where the format has matrices transposed, an input.
#include "folder/fewer_bits.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"
#include "folder/layout.h"

// ---- The file -------------------------------------------------------------------------------------------------------

typedef struct Quantized {
    TensorToStore *tensors;  // those of float32 first, so that all data are aligned
    int count;
    void **memory;  // [blocks] behind some of them
    int blocks;
} Quantized;

static void *keep(Quantized *q, size_t count, size_t size)
{
    return q->memory[q->blocks++] = dm_allocate(count, size);
}

// A matrix in fewer bits at `at`; of int8, its scale is added behind the tensors that are there.
static void add_matrix(Quantized *q, TensorToStore *at, Dtype dtype)
{
    const size_t rows = (size_t)at->shape[0], cols = (size_t)at->shape[1];
    const float *from = at->data;
    at->dtype = dtype;
    if (dtype == DM_DTYPE_BF16) {
        uint16_t *to = keep(q, rows * cols, sizeof *to);
        for (size_t i = 0; i < rows * cols; i++) to[i] = dm_bf16(from[i]);
        at->data = to;
        return;
    }
    int8_t *to = keep(q, rows * cols, sizeof *to);
    float *scale = keep(q, rows, sizeof *scale);
    for (size_t i = 0; i < rows; i++) scale[i] = dm_quantize_row(from + i * cols, to + i * cols, (int)cols);
    at->data = to;
    char *name = dm_format("%s_scale", at->name);
    q->memory[q->blocks++] = name;
    q->tensors[q->count++] =
        (TensorToStore){.name = name, .dtype = DM_DTYPE_F32, .rank = 2, .shape = {(int64_t)rows, 1}, .data = scale};
}

Status dm_weights_quantize(const Model *model, Dtype dtype, const char *path, Error *error)
{
    assert(dtype == DM_DTYPE_BF16 || dtype == DM_DTYPE_I8);
    const Parameters *p = &model->parameters;
    Layout layout = dm_layout_of(&model->config, p);
    const int count = layout.count;
    Quantized q = {.tensors = dm_allocate(4 * (size_t)count, sizeof *q.tensors),
                   .memory = dm_allocate(4 * (size_t)count + 1, sizeof *q.memory)};
    TensorToStore *matrices = q.tensors + 3 * count;  // [matrix_count], for now
    int matrix_count = 0;
    for (int i = 0; i < count; i++) {
        float *memory;
        const TensorToStore tensor = dm_laid_out_to_store(layout.list + i, p, p->data, &memory);
        if (memory) q.memory[q.blocks++] = memory;
        if (p->list[layout.list[i].first].full)
            q.tensors[q.count++] = tensor;
        else
            matrices[matrix_count++] = tensor;
    }
    float *zeros;
    q.count += dm_layout_added(&layout, q.tensors + q.count, &zeros);
    q.memory[q.blocks++] = zeros;
    for (int i = 0; i < matrix_count; i++) add_matrix(&q, matrices + i, dtype);
    memmove(q.tensors + q.count, matrices, (size_t)matrix_count * sizeof *matrices);
    Status status = dm_safetensors_write(path, q.tensors, q.count + matrix_count, NULL, error);
    for (int i = 0; i < q.blocks; i++) dm_free(q.memory[i]);
    dm_free(q.memory);
    dm_free(q.tensors);
    dm_layout_free(&layout);
    return status;
}
