// config.json and generation_config.json: read strictly, written in the first format that can say what the model is.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/json.h"
#include "core/memory.h"
#include "folder/folder.h"
#include "folder/formats/format.h"
#include "folder/label_names.h"
#include "folder/search_config.h"

enum { MOST_PIECES = 1 << 24 };

// ---- Reading: what model it is --------------------------------------------------------------------------------------

// "marian, pegasus and dragoman"
static void list_formats(char *text, size_t room)
{
    size_t used = 0;
    for (int i = 0; dm_formats[i] && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s",
                                 !i                  ? ""
                                 : dm_formats[i + 1] ? ", "
                                                     : " and ",
                                 dm_formats[i]->model_type);
}

static void read_architecture(ModelConfig *config, const Format *format, JsonFile *file)
{
    config->architecture = format->architecture;
    if (config->architecture) return;
    const char *name =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(dm_json_find(file, "dragoman"), "architecture"));
    if (!name)
        dm_json_complain(file, "%s: \"dragoman\" has no \"architecture\"", file->path);
    else if (!(config->architecture = dm_architecture(name)))
        dm_json_complain(file, "%s: the architecture \"%.60s\" is not one this version knows", file->path, name);
}

static const ExampleKind *examples_of(const Format *format, const Architecture *architecture)
{
    return format->examples ? format->examples : architecture->examples[0];
}

static void read_examples(ModelConfig *config, const Format *format, JsonFile *file)
{
    const char *name =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(dm_json_find(file, "dragoman"), "examples"));
    const ExampleKind *const *kind = config->architecture->examples;
    config->examples = examples_of(format, config->architecture);
    while (name && *kind && strcmp((*kind)->name, name) != 0) kind++;
    if (name && !*kind)
        dm_json_complain(file, "%s: \"examples\" is \"%.60s\", but no model of type %s learns from such", file->path,
                         name, config->architecture->name);
    if (name) config->examples = *kind;
}

static const Format *read_format(JsonFile *file)
{
    const char *type = dm_json_text(file, "model_type", NULL);
    if (file->status) return NULL;
    if (!type) {
        dm_json_complain(file, "%s has no \"model_type\": it is not the configuration of a model", file->path);
        return NULL;
    }
    const Format *format = dm_format_of_type(type);
    char known[256];
    list_formats(known, sizeof known);
    if (!format)
        dm_json_complain(file, "%s: \"model_type\" is \"%.60s\", but only %s can be opened", file->path, type, known);
    return format;
}

static void check_flags(const Format *format, JsonFile *file)
{
    for (const FormatFlag *flag = format->flags; flag && flag->key; flag++) {
        const cJSON *item = dm_json_find(file, flag->key);
        if (flag->row || (!item && !flag->must)) continue;
        cJSON *value = cJSON_Parse(flag->value);
        char *said = item ? cJSON_PrintUnformatted(item) : NULL;
        if (!item || !cJSON_Compare(item, value, true))
            dm_json_complain(file, "%s: \"%s\" is %.60s, which means %s: such models cannot be opened yet", file->path,
                             flag->key, said ? said : "missing", flag->otherwise);
        cJSON_free(said);
        cJSON_Delete(value);
    }
}

// ---- Reading: the shape ---------------------------------------------------------------------------------------------

static void need(JsonFile *file, const char *key)
{
    if (!dm_json_find(file, key))
        dm_json_complain(file, "%s has no \"%s\": add it, or get the whole file again", file->path, key);
}

static int read_name(JsonFile *file, const Format *format, const ShapeRow *row)
{
    const char *key = dm_format_key_name(format, row->key), *name = dm_json_text(file, key, NULL), *word;
    if (!name) return row->missing == DM_MUST_BE_SAID ? 0 : row->missing;
    const int index = dm_format_index(format, row, name);
    if (index >= 0) return index;
    char known[256] = "";
    for (int i = 0; row->choice(i).name; i++) {
        const size_t used = strlen(known);
        if ((word = dm_format_word(format, row, i)))
            snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", word);
    }
    dm_json_complain(file, "%s: \"%s\" is \"%.60s\", but only %s can be computed", file->path, key, name, known);
    return 0;
}

