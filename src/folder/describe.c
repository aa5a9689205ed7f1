// What a model is made of, as JSON: shape, parameters by part, and what a token costs. No weight is read for it.
#include <math.h>
#include <string.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/scope.h"
#include "folder/costs.h"
#include "folder/folder.h"
#include "folder/folder_files.h"
#include "folder/stored_shape.h"
#include "model/parts.h"

// ---- Parameters by part ---------------------------------------------------------------------------------------------

// bytes < 0: there is no file.
static void add_count(cJSON *json, const char *name, double count, double bytes)
{
    cJSON *part = cJSON_AddObjectToObject(json, name);
    cJSON_AddNumberToObject(part, "count", count);
    if (bytes < 0)
        cJSON_AddNullToObject(part, "bytes");
    else
        cJSON_AddNumberToObject(part, "bytes", bytes);
}

static void add_table(cJSON *tables, int pieces, const char *const *users, int count)
{
    cJSON *table = cJSON_CreateObject();
    cJSON_AddNumberToObject(table, "pieces", pieces);
    cJSON_AddItemToObject(table, "used_by", cJSON_CreateStringArray(users, count));
    cJSON_AddItemToArray(tables, table);
}

// A table that several use is one table, and was counted once.
static void add_tables(cJSON *json, const ModelConfig *c)
{
    static const char *const users[] = {"source", "target", "output"};
    cJSON *tables = cJSON_AddArrayToObject(json, "tables");
    const int last = c->tied_output ? 3 : 2;
    if (c->shared_embeddings) {
        add_table(tables, c->source_vocabulary, users, last);
    } else {
        add_table(tables, c->source_vocabulary, users, 1);
        if (!c->architecture->labels(c)) add_table(tables, c->target_vocabulary, users + 1, last - 1);
    }
}

// bytes: of each parameter, or NULL
static void add_parameters(cJSON *json, const Model *model, const size_t *bytes)
{
    const Parameters *p = &model->parameters;
    double counts[DM_PARTS] = {0}, sizes[DM_PARTS] = {0}, count = 0, size = 0, trained = 0, active = 0;
    for (int i = 0; i < p->count; i++) {
        if (p->list[i].absent) continue;
        const double elements = (double)p->list[i].tensor.rows * p->list[i].tensor.cols;
        const Part part = dm_part_of(&p->list[i]);
        counts[part] += elements;
        count += elements;
        active += elements * (1 - p->list[i].idle);
        if (p->list[i].kind == DM_TRAINED) trained += elements;
        if (bytes) sizes[part] += (double)bytes[i];
        if (bytes) size += (double)bytes[i];
    }
    cJSON *parameters = cJSON_AddObjectToObject(json, "parameters");
    for (int i = 0; i < DM_PARTS; i++)
        if (i != DM_AHEAD || model->config.ahead)
            add_count(parameters, dm_part_name((Part)i), counts[i], bytes ? sizes[i] : -1);
    add_count(parameters, "total", count, bytes ? size : -1);
    cJSON *total = cJSON_GetObjectItemCaseSensitive(parameters, "total");
    cJSON_AddNumberToObject(total, "trained", trained);
    cJSON_AddNumberToObject(total, "active", round(active));  // of one token
    add_tables(cJSON_GetObjectItemCaseSensitive(parameters, dm_part_name(DM_EMBEDDINGS)), &model->config);
}

// ---- The architecture -----------------------------------------------------------------------------------------------

static void add_architecture(cJSON *json, const ModelConfig *c)
{
    cJSON *architecture = cJSON_AddObjectToObject(json, "architecture");
    cJSON_AddStringToObject(architecture, "name", c->architecture->name);
    cJSON_AddStringToObject(architecture, "examples", dm_examples_of(c)->name);
    cJSON_AddBoolToObject(architecture, "tied_output", c->tied_output);
    for (const ShapeRow *row = c->architecture->shape; row->key; row++)
        if (dm_shape_counts(c, row)) dm_shape_json(architecture, c, row);
    cJSON_AddItemToObject(architecture, "outline", c->architecture->outline(c));
}

