// config.json and generation_config.json: read strictly, written as MarianMTModel and CTranslate2's converter want
// them.
#include "model/config.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "folder/folder.h"

enum {
    MOST_LAYERS = 256,
    MOST_WIDTH = 1 << 16,
    MOST_PIECES = 1 << 24,
    MOST_POSITIONS = 1 << 24,
    MOST_BEAM = 1000,
    USUAL_POSITIONS = 1024,
    USUAL_MAX_LENGTH = 512,  // what is written where the configuration says nothing
    USUAL_BEAM = 5,
};

// The first name of an activation is the one that is written where a model does not bring its own.
static const struct {
    const char *name;
    Activation activation;
} activations[] = {{"relu", DM_RELU},  {"gelu", DM_GELU}, {"gelu_python", DM_GELU}, {"swish", DM_SWISH},
                   {"silu", DM_SWISH}, {"tanh", DM_TANH}, {"linear", DM_IDENTITY}};

// ---- Reading one file ---------------------------------------------------------------------------------------------

// A file while it is read. Its first error stays in *error, and `status` says so.
typedef struct Reader {
    char *path;
    cJSON *json;
    Error *error;
    Status status;
} Reader;

__attribute__((format(printf, 2, 3))) static void complain(Reader *reader, const char *format, ...)
{
    if (reader->status) return;
    char message[sizeof reader->error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    reader->status = dm_fail(reader->error, "%s", message);
}

static void parse(Reader *reader)
{
    char *text = NULL;
    const char *end = NULL;
    size_t size;
    reader->status = dm_read_file(reader->path, &text, &size, reader->error);
    if (reader->status) return;
    reader->json = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    while (reader->json && end < text + size && isspace((unsigned char)*end)) end++;
    if (!reader->json || end < text + size) {
        int line = 1;
        for (const char *at = text; end && at < end; at++) line += *at == '\n';
        complain(reader, "%s: line %d is not valid JSON: get the file again or correct it", reader->path, line);
    } else if (!cJSON_IsObject(reader->json)) {
        complain(reader, "%s: a JSON object ({...}) is needed, but this is something else", reader->path);
    }
    free(text);
}

static void close_reader(Reader *reader)
{
    cJSON_Delete(reader->json);
    free(reader->path);
}

// NULL where the key is missing or null, which means the same in these files.
static const cJSON *find(const Reader *reader, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(reader->json, key);
    return cJSON_IsNull(item) ? NULL : item;
}

static bool whole(const cJSON *item, int low, int high)
{
    double value = cJSON_GetNumberValue(item);  // NaN where it is no number; valueint would saturate
    return value >= low && value <= high && value == floor(value);
}

// An integer from low to high; `missing` where the file does not say.
static int integer_or(Reader *reader, const char *key, int low, int high, int missing)
{
    const cJSON *item = find(reader, key);
    if (!item) return missing;
    if (whole(item, low, high)) return (int)item->valuedouble;
    char *value = cJSON_PrintUnformatted(item);
    complain(reader, "%s: \"%s\" is %.60s, but a whole number from %d to %d is needed", reader->path, key, value, low,
             high);
    cJSON_free(value);
    return missing;
}

static int integer(Reader *reader, const char *key, int high)
{
    if (!find(reader, key))
        complain(reader, "%s has no \"%s\": add it, or get the whole file again", reader->path, key);
    return integer_or(reader, key, 1, high, 1);
}

static bool flag_or(Reader *reader, const char *key, bool missing)
{
    const cJSON *item = find(reader, key);
    if (item && !cJSON_IsBool(item)) complain(reader, "%s: \"%s\" must be true or false", reader->path, key);
    return item ? cJSON_IsTrue(item) : missing;
}

static const char *text_or(Reader *reader, const char *key, const char *missing)
{
    const cJSON *item = find(reader, key);
    if (item && !cJSON_IsString(item)) complain(reader, "%s: \"%s\" must be a text in quotes", reader->path, key);
    return cJSON_IsString(item) ? item->valuestring : missing;
}

// ---- What the keys mean -------------------------------------------------------------------------------------------

static void read_architecture(ModelConfig *config, Reader *reader)
{
    const char *type = text_or(reader, "model_type", NULL), *name = "transformer";
    if (reader->status) return;
    if (!type) {
        complain(reader, "%s has no \"model_type\": it is not the configuration of a model", reader->path);
    } else if (strcmp(type, "dragoman") == 0) {
        const cJSON *ours = find(reader, "dragoman");
        name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(ours, "architecture"));
        if (!name) complain(reader, "%s: \"dragoman\" has no \"architecture\"", reader->path);
    } else if (strcmp(type, "marian") != 0) {
        complain(reader, "%s: \"model_type\" is \"%.60s\", but only \"marian\" and \"dragoman\" can be opened",
                 reader->path, type);
    }
    if (reader->status) return;
    if (!dm_architecture(name))
        complain(reader, "%s: the architecture \"%.60s\" is not one this version knows", reader->path, name);
    else
        snprintf(config->architecture, sizeof config->architecture, "%s", name);
}

