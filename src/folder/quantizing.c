// dm_quantize: the folder of a model once more, its weights in fewer bits.

#include "core/files.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/scope.h"
#include "folder/fewer_bits.h"
#include "folder/folder_files.h"
#include "folder/folder_guard.h"
#include "folder/folder.h"
#include "options/options.h"
#include "text/segmenter.h"

// A folder that holds a model already is left alone: it may be the one that is read.
static Status make_output(int *lock, const char *folder, Error *error)
{
    Status status = dm_folder_lock(lock, folder, "quantize", error);
    if (!status && (dm_folder_has(folder, DM_CONFIG_FILE) || dm_folder_has(folder, DM_WEIGHTS_FILE)))
        status = dm_fail(error, "%s holds a model already: give another --output, or remove that folder first", folder);
    return status;
}

static Status copy_file(const char *from, const char *to, FolderFile file, Error *error)
{
    if (!dm_folder_has(from, file)) return DM_OK;
    char *source = dm_folder_path(from, file), *target = dm_folder_path(to, file), *bytes = NULL;
    size_t size;
    Status status = dm_read_file(source, &bytes, &size, error);
    if (!status) status = dm_write_file(target, bytes, size, error);
    dm_free(bytes);
    dm_free(source);
    dm_free(target);
    return status;
}

// What goes with a model as it is; the segmenter's files know best which they are.
static Status copy_files(const char *from, const char *to, Error *error)
{
    Status status = dm_segmenter_copy(from, to, error);
    for (int file = 0; file < DM_FOLDER_FILES && !status; file++)
        if (dm_folder_rows[file].of_model) status = copy_file(from, to, (FolderFile)file, error);
    return status;
}

// int8 is declared in the words of compressed-tensors, which has the same tensors (weight, weight_scale): transformers
// would otherwise take the numbers for the weights, and now asks for that package. bfloat16 needs no declaration.
static Status write_config(const char *from, const char *to, bool int8, Error *error)
{
    char *source = dm_folder_path(from, DM_CONFIG_FILE), *target = dm_folder_path(to, DM_CONFIG_FILE);
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
    dm_free(source);
    dm_free(target);
    return file.status;
}

static Status quantize(const dm_options *options, Error *error)
{
    const char *from = dm_options_text(options, "model", 0), *to = dm_options_text(options, "output", 0);
    const Dtype dtype = dm_dtype_of_precision(dm_precision(dm_options_text(options, "precision", 0)));
    Model *model = NULL;
    int lock = -1;
    Status status = dm_model_read(&model, NULL, from, error);
    if (status) return status;
    char *weights = dm_folder_path(to, DM_WEIGHTS_FILE);
    status = make_output(&lock, to, error);
    if (!status) status = copy_files(from, to, error);
    if (!status) status = dm_weights_quantize(model, dtype, weights, error);
    if (!status) status = write_config(from, to, dtype == DM_DTYPE_I8, error);  // last: with it, all is there
    dm_folder_unlock(&lock, to);
    dm_model_destroy(model);
    dm_free(weights);
    return status;
}

dm_status dm_quantize(const dm_options *options, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, quantize(options, error));
    return status;
}