static int read_tiny(JsonFile *file, const char *key, const ShapeRow *row)
{
    const cJSON *item = dm_json_find(file, key);
    const double value = item ? round(cJSON_GetNumberValue(item) * 1e12) : row->missing;
    if (value >= row->low && value <= row->high) return (int)value;
    dm_json_refuse(file, key, item, "a number from %g to %g", row->low / 1e12, row->high / 1e12);
    return row->low;
}

static int read_row(JsonFile *file, const Format *format, const ShapeRow *row)
{
    const char *key = dm_format_key_name(format, row->key);
    const bool must = row->missing == DM_MUST_BE_SAID;
    if (must) need(file, key);
    switch (row->type) {
    case DM_SHAPE_FLAG: return dm_json_flag(file, key, row->missing != 0);
    case DM_SHAPE_NAME: return read_name(file, format, row);
    case DM_SHAPE_TINY: return read_tiny(file, key, row);
    case DM_SHAPE_INTEGER: break;
    }
    return dm_json_integer(file, key, row->low, row->high, must ? row->low : row->missing);
}

// A value as the file has it.
static Name text_of(const ShapeRow *row, int value)
{
    switch (row->type) {
    case DM_SHAPE_FLAG: return dm_name("%s", value ? "true" : "false");
    case DM_SHAPE_NAME: return dm_name("\"%s\"", row->choice(value).name);
    case DM_SHAPE_TINY: return dm_name("%g", value / 1e12);
    case DM_SHAPE_INTEGER: break;
    }
    return dm_name("%d", value);
}

// A file of another program's format that says what only ours can say is not of such a model.
static void check_common(JsonFile *file, const Format *format, const ShapeRow *row, int value, int meant)
{
    const FormatKey *key = dm_format_key(format, row->key);
    const bool foreign = format->architecture && row->common && value >= row->common && !key;
    if (file->status || (meant >= 0 ? value == meant : !foreign)) return;
    const Name text = text_of(row, value);
    if (meant >= 0)
        dm_json_complain(file, "%s: \"%s\" is %s, but in a %s model it is %s", file->path, row->key, text.text,
                         format->model_type, text_of(row, meant).text);
    else
        dm_json_complain(file, "%s: \"%s\" is %s, which a %s model cannot have", file->path, row->key, text.text,
                         format->model_type);
}

// What does not count may be there as it is usual, or meant where it is not said: earlier versions wrote that.
static void check_vain(JsonFile *file, const Format *format, const ModelConfig *config, const ShapeRow *row)
{
    if (!dm_json_find(file, row->key)) return;
    const int value = read_row(file, format, row);
    if (file->status || value == row->usual || value == row->missing) return;
    Name where = {""};
    for (const ShapeWith *with = row->with; with->key; with++) {
        const ShapeRow *other = dm_shape_row(config->architecture, with->key);
        where = dm_name("%s%s\"%s\" is %s", where.text, with == row->with ? "" : " and ", with->key,
                        text_of(other, dm_shape_value(config, other)).text);
    }
    dm_json_complain(file, "%s: \"%s\" is %s, but where %s it has no effect: take it out", file->path, row->key,
                     text_of(row, value).text, where.text);
}

// Under the key of the row, by a flag, or not at all.
static int read_value(JsonFile *file, const Format *format, const ShapeRow *row, int meant)
{
    const FormatFlag *flag = dm_format_flag(format, row);
    const bool first = flag && strcmp(flag->value, "true") == 0;
    if (dm_json_find(file, dm_format_key_name(format, row->key))) return read_row(file, format, row);
    if (flag) return dm_json_flag(file, flag->key, first) != first;
    return meant < 0 ? read_row(file, format, row) : meant;
}

// What 0 is called there, is 0 here.
static int without_zero(const Format *format, const ModelConfig *config, const ShapeRow *row, int value)
{
    const FormatKey *key = dm_format_key(format, row->key);
    if (!key) return value;
    if (key->same) return value == dm_shape_value(config, dm_shape_row(config->architecture, key->same)) ? 0 : value;
    return key->zero && round(strtod(key->zero, NULL) * 1e12) == value ? 0 : value;
}

