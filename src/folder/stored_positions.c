// Positions among the weights of a folder.
#include "folder/stored_positions.h"

#include <math.h>
#include <string.h>

#include "core/files.h"
#include "core/memory.h"
#include "folder/formats/format.h"
#include "model/layers/positions.h"

const char *const dm_position_tensors[3] = {"model.encoder.embed_positions.weight",
                                            "model.decoder.embed_positions.weight", NULL};

bool dm_positions_are_open(const ModelConfig *config)
{
    const ShapeRow *row = dm_shape_row(config->architecture, "positions");
    return dm_format_of_config(config)->stored_positions && row &&
           dm_shape_value(config, row) == dm_shape_index(row, dm_sine_positions.name);
}

bool dm_are_sinusoids(const StoredTensor *stored, const ModelConfig *config)
{
    static const float tolerance[] = {
        [DM_DTYPE_F32] = 1e-5f, [DM_DTYPE_F16] = 1e-3f, [DM_DTYPE_BF16] = 8e-3f, [DM_DTYPE_I8] = 8e-3f};
    const int width = config->width;
    if (stored->rank != 2 || stored->shape[1] != width) return false;
    float *values = dm_allocate(stored->elements, sizeof *values), *row = dm_allocate((size_t)width, sizeof *row);
    dm_stored_to_float(stored, values);
    bool same = true;
    for (size_t i = 0; i < stored->elements && same; i++) {
        if (i % (size_t)width == 0) dm_sinusoids((int)(i / (size_t)width), 1, width, row);
        same = fabsf(values[i] - row[i % (size_t)width]) <= tolerance[stored->dtype];
    }
    dm_free(values);
    dm_free(row);
    return same;
}

Status dm_positions_settle(ModelConfig *config, const SafeTensors *file, Error *error)
{
    Name why;
    for (int i = 0; dm_position_tensors[i] && dm_positions_are_open(config); i++) {
        const StoredTensor *stored = dm_safetensors_find(file, dm_position_tensors[i]);
        const ShapeRow *kind = dm_shape_row(config->architecture, "positions"),
                       *most = dm_shape_row(config->architecture, "max_position_embeddings");
        if (!stored || stored->rank != 2 || dm_are_sinusoids(stored, config)) continue;
        dm_shape_set(config, kind, dm_shape_index(kind, dm_learned_positions.name));
        if (stored->shape[0] >= most->low && stored->shape[0] <= most->high)
            dm_shape_set(config, most, (int)stored->shape[0]);
        if (config->architecture->misfit(config, &why))
            return dm_fail(error, "%s: tensor %s: %s", file->path, stored->name, why.text);
    }
    return DM_OK;
}

// Only where the header tells of a table is the file read.
Status dm_positions_settle_in(ModelConfig *config, const char *folder, Error *error)
{
    char *path = dm_join_path(folder, "model.safetensors");
    SafeTensors file = {0};
    bool any = false;
    Status status = DM_OK;
    if (dm_positions_are_open(config) && dm_exists(path)) status = dm_safetensors_open_header(&file, path, error);
    for (int i = 0; dm_position_tensors[i] && !status; i++)
        any |= dm_safetensors_find(&file, dm_position_tensors[i]) != NULL;
    dm_safetensors_close(&file);
    if (any) status = dm_safetensors_open(&file, path, error);
    if (any && !status) status = dm_positions_settle(config, &file, error);
    dm_safetensors_close(&file);
    dm_free(path);
    return status;
}