// Keys that ask for another computation than ours.
static void refuse_variants(Reader *reader)
{
    static const struct {
        const char *key;
        bool ours;
        const char *meaning;
    } variants[] = {
        {"normalize_before", false, "layer norms before the sublayers"},
        {"normalize_embedding", false, "a layer norm on the embeddings"},
        {"add_final_layer_norm", false, "a layer norm behind the last layer"},
        {"static_position_embeddings", true, "learned positions"},
        {"is_encoder_decoder", true, "a decoder without an encoder"},
    };
    for (size_t i = 0; i < DM_COUNT(variants); i++)
        if (flag_or(reader, variants[i].key, variants[i].ours) != variants[i].ours)
            complain(reader, "%s: \"%s\" is %s, which means %s: such models cannot be opened yet", reader->path,
                     variants[i].key, variants[i].ours ? "false" : "true", variants[i].meaning);
}

static void read_activation(ModelConfig *config, Reader *reader)
{
    const char *name = text_or(reader, "activation_function", "gelu");
    for (size_t i = 0; i < DM_COUNT(activations); i++) {
        if (strcmp(activations[i].name, name) != 0) continue;
        config->activation = activations[i].activation;
        snprintf(config->activation_name, sizeof config->activation_name, "%s", name);
        return;
    }
    complain(reader,
             "%s: \"activation_function\" is \"%.60s\", but only relu, gelu, swish, silu, tanh and linear can be "
             "computed",
             reader->path, name);
}

static void read_shapes(ModelConfig *config, Reader *reader)
{
    config->width = integer(reader, "d_model", MOST_WIDTH);
    config->encoder_layers = integer(reader, "encoder_layers", MOST_LAYERS);
    config->decoder_layers = integer(reader, "decoder_layers", MOST_LAYERS);
    config->encoder_heads = integer(reader, "encoder_attention_heads", MOST_WIDTH);
    config->decoder_heads = integer(reader, "decoder_attention_heads", MOST_WIDTH);
    config->encoder_ffn = integer(reader, "encoder_ffn_dim", MOST_WIDTH);
    config->decoder_ffn = integer(reader, "decoder_ffn_dim", MOST_WIDTH);
    config->source_vocabulary = integer(reader, "vocab_size", MOST_PIECES);
    config->target_vocabulary = integer_or(reader, "decoder_vocab_size", 1, MOST_PIECES, config->source_vocabulary);
    config->shared_embeddings = flag_or(reader, "share_encoder_decoder_embeddings", true);
    config->tied_output = flag_or(reader, "tie_word_embeddings", true);
    config->scale_embedding = flag_or(reader, "scale_embedding", false);
    config->max_positions = integer_or(reader, "max_position_embeddings", 1, MOST_POSITIONS, USUAL_POSITIONS);
    if (reader->status) return;
    if (config->shared_embeddings && config->source_vocabulary != config->target_vocabulary)
        complain(reader,
                 "%s: \"vocab_size\" is %d and \"decoder_vocab_size\" %d, but "
                 "\"share_encoder_decoder_embeddings\" needs both to be the same",
                 reader->path, config->source_vocabulary, config->target_vocabulary);
    if (config->width % config->encoder_heads)
        complain(reader, "%s: \"d_model\" %d cannot be divided by \"encoder_attention_heads\" %d", reader->path,
                 config->width, config->encoder_heads);
    if (config->width % config->decoder_heads)
        complain(reader, "%s: \"d_model\" %d cannot be divided by \"decoder_attention_heads\" %d", reader->path,
                 config->width, config->decoder_heads);
}