// What it has to divide, or may not be above.
static void check_company(JsonFile *file, const Format *format, const ModelConfig *config, const ShapeRow *row)
{
    const char *key = row->divides ? row->divides : row->most;
    if (!key || !dm_shape_counts(config, row)) return;
    const int value = dm_shape_value(config, row), of = dm_shape_value(config, dm_shape_row(config->architecture, key));
    const char *name = dm_format_key_name(format, row->key), *theirs = dm_format_key_name(format, key);
    if (row->divides && of % value)
        dm_json_complain(file, "%s: \"%s\" %d cannot be divided by \"%s\" %d", file->path, theirs, of, name, value);
    if (row->most && value > of)
        dm_json_complain(file, "%s: \"%s\" %d is more than \"%s\" %d", file->path, name, value, theirs, of);
}

static void read_shape(ModelConfig *config, const Format *format, JsonFile *file)
{
    const ShapeRow *rows = config->architecture->shape;
    for (const ShapeRow *row = rows; row->key; row++) {
        const int meant = dm_format_means(format, row);
        if (!dm_shape_counts(config, row)) {
            check_vain(file, format, config, row);
            dm_shape_set(config, row, row->usual);
            continue;
        }
        const int value = without_zero(format, config, row, read_value(file, format, row, meant));
        check_common(file, format, row, value, meant);
        dm_shape_set(config, row, value);
    }
    for (const ShapeRow *row = rows; row->key && !file->status; row++) check_company(file, format, config, row);
    Name why;
    if (file->status) return;
    if (config->architecture->misfit(config, &why) || (format->misfit && format->misfit(config, &why)))
        dm_json_complain(file, "%s: %s", file->path, why.text);
}

static void read_vocabularies(ModelConfig *config, const Format *format, JsonFile *file)
{
    need(file, "vocab_size");
    config->source_vocabulary = dm_json_integer(file, "vocab_size", 1, MOST_PIECES, 1);
    if (format->encoder_alone)
        dm_label_names_read(config, file);
    else
        config->target_vocabulary =
            dm_json_integer(file, "decoder_vocab_size", 1, MOST_PIECES, config->source_vocabulary);
    const bool text = !config->architecture->labels(config);  // labels share nothing
    config->shared_embeddings = dm_json_flag(file, "share_encoder_decoder_embeddings", text) && text;
    config->tied_output = dm_json_flag(file, "tie_word_embeddings", text && !format->untied) && text;
    if (config->shared_embeddings && config->source_vocabulary != config->target_vocabulary)
        dm_json_complain(file,
                         "%s: \"vocab_size\" is %d and \"decoder_vocab_size\" %d, but "
                         "\"share_encoder_decoder_embeddings\" needs both to be the same",
                         file->path, config->source_vocabulary, config->target_vocabulary);
    const bool separate = format->separate_vocabularies && !config->architecture->one_vocabulary;
    if (!config->shared_embeddings && !separate)
        dm_json_complain(file, "%s: \"share_encoder_decoder_embeddings\" is false, but a %s model has one table",
                         file->path, format->separate_vocabularies ? config->architecture->name : format->model_type);
}

// ---- Reading: ids and search, which either file may hold ------------------------------------------------------------

static int required_id(JsonFile *config, JsonFile *generation, const char *key, int limit)
{
    const int said = dm_json_id(config, key, limit), also = dm_json_id(generation, key, limit);
    if (config->status || generation->status) return 0;
    if (said < 0 && also < 0)
        need(config, key);
    else if (said >= 0 && also >= 0 && said != also)
        dm_json_complain(config, "%s: \"%s\" is %d, but %d in %s: make them the same", config->path, key, said, also,
                         generation->path);
    return said >= 0 ? said : also;
}

// Of a decoder alone. A pad that is the end of sentence, too, is none.
static void read_fewer_ids(ModelConfig *c, JsonFile *config, JsonFile *generation)
{
    c->eos = required_id(config, generation, "eos_token_id", c->target_vocabulary);
    c->decoder_start = dm_json_id(config, "bos_token_id", c->target_vocabulary);
    c->pad = dm_json_id(config, "pad_token_id", c->target_vocabulary);
    if (c->pad == c->eos) c->pad = -1;
}

// What is labelled has an end and a pad, labels themselves have neither.
static void read_ids_of_labels(ModelConfig *c, JsonFile *config, JsonFile *generation)
{
    c->eos = required_id(config, generation, "eos_token_id", c->source_vocabulary);
    c->pad = required_id(config, generation, "pad_token_id", c->source_vocabulary);
    c->decoder_start = -1;
}

