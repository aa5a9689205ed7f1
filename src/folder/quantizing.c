// dm_quantize: the folder of a model once more, its weights in fewer bits.
#include <stdlib.h>

#include "core/files.h"
#include "core/json.h"
#include "folder/folder.h"
#include "folder/fewer_bits.h"
#include "text/segmenter.h"

// A folder that holds a model already is left alone: it may be the one that is read.
static Status make_output(const char *folder, Error *error)
{
    char *config = dm_join_path(folder, "config.json"), *weights = dm_join_path(folder, "model.safetensors");
    Status status = dm_make_folder(folder, error);
    if (!status && (dm_exists(config) || dm_exists(weights)))
        status = dm_fail(error, "%s holds a model already: give another --output, or remove that folder first", folder);
    free(config);
    free(weights);
    return status;
}

static Status copy_file(const char *from, const char *to, const char *name, Error *error)
{
    char *source = dm_join_path(from, name), *target = dm_join_path(to, name), *bytes = NULL;
    size_t size;
    Status status = DM_OK;
    if (dm_exists(source)) {
        status = dm_read_file(source, &bytes, &size, error);
        if (!status) status = dm_write_file(target, bytes, size, error);
    }
    free(bytes);
    free(source);
    free(target);
    return status;
}

// int8 is declared in the words of compressed-tensors, which has the same tensors (weight, weight_scale): transformers
// would otherwise take the numbers for the weights, and now asks for that package. bfloat16 needs no declaration.
static Status write_config(const char *from, const char *to, bool int8, Error *error)
{
    char *source = dm_join_path(from, "config.json"), *target = dm_join_path(to, "config.json");
    JsonFile file;
    if (!dm_json_open(&file, source, error)) {
        cJSON_DeleteItemFromObjectCaseSensitive(file.json, "quantization_config");
        if (int8)
            cJSON_AddItemToObject(file.json, "quantization_config",
                                  cJSON_Parse("{\"quant_method\": \"compressed-tensors\", \"format\": "
                                              "\"int-quantized\", \"config_groups\": {\"group_0\": {\"targets\": "
                                              "[\"Linear\", \"Embedding\"], \"weights\": {\"num_bits\": 8, \"type\": "
                                              "\"int\", \"symmetric\": true, \"strategy\": \"channel\"}}}}"));
        file.status = dm_json_write(target, file.json, error);
        file.json = NULL;
    }
    dm_json_close(&file);
    free(source);
    free(target);
    return file.status;
}

dm_status dm_quantize(const dm_options *options, dm_error *error)
{
    const char *from = dm_options_text(options, "model", 0), *to = dm_options_text(options, "output", 0);
    const Dtype dtype = dm_dtype_of_precision(dm_precision(dm_options_text(options, "precision", 0)));
    Model *model = NULL;
    Status status = dm_model_read(&model, NULL, from, error);
    if (status) return status;
    char *weights = dm_join_path(to, "model.safetensors");
    status = make_output(to, error);
    if (!status) status = dm_segmenter_copy(from, to, error);
    if (!status) status = copy_file(from, to, "generation_config.json", error);
    if (!status) status = copy_file(from, to, "train.jsonl", error);
    if (!status) status = copy_file(from, to, "vmap.txt", error);
    if (!status) status = dm_weights_quantize(model, dtype, weights, error);
    if (!status) status = write_config(from, to, dtype == DM_DTYPE_I8, error);  // last: with it, all is there
    dm_model_destroy(model);
    free(weights);
    return status;
}
