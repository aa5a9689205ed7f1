// What a model is made of, as JSON: shape, parameters by part, and what a token costs. No weight is read for it.
#include <string.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/scope.h"
#include "folder/folder.h"
#include "folder/folder_files.h"
#include "folder/stored_positions.h"
#include "model/operations.h"

// ---- Parameters by part ---------------------------------------------------------------------------------------------

enum { EMBEDDINGS, ENCODER, DECODER, OUTPUT, PARTS };
static const char *const part_names[] = {"embeddings", "encoder", "decoder", "output"};

static int part_of(const char *name)
{
    static const struct {
        const char *prefix;
        int part;
    } prefixes[] = {{"model.shared.", EMBEDDINGS},
                    {"model.encoder.embed_tokens.", EMBEDDINGS},
                    {"model.decoder.embed_tokens.", EMBEDDINGS},
                    {"model.encoder.", ENCODER},
                    {"model.decoder.", DECODER}};
    for (size_t i = 0; i < DM_COUNT(prefixes); i++)
        if (strncmp(name, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0) return prefixes[i].part;
    return OUTPUT;
}

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
        add_table(tables, c->target_vocabulary, users + 1, last - 1);
    }
}

// bytes: of each parameter, or NULL
static void add_parameters(cJSON *json, const Model *model, const size_t *bytes)
{
    const Parameters *p = &model->parameters;
    double counts[PARTS] = {0}, sizes[PARTS] = {0}, count = 0, size = 0, trained = 0;
    for (int i = 0; i < p->count; i++) {
        const double elements = (double)p->list[i].tensor.rows * p->list[i].tensor.cols;
        const int part = part_of(p->list[i].name);
        counts[part] += elements;
        count += elements;
        if (p->list[i].kind == DM_TRAINED) trained += elements;
        if (bytes) sizes[part] += (double)bytes[i];
        if (bytes) size += (double)bytes[i];
    }
    cJSON *parameters = cJSON_AddObjectToObject(json, "parameters");
    for (int i = 0; i < PARTS; i++) add_count(parameters, part_names[i], counts[i], bytes ? sizes[i] : -1);
    add_count(parameters, "total", count, bytes ? size : -1);
    cJSON_AddNumberToObject(cJSON_GetObjectItemCaseSensitive(parameters, "total"), "trained", trained);
    add_tables(cJSON_GetObjectItemCaseSensitive(parameters, part_names[EMBEDDINGS]), &model->config);
}

// ---- The architecture
// ------------------------------------------------------------------------------------------------

static void add_architecture(cJSON *json, const ModelConfig *c)
{
    cJSON *architecture = cJSON_AddObjectToObject(json, "architecture");
    cJSON_AddStringToObject(architecture, "name", c->architecture->name);
    cJSON_AddBoolToObject(architecture, "tied_output", c->tied_output);
    for (const ShapeRow *row = c->architecture->shape; row->key; row++) dm_shape_json(architecture, c, row);
    cJSON_AddItemToObject(architecture, "outline", c->architecture->outline(c));
}

// ---- Operations -----------------------------------------------------------------------------------------------------

// Of a piece, with weights and without: the latter are attention's, and grow with the length of the sentence.
static void add_cost(cJSON *json, const char *name, CountedList *counted, int pieces)
{
    double weights = 0, attention = 0;
    for (int i = 0; i < counted->count; i++) {
        const Counted *c = &counted->list[i];
        *(c->pass == DM_PASS_NONE ? &attention : &weights) += dm_counted_flops(c) / pieces;
    }
    cJSON *item = cJSON_AddObjectToObject(json, name);
    cJSON_AddNumberToObject(item, "weights", weights);
    cJSON_AddNumberToObject(item, "attention", attention);
    cJSON_AddNumberToObject(item, "total", weights + attention);
    dm_free(counted->list);
}

// Matrix products alone, a multiplication and an addition counted as two. encode: of a source piece, once, with what
// the decoder makes of it before it begins. decode: of a target piece, one hypothesis, what was computed of the earlier
// ones kept. train: of a target piece with as many source pieces, forward and backward; what a causal mask hides is
// counted, for in sentences of this length it is computed.
static Status add_operations(cJSON *json, const ModelConfig *config, Error *error)
{
    const int longest = config->architecture->longest(config);
    const CountedText text = {.sentences = 1, .pieces = longest < 20 ? longest : 20};
    CountedModel counted;
    CountedList encode = {0}, decode = {0}, train = {0};
    Status status = dm_counted_create(&counted, config, error);
    if (status) return status;
    dm_count_reading(&counted, text, &encode);
    dm_count_writing(&counted, text, 1, text.pieces, &decode);
    dm_count_training(&counted, text, text, &train);
    dm_counted_free(&counted);
    cJSON *operations = cJSON_AddObjectToObject(json, "operations");
    cJSON_AddNumberToObject(operations, "length", text.pieces);
    add_cost(operations, "encode", &encode, text.pieces);
    add_cost(operations, "decode", &decode, text.pieces);
    add_cost(operations, "train", &train, text.pieces);
    return DM_OK;
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
    cJSON_AddStringToObject(vocabulary, "segmenter", segmenter ? segmenter : "sentencepiece");
}

// What translating text needs, and the folder does not have.
static void add_missing(cJSON *json, const char *folder)
{
    const cJSON *vocabulary = cJSON_GetObjectItemCaseSensitive(json, "vocabulary");
    const char *segmenter = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(vocabulary, "segmenter"));
    const bool pieces = segmenter && strcmp(segmenter, "space") == 0;
    cJSON *missing = cJSON_AddArrayToObject(json, "missing");
    for (int i = 0; i < DM_FOLDER_FILES; i++) {
        const FolderRow *row = &dm_folder_rows[i];
        if (row->needed && !(pieces && row->segmenter) && !dm_folder_has(folder, (FolderFile)i))
            cJSON_AddItemToArray(missing, cJSON_CreateString(row->name));
    }
}

static Status describe(Model *model, const cJSON *extra, const char *folder, char **json, Error *error)
{
    char *path = dm_join_path(folder, "model.safetensors");
    size_t *bytes = dm_exists(path) ? dm_allocate((size_t)model->parameters.count, sizeof *bytes) : NULL;
    cJSON *described = cJSON_CreateObject();
    Status status = bytes ? dm_weights_measure(model, bytes, path, error) : DM_OK;
    if (!status) {
        add_architecture(described, &model->config);
        status = add_operations(described, &model->config, error);
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

static Status describe_folder(const char *folder, char **json, Error *error)
{
    Model model = {0};
    cJSON *extra = NULL;
    *json = NULL;
    Status status = dm_config_read(&model.config, &extra, folder, error);
    if (!status) status = dm_positions_settle_in(&model.config, folder, error);
    if (!status) {
        model.architecture = model.config.architecture;
        model.architecture->declare(&model);
        status = describe(&model, extra, folder, json, error);
    }
    dm_parameters_free(&model.parameters);
    dm_config_free(&model.config);
    cJSON_Delete(extra);
    return status;
}

dm_status dm_model_describe(const char *folder, char **json, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, describe_folder(folder, json, error));
    return status;
}