static void read_ids_and_search(ModelConfig *c, const Format *format, JsonFile *config, JsonFile *generation)
{
    int both = c->source_vocabulary < c->target_vocabulary ? c->source_vocabulary : c->target_vocabulary;
    if (c->architecture->labels(c)) {
        read_ids_of_labels(c, config, generation);
    } else if (format->decoder_alone) {
        read_fewer_ids(c, config, generation);
    } else {
        c->eos = required_id(config, generation, "eos_token_id", both);
        c->pad = required_id(config, generation, "pad_token_id", both);
        c->decoder_start = required_id(config, generation, "decoder_start_token_id", c->target_vocabulary);
    }
    if (config->status || generation->status) return;
    if (c->eos == c->pad)
        dm_json_complain(config, "%s: \"eos_token_id\" and \"pad_token_id\" are both %d, but must differ", config->path,
                         c->eos);
    if (!c->architecture->labels(c)) dm_search_read(c, generation->json ? generation : config);
}

// ---- Reading both files ---------------------------------------------------------------------------------------------

static void read_extra(cJSON **extra, JsonFile *file)
{
    const cJSON *ours = dm_json_find(file, "dragoman");
    if (ours && !cJSON_IsObject(ours))
        dm_json_complain(file, "%s: \"dragoman\" must be a JSON object ({...})", file->path);
    else if (ours && extra && !file->status)
        *extra = cJSON_DetachItemFromObjectCaseSensitive(file->json, "dragoman");
}

static Status check_folder(const char *folder, const char *path, Error *error)
{
    bool there, config;
    if (dm_look_for(&there, folder, error)) return DM_FAILURE;
    if (!there) return dm_fail(error, "there is no folder %s: check the name", folder);
    if (!dm_is_folder(folder)) return dm_fail(error, "%s is a file, but the folder of a model is needed", folder);
    if (dm_look_for(&config, path, error)) return DM_FAILURE;
    if (config) return DM_OK;
    return dm_fail(error,
                   "%s has no config.json, so it is not the folder of a model: one has config.json, model.safetensors, "
                   "vocab.json, source.spm and target.spm",
                   folder);
}

static void read_config(ModelConfig *config, cJSON **extra, JsonFile *file, JsonFile *generation)
{
    const Format *format = read_format(file);
    if (!file->status) read_architecture(config, format, file);
    if (!file->status) read_examples(config, format, file);
    if (!file->status) dm_format_read(format, file);
    if (!file->status) check_flags(format, file);
    if (!file->status) read_shape(config, format, file);
    if (!file->status) read_vocabularies(config, format, file);
    if (!file->status) read_ids_and_search(config, format, file, generation);
    if (!file->status && !generation->status) read_extra(extra, file);
}

Status dm_config_read(ModelConfig *config, cJSON **extra, const char *folder, Error *error)
{
    char *path = dm_join_path(folder, "config.json"), *other = dm_join_path(folder, "generation_config.json");
    JsonFile file = {0}, generation = {0};
    *config = (ModelConfig){0};
    if (extra) *extra = NULL;
    Status status = check_folder(folder, path, error);
    if (!status) status = dm_json_open(&file, path, error);
    if (!status && dm_exists(other)) status = dm_json_open(&generation, other, error);
    if (!status) {
        read_config(config, extra, &file, &generation);
        status = file.status ? file.status : generation.status;
    }
    if (status) dm_config_free(config);
    dm_json_close(&file);
    dm_json_close(&generation);
    dm_free(path);
    dm_free(other);
    return status;
}

// ---- Writing --------------------------------------------------------------------------------------------------------

static void add_number(cJSON *json, const char *key, double value)
{
    cJSON_AddNumberToObject(json, key, value);
}

static void add_flag(cJSON *json, const char *key, bool value)
{
    cJSON_AddBoolToObject(json, key, value);
}

static void add_ids(cJSON *json, const ModelConfig *config, const Format *format)
{
    const char *start = format->decoder_alone ? "bos_token_id" : "decoder_start_token_id";
    if (config->decoder_start >= 0) add_number(json, start, config->decoder_start);
    add_number(json, "eos_token_id", config->eos);
    if (config->search.ends_at_limit) add_number(json, "forced_eos_token_id", config->eos);
    if (config->pad >= 0) add_number(json, "pad_token_id", config->pad);
}

