// The layout of a file of weights.
#include "folder/layout.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"

static LaidOut laid_out(const Parameters *p, int first, int count, bool transposed)
{
    const Parameter *at = p->list + first;
    LaidOut tensor = {.first = first, .count = count, .rank = at->rank, .transposed = transposed && at->rank == 2};
    int64_t rows = 0, cols = 0;
    for (int i = 0; i < count; i++) rows += at[i].tensor.rows, cols += at[i].tensor.cols;
    tensor.shape[0] = at->rank == 1 ? cols : tensor.transposed ? at->tensor.cols : rows;
    tensor.shape[1] = tensor.transposed ? rows : at->tensor.cols;
    return tensor;
}

bool dm_layout_has(const ModelConfig *config, const Parameter *parameter)
{
    const Format *format = dm_format_of_config(config);
    Name name = {"?"};
    if (format->tensors) dm_format_tensor(format, config, parameter->name, &name);
    return !parameter->absent && *name.text;
}

Layout dm_layout_of(const ModelConfig *config, const Parameters *p)
{
    Layout layout = {.format = dm_format_of_config(config),
                     .list = dm_allocate((size_t)p->count, sizeof *layout.list),
                     .whole = true};
    for (int i = 0; i < p->count;) {
        Name name = dm_name("%s", p->list[i].name);
        const FormatTensor *row =
            layout.format->tensors ? dm_format_tensor(layout.format, config, p->list[i].name, &name) : NULL;
        if (!dm_layout_has(config, p->list + i)) {
            layout.whole = false;
            i++;
            continue;
        }
        assert(row || !layout.format->tensors);
        const int joined = row && row->joined ? row->joined : 1;
        LaidOut *tensor = layout.list + layout.count++;
        *tensor = laid_out(p, i, joined, row && row->transposed);
        tensor->name = name;
        if (layout.format->added_to && strcmp(p->list[i].name, layout.format->added_to) == 0)
            tensor->added = layout.format->added;
        i += joined;
    }
    return layout;
}

void dm_layout_free(Layout *layout)
{
    dm_free(layout->list);
    *layout = (Layout){0};
}

// [rows, cols] -> [cols, rows]
static void transpose(const float *from, float *to, int64_t rows, int64_t cols)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) to[j * rows + i] = from[i * cols + j];
}

void dm_laid_out_read(const LaidOut *tensor, const Parameters *p, const StoredTensor *stored, float *data)
{
    float *to = data + p->list[tensor->first].offset;
    if (!tensor->transposed) {
        dm_stored_to_float(stored, to);
        return;
    }
    float *values = dm_allocate(stored->elements, sizeof *values);
    dm_stored_to_float(stored, values);
    transpose(values, to, tensor->shape[0], tensor->shape[1]);
    dm_free(values);
}

TensorToStore dm_laid_out_to_store(const LaidOut *tensor, const Parameters *p, const float *data, float **memory)
{
    const float *from = data + p->list[tensor->first].offset;
    TensorToStore stored = {
        .name = tensor->name.text, .rank = tensor->rank, .shape = {tensor->shape[0], tensor->shape[1]}, .data = from};
    *memory = NULL;
    if (!tensor->transposed) return stored;
    stored.data = *memory = dm_allocate((size_t)(tensor->shape[0] * tensor->shape[1]), sizeof **memory);
    transpose(from, *memory, tensor->shape[1], tensor->shape[0]);
    return stored;
}

// ---- What is added --------------------------------------------------------------------------------------------------

void dm_laid_out_add(const LaidOut *tensor, const Parameters *p, const StoredTensor *stored, float *data)
{
    float *rows = dm_allocate(stored->elements, sizeof *rows), *to = data + p->list[tensor->first].offset;
    dm_stored_to_float(stored, rows);
    for (int64_t i = 0; i < tensor->shape[0]; i++)
        for (int64_t j = 0; j < tensor->shape[1]; j++) to[i * tensor->shape[1] + j] += rows[j];
    dm_free(rows);
}

int dm_layout_added(const Layout *layout, TensorToStore *tensors, float **memory)
{
    int64_t widest = 0;
    int count = 0;
    for (int i = 0; i < layout->count; i++)
        if (layout->list[i].added && layout->list[i].shape[1] > widest) widest = layout->list[i].shape[1];
    *memory = dm_allocate(DM_ADDED_ROWS * (size_t)widest, sizeof **memory);
    for (int i = 0; i < layout->count; i++)
        if (layout->list[i].added)
            tensors[count++] = (TensorToStore){.name = layout->list[i].added,
                                               .rank = 2,
                                               .shape = {DM_ADDED_ROWS, layout->list[i].shape[1]},
                                               .data = *memory};
    return count;
}