// ---- Ids and search, which either file may hold -------------------------------------------------------------------

// A piece's id, 0 ... limit-1, as a number or as a list of one; -1 where the file does not say.
static int read_id(Reader *reader, const char *key, int limit)
{
    const cJSON *item = find(reader, key);
    if (cJSON_IsArray(item) && cJSON_GetArraySize(item) == 1) item = item->child;
    if (!item) return -1;
    if (whole(item, 0, limit - 1)) return (int)item->valuedouble;
    char *value = cJSON_PrintUnformatted(item);
    complain(reader, "%s: \"%s\" is %.60s, but one id of the vocabulary (0 to %d) is needed", reader->path, key, value,
             limit - 1);
    cJSON_free(value);
    return -1;
}

static int required_id(Reader *config, Reader *generation, const char *key, int limit)
{
    int said = read_id(config, key, limit), also = generation->json ? read_id(generation, key, limit) : -1;
    if (config->status || generation->status) return 0;
    if (said < 0 && also < 0)
        complain(config, "%s has no \"%s\": add it, or get the whole file again", config->path, key);
    else if (said >= 0 && also >= 0 && said != also)
        complain(config, "%s: \"%s\" is %d, but %d in %s: make them the same", config->path, key, said, also,
                 generation->path);
    return said >= 0 ? said : also;
}

static void add_bad_word(ModelConfig *config, int id)
{
    for (int i = 0; i < config->bad_word_count; i++)
        if (config->bad_words[i] == id) return;
    config->bad_words = dm_reallocate(config->bad_words, (size_t)config->bad_word_count + 1, sizeof(int));
    config->bad_words[config->bad_word_count++] = id;
}

// [[58100], ...]: lists of one id each. End of sentence among them is left out, as transformers does: without it no
// sentence would end.
static void read_bad_words(ModelConfig *config, Reader *reader)
{
    const cJSON *list = find(reader, "bad_words_ids"), *item;
    if (list && !cJSON_IsArray(list)) complain(reader, "%s: \"bad_words_ids\" must be a list of lists", reader->path);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 1 ||
            !whole(item->child, 0, config->target_vocabulary - 1)) {
            char *value = cJSON_PrintUnformatted(item);
            complain(reader,
                     "%s: \"bad_words_ids\" holds %.60s, but only lists of one id of the vocabulary (0 to %d) can be "
                     "kept out of translations",
                     reader->path, value, config->target_vocabulary - 1);
            cJSON_free(value);
            return;
        }
        if ((int)item->child->valuedouble != config->eos) add_bad_word(config, (int)item->child->valuedouble);
    }
}

// generation_config.json's word counts where it has one, else config.json's (older folders have all of it there).
static Reader *who_says(Reader *config, Reader *generation, const char *key)
{
    return find(generation, key) ? generation : config;
}

static void read_ids_and_search(ModelConfig *c, Reader *config, Reader *generation)
{
    int both = c->source_vocabulary < c->target_vocabulary ? c->source_vocabulary : c->target_vocabulary;
    c->eos = required_id(config, generation, "eos_token_id", both);
    c->pad = required_id(config, generation, "pad_token_id", both);
    c->decoder_start = required_id(config, generation, "decoder_start_token_id", c->target_vocabulary);
    c->beam_size = integer_or(who_says(config, generation, "num_beams"), "num_beams", 1, MOST_BEAM, 0);
    c->max_length = integer_or(who_says(config, generation, "max_length"), "max_length", 1, MOST_POSITIONS, 0);
    if (config->status || generation->status) return;
    if (c->eos == c->pad)
        complain(config, "%s: \"eos_token_id\" and \"pad_token_id\" are both %d, but must differ", config->path,
                 c->eos);
    add_bad_word(c, c->pad);
    read_bad_words(c, who_says(config, generation, "bad_words_ids"));
}