void dm_shape_json(cJSON *json, const ModelConfig *config, const ShapeRow *row)
{
    dm_format_write_row(&dm_own_format, json, config, row);
}

static void add_flags(cJSON *json, const ModelConfig *config, const Format *format)
{
    for (const FormatFlag *flag = format->flags; flag && flag->key; flag++) {
        const bool second = flag->row && dm_shape_value(config, dm_shape_row(config->architecture, flag->row)) != 0,
                   yes = strcmp(flag->value, "true") == 0;
        if (second)
            add_flag(json, flag->key, !yes);
        else
            cJSON_AddRawToObject(json, flag->key, flag->value);
    }
}

static void add_ours(cJSON *json, const ModelConfig *config, const Format *format, const cJSON *extra)
{
    const bool says_examples = dm_examples_of(config) != examples_of(format, config->architecture);
    if (!extra && format->architecture && !says_examples) return;
    cJSON *ours = extra ? cJSON_Duplicate(extra, true) : cJSON_CreateObject();
    cJSON_DeleteItemFromObjectCaseSensitive(ours, "architecture");
    cJSON_DeleteItemFromObjectCaseSensitive(ours, "examples");
    if (!format->architecture) cJSON_AddStringToObject(ours, "architecture", config->architecture->name);
    if (says_examples) cJSON_AddStringToObject(ours, "examples", dm_examples_of(config)->name);
    cJSON_AddItemToObject(json, "dragoman", ours);
}

static cJSON *model_json(const ModelConfig *config, const cJSON *extra)
{
    const Format *format = dm_format_of_config(config);
    cJSON *json = cJSON_CreateObject();
    const char *class_name = dm_format_class(format, config);
    if (class_name) cJSON_AddItemToObject(json, DM_CLASSES, cJSON_CreateStringArray(&class_name, 1));
    cJSON_AddStringToObject(json, "model_type", format->model_type);
    add_number(json, "vocab_size", config->source_vocabulary);
    if (format->encoder_alone) dm_label_names_write(json, config);
    if (!format->decoder_alone && !format->encoder_alone) {
        add_number(json, "decoder_vocab_size", config->target_vocabulary);
        add_flag(json, "share_encoder_decoder_embeddings", config->shared_embeddings);
    }
    add_flag(json, "tie_word_embeddings", config->tied_output);
    for (const ShapeRow *row = config->architecture->shape; row->key; row++)
        if (dm_format_means(format, row) < 0 && !dm_format_flag(format, row) && dm_shape_counts(config, row))
            dm_format_write_row(format, json, config, row);
    add_flags(json, config, format);
    if (format->write) format->write(json, config);
    add_ids(json, config, format);
    cJSON_AddStringToObject(json, "dtype", "float32");
    add_ours(json, config, format, extra);
    return json;
}

// Search defaults stand here alone: transformers warns of them in config.json.
static cJSON *generation_json(const ModelConfig *config)
{
    const Format *format = dm_format_of_config(config);
    cJSON *json = cJSON_CreateObject();
    add_ids(json, config, format);
    if (!config->architecture->labels(config)) dm_search_write(json, config, format->decoder_alone);
    return json;
}

Status dm_config_write(const ModelConfig *config, const cJSON *extra, const char *folder, Error *error)
{
    Status status = dm_json_write_in(generation_json(config), folder, "generation_config.json", error);
    return status ? status : dm_json_write_in(model_json(config, extra), folder, "config.json", error);
}

Status dm_config_store(const char *folder, const char *key, cJSON *value, Error *error)
{
    char *path = dm_join_path(folder, "config.json");
    JsonFile file;
    Status status = dm_json_open(&file, path, error);
    cJSON *ours = cJSON_GetObjectItemCaseSensitive(file.json, "dragoman");
    if (!status && !cJSON_IsObject(ours))
        status = dm_fail(error, "%s has no \"dragoman\": {...}, so it is not of a run of this program", path);
    if (status) {
        cJSON_Delete(value);
    } else {
        cJSON_DeleteItemFromObjectCaseSensitive(ours, key);
        cJSON_AddItemToObject(ours, key, value);
        status = dm_json_write(path, file.json, error);
        file.json = NULL;
    }
    dm_json_close(&file);
    dm_free(path);
    return status;
}
