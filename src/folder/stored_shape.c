// The shape of a model by its weights.
#include "folder/stored_shape.h"

#include "core/files.h"
#include "core/memory.h"
#include "folder/formats/format.h"
#include "folder/stored_positions.h"

static bool heads_are_open(const ModelConfig *config)
{
    return config->ahead && dm_format_key(dm_format_of_config(config), "ahead");
}

static void settle_heads(ModelConfig *config, const SafeTensors *file)
{
    Name name;
    if (!heads_are_open(config)) return;
    dm_format_tensor(dm_format_of_config(config), config, "model.ahead.0.eh_proj.weight", &name);
    if (dm_safetensors_find(file, name.text)) return;
    config->ahead = config->ahead_form = 0;
}

Status dm_stored_shape_settle(ModelConfig *config, const SafeTensors *file, Error *error)
{
    settle_heads(config, file);
    return dm_positions_settle(config, file, error);
}

Status dm_stored_shape_settle_in(ModelConfig *config, const char *folder, Error *error)
{
    char *path = dm_join_path(folder, "model.safetensors");
    SafeTensors file = {0};
    Status status = DM_OK;
    if (heads_are_open(config) && dm_exists(path)) {
        status = dm_safetensors_open_header(&file, path, error);
        if (!status) settle_heads(config, &file);
        dm_safetensors_close(&file);
    }
    dm_free(path);
    return status ? status : dm_positions_settle_in(config, folder, error);
}