static void read_extra(cJSON **extra, Reader *reader)
{
    const cJSON *ours = find(reader, "dragoman");
    if (ours && !cJSON_IsObject(ours))
        complain(reader, "%s: \"dragoman\" must be a JSON object ({...})", reader->path);
    else if (ours && extra && !reader->status)
        *extra = cJSON_DetachItemFromObjectCaseSensitive(reader->json, "dragoman");
}

static Status check_folder(const char *folder, const char *path, Error *error)
{
    if (!dm_exists(folder)) return dm_fail(error, "there is no folder %s: check the name", folder);
    if (!dm_is_folder(folder)) return dm_fail(error, "%s is a file, but the folder of a model is needed", folder);
    if (dm_exists(path)) return DM_OK;
    return dm_fail(error,
                   "%s has no config.json, so it is not the folder of a model: one has config.json, model.safetensors, "
                   "vocab.json, source.spm and target.spm",
                   folder);
}

Status dm_config_read(ModelConfig *config, cJSON **extra, const char *folder, Error *error)
{
    Reader first = {.path = dm_join_path(folder, "config.json"), .error = error};
    Reader second = {.path = dm_join_path(folder, "generation_config.json"), .error = error};
    *config = (ModelConfig){0};
    if (extra) *extra = NULL;
    first.status = check_folder(folder, first.path, error);
    if (!first.status) parse(&first);
    if (!first.status && dm_exists(second.path)) parse(&second);
    if (!first.status && !second.status) {
        read_architecture(config, &first);
        if (!first.status) refuse_variants(&first);
        if (!first.status) read_activation(config, &first);
        if (!first.status) read_shapes(config, &first);
        if (!first.status) read_ids_and_search(config, &first, &second);
        if (!first.status && !second.status) read_extra(extra, &first);
    }
    Status status = first.status ? first.status : second.status;
    if (status) dm_config_free(config);
    close_reader(&first);
    close_reader(&second);
    return status;
}

void dm_config_free(ModelConfig *config)
{
    free(config->bad_words);
    *config = (ModelConfig){0};
}

// ---- Writing ------------------------------------------------------------------------------------------------------

static const char *activation_name(const ModelConfig *config)
{
    if (*config->activation_name) return config->activation_name;
    for (size_t i = 0; i < DM_COUNT(activations); i++)
        if (activations[i].activation == config->activation) return activations[i].name;
    assert(!"an activation without a name");
    return NULL;
}

static void add_number(cJSON *json, const char *key, double value)
{
    cJSON_AddNumberToObject(json, key, value);
}

static void add_flag(cJSON *json, const char *key, bool value)
{
    cJSON_AddBoolToObject(json, key, value);
}

static void add_ids(cJSON *json, const ModelConfig *config)
{
    add_number(json, "decoder_start_token_id", config->decoder_start);
    add_number(json, "eos_token_id", config->eos);
    add_number(json, "forced_eos_token_id", config->eos);  // a translation that reaches max_length ends with it
    add_number(json, "pad_token_id", config->pad);
}

static void add_extra(cJSON *json, const ModelConfig *config, const cJSON *extra)
{
    bool marian = strcmp(config->architecture, "transformer") == 0;
    if (!extra && marian) return;
    cJSON *ours = extra ? cJSON_Duplicate(extra, true) : cJSON_CreateObject();
    if (!marian) {
        cJSON_DeleteItemFromObjectCaseSensitive(ours, "architecture");
        cJSON_AddStringToObject(ours, "architecture", config->architecture);
    }
    cJSON_AddItemToObject(json, "dragoman", ours);
}