// ---- A folder -------------------------------------------------------------------------------------------------------

// A run that began with another model has its segmenter, whose kind nobody wrote down.
static const char *sentencepiece_kind(const cJSON *extra)
{
    const cJSON *training = cJSON_GetObjectItemCaseSensitive(extra, "training");
    if (cJSON_GetObjectItemCaseSensitive(training, "pretrained-model")) return NULL;
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(training, "segmenter"));
}

static void add_vocabulary(cJSON *json, const ModelConfig *c, const cJSON *extra)
{
    const char *said = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(extra, "segmenter"));
    const char *segmenter = said && strcmp(said, "space") == 0 ? "space" : sentencepiece_kind(extra);
    cJSON *vocabulary = cJSON_AddObjectToObject(json, "vocabulary");
    cJSON_AddNumberToObject(vocabulary, "source", c->source_vocabulary);
    cJSON_AddNumberToObject(vocabulary, "target", c->target_vocabulary);
    const Labels labels = c->architecture->labels(c);
    if (labels) cJSON_AddStringToObject(vocabulary, "labels", labels == DM_LABELS_OF_WORDS ? "words" : "sentences");
    cJSON_AddStringToObject(vocabulary, "segmenter", segmenter ? segmenter : "sentencepiece");
}

// What translating text needs, and the folder does not have.
static void add_missing(cJSON *json, const char *folder)
{
    const cJSON *vocabulary = cJSON_GetObjectItemCaseSensitive(json, "vocabulary");
    const char *segmenter = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(vocabulary, "segmenter"));
    const bool pieces = segmenter && strcmp(segmenter, "space") == 0,
               alone = !pieces && dm_segmenter_is_tokenizer(folder);
    cJSON *missing = cJSON_AddArrayToObject(json, "missing");
    for (int i = 0; i < DM_FOLDER_FILES; i++) {
        const FolderRow *row = &dm_folder_rows[i];
        if (alone && (i == DM_VOCABULARY_FILE || row->segmenter)) continue;
        if (row->needed && !(pieces && row->segmenter) && !dm_folder_has(folder, (FolderFile)i))
            cJSON_AddItemToArray(missing, cJSON_CreateString(row->name));
    }
}

static Status describe(Model *model, const cJSON *extra, const char *folder, int length, char **json, Error *error)
{
    char *path = dm_join_path(folder, "model.safetensors");
    size_t *bytes = dm_exists(path) ? dm_allocate((size_t)model->parameters.count, sizeof *bytes) : NULL;
    cJSON *described = cJSON_CreateObject();
    Status status = bytes ? dm_weights_measure(model, bytes, path, error) : DM_OK;
    if (!status) {
        add_architecture(described, &model->config);
        status = dm_costs_add(described, model, length, error);
    }
    if (!status) {
        add_vocabulary(described, &model->config, extra);
        add_missing(described, folder);
        add_parameters(described, model, bytes);
        cJSON *parameters = cJSON_GetObjectItemCaseSensitive(described, "parameters");
        cJSON_AddItemToObject(parameters, "precision",
                              bytes ? cJSON_CreateString(dm_precision_name(model->stored)) : cJSON_CreateNull());
        char *printed = cJSON_Print(described);
        *json = dm_copy_for_caller(printed);
        cJSON_free(printed);
    }
    cJSON_Delete(described);
    dm_free(bytes);
    dm_free(path);
    return status;
}

static Status describe_folder(const char *folder, int length, char **json, Error *error)
{
    Model model = {0};
    cJSON *extra = NULL;
    *json = NULL;
    Status status = dm_config_read(&model.config, &extra, folder, error);
    if (!status) status = dm_stored_shape_settle_in(&model.config, folder, error);
    if (!status) {
        model.architecture = model.config.architecture;
        dm_model_declare(&model);
        status = describe(&model, extra, folder, length, json, error);
    }
    dm_parameters_free(&model.parameters);
    dm_config_free(&model.config);
    cJSON_Delete(extra);
    return status;
}

dm_status dm_model_describe(const char *folder, int length, char **json, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, describe_folder(folder, length, json, error));
    return status;
}