static cJSON *model_json(const ModelConfig *config, const cJSON *extra)
{
    bool marian = strcmp(config->architecture, "transformer") == 0;
    cJSON *json = cJSON_CreateObject();
    if (marian)
        cJSON_AddItemToObject(json, "architectures", cJSON_CreateStringArray((const char *[]){"MarianMTModel"}, 1));
    cJSON_AddStringToObject(json, "model_type", marian ? "marian" : "dragoman");
    add_number(json, "vocab_size", config->source_vocabulary);
    add_number(json, "decoder_vocab_size", config->target_vocabulary);
    add_flag(json, "share_encoder_decoder_embeddings", config->shared_embeddings);
    add_flag(json, "tie_word_embeddings", config->tied_output);
    add_number(json, "d_model", config->width);
    add_number(json, "encoder_layers", config->encoder_layers);
    add_number(json, "decoder_layers", config->decoder_layers);
    add_number(json, "encoder_attention_heads", config->encoder_heads);
    add_number(json, "decoder_attention_heads", config->decoder_heads);
    add_number(json, "encoder_ffn_dim", config->encoder_ffn);
    add_number(json, "decoder_ffn_dim", config->decoder_ffn);
    cJSON_AddStringToObject(json, "activation_function", activation_name(config));
    add_flag(json, "scale_embedding", config->scale_embedding);
    add_flag(json, "normalize_before", false);
    add_flag(json, "normalize_embedding", false);
    add_flag(json, "add_final_layer_norm", false);
    add_flag(json, "static_position_embeddings", true);
    add_number(json, "max_position_embeddings", config->max_positions ? config->max_positions : USUAL_POSITIONS);
    add_number(json, "dropout", 0.1);  // of who trains it further elsewhere; ours is among the options of the run
    add_number(json, "attention_dropout", 0);
    add_number(json, "activation_dropout", 0);
    add_number(json, "init_std", 0.02);
    add_flag(json, "is_encoder_decoder", true);
    add_flag(json, "use_cache", true);
    add_ids(json, config);
    cJSON_AddStringToObject(json, "dtype", "float32");
    add_extra(json, config, extra);
    return json;
}

// Search defaults stand here alone: transformers warns of them in config.json.
static cJSON *generation_json(const ModelConfig *config)
{
    cJSON *json = cJSON_CreateObject();
    add_ids(json, config);
    cJSON *list = cJSON_AddArrayToObject(json, "bad_words_ids");
    for (int i = 0; i < config->bad_word_count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateIntArray(config->bad_words + i, 1));
    if (!config->bad_word_count) cJSON_AddItemToArray(list, cJSON_CreateIntArray(&config->pad, 1));
    add_number(json, "max_length", config->max_length ? config->max_length : USUAL_MAX_LENGTH);
    add_number(json, "num_beams", config->beam_size ? config->beam_size : USUAL_BEAM);
    return json;
}

// Takes the object over.
static Status write_json(cJSON *json, const char *folder, const char *name, Error *error)
{
    char *path = dm_join_path(folder, name), *printed = cJSON_Print(json), *text = dm_format("%s\n", printed);
    Status status = dm_write_file(path, text, strlen(text), error);
    cJSON_Delete(json);
    cJSON_free(printed);
    free(text);
    free(path);
    return status;
}

Status dm_config_write(const ModelConfig *config, const cJSON *extra, const char *folder, Error *error)
{
    Status status = write_json(generation_json(config), folder, "generation_config.json", error);
    return status ? status : write_json(model_json(config, extra), folder, "config.json", error);
}

Status dm_config_store(const char *folder, const char *key, cJSON *value, Error *error)
{
    Reader reader = {.path = dm_join_path(folder, "config.json"), .error = error};
    parse(&reader);
    cJSON *ours = reader.status ? NULL : cJSON_GetObjectItemCaseSensitive(reader.json, "dragoman");
    if (!reader.status && !cJSON_IsObject(ours))
        complain(&reader, "%s has no \"dragoman\": {...}, so it is not of a run of this program", reader.path);
    if (reader.status) {
        cJSON_Delete(value);
    } else {
        cJSON_DeleteItemFromObjectCaseSensitive(ours, key);
        cJSON_AddItemToObject(ours, key, value);
        reader.status = write_json(reader.json, folder, "config.json", error);
        reader.json = NULL;
    }
    close_reader(&reader);
    return reader.status;
}
