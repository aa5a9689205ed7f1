// Writing a prepared text: ids and lengths as they come, then what they are.
#include <string.h>
#include <unistd.h>

#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "data/prepared_files.h"

const char *const dm_prepared_names[DM_PREPARED_PARTS] = {"pairs.ids", "pairs.lengths", "pairs.copies"};

Status dm_prepared_begin(PreparedWriter *writer, const char *folder, bool copies, Error *error)
{
    *writer = (PreparedWriter){.hash = {DM_HASH, DM_HASH, DM_HASH}};
    Status status = DM_OK;
    for (int part = 0; part < (copies ? 3 : 2) && !status; part++) {
        char *path = dm_join_path(folder, dm_prepared_names[part]);
        status = dm_writer_open(&writer->file[part], path, error);
        writer->open[part] = !status;
        dm_free(path);
    }
    if (status) dm_prepared_discard(writer);
    return status;
}

static void put(PreparedWriter *writer, PreparedPart part, const int *numbers, size_t count)
{
    writer->hash[part] = dm_prepared_hash(writer->hash[part], numbers, count);
    fwrite(numbers, sizeof *numbers, count, writer->file[part].stream);
}

static Status commit(PreparedWriter *writer, PreparedPart part, Error *error)
{
    writer->open[part] = false;
    return dm_writer_commit(&writer->file[part], error);
}

Status dm_prepared_add(PreparedWriter *writer, const Corpus *pairs, Error *error)
{
    if (!pairs->pairs) return DM_OK;
    const int last = pairs->pairs - 1;
    const size_t pieces = pairs->target[last] + (size_t)pairs->target_length[last];
    for (int i = 0; i < pairs->pairs; i++)
        put(writer, DM_PREPARED_LENGTHS, (int[]){pairs->source_length[i], pairs->target_length[i]}, 2);
    put(writer, DM_PREPARED_IDS, pairs->ids, pieces);
    if (pairs->copies) put(writer, DM_PREPARED_COPIES, pairs->copies, pieces);
    writer->pairs += pairs->pairs;
    writer->pieces += (int64_t)pieces;
    for (int part = 0; part < DM_PREPARED_PARTS; part++)  // a full disk is not found out at the end of hours
        if (writer->open[part] && ferror(writer->file[part].stream)) return commit(writer, (PreparedPart)part, error);
    return DM_OK;
}

// Numbers as text where a double would not hold them.
void dm_prepared_add_hash(cJSON *json, const char *key, uint64_t hash)
{
    char text[32];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    cJSON_AddStringToObject(json, key, text);
}

static void add_two(cJSON *json, const char *key, char *const *two)
{
    cJSON *list = cJSON_AddArrayToObject(json, key);
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) cJSON_AddItemToArray(list, cJSON_CreateString(two[side]));
}

cJSON *dm_prepared_json(const PreparedText *text)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "format", DM_PREPARED_FORMAT);
    cJSON_AddNumberToObject(json, "version", DM_PREPARED_VERSION);
    cJSON_AddStringToObject(json, "examples", text->alone ? "text" : "pairs");
    cJSON_AddNumberToObject(json, "pairs", text->pairs);
    cJSON_AddNumberToObject(json, "pieces", (double)text->pieces);
    cJSON_AddNumberToObject(json, "bytes", (double)text->bytes);
    cJSON_AddNumberToObject(json, "characters", text->characters);
    cJSON_AddStringToObject(json, "name", text->name);
    add_two(json, "texts", text->file);
    add_two(json, "languages", text->language);
    cJSON_AddStringToObject(json, "tokenizer", text->tokenizer);
    cJSON_AddStringToObject(json, "segmenter", text->segmenter);
    cJSON_AddBoolToObject(json, "separate_vocabs", text->separate);
    cJSON_AddBoolToObject(json, "of_model", text->of_model);
    cJSON_AddBoolToObject(json, "copies", text->copies);
    cJSON *vocabulary = cJSON_AddArrayToObject(json, "vocabulary");
    for (int side = DM_SOURCE; side <= DM_TARGET; side++)
        cJSON_AddItemToArray(vocabulary, cJSON_CreateNumber(text->vocabulary[side]));
    dm_prepared_add_hash(json, "segmenter_hash", text->segmenter_hash);
    return json;
}

uint64_t dm_prepared_hash_all(const PreparedText *text, const uint64_t parts[DM_PREPARED_PARTS])
{
    cJSON *json = dm_prepared_json(text);
    char *said = cJSON_PrintUnformatted(json);
    uint64_t hash = dm_hash_text(said, strlen(said));
    for (int part = 0; part < DM_PREPARED_PARTS; part++) hash = dm_hash(hash, parts[part]);
    cJSON_free(said);
    cJSON_Delete(json);
    return hash;
}

Status dm_prepared_finish(PreparedWriter *writer, PreparedText *text, const char *folder, Error *error)
{
    Status status = DM_OK;
    text->copies = writer->open[DM_PREPARED_COPIES];
    text->pairs = (int)writer->pairs;
    text->pieces = writer->pieces;
    text->hash = dm_prepared_hash_all(text, writer->hash);
    for (int part = 0; part < DM_PREPARED_PARTS && !status; part++)
        if (writer->open[part]) status = commit(writer, (PreparedPart)part, error);
    if (status) return status;
    cJSON *json = dm_prepared_json(text);
    dm_prepared_add_hash(json, "hash", text->hash);
    return dm_json_write_in(json, folder, DM_PREPARED_FILE, error);
}

void dm_prepared_discard(PreparedWriter *writer)
{
    for (int part = 0; part < DM_PREPARED_PARTS; part++)
        if (writer->open[part]) dm_writer_discard(&writer->file[part]);
    *writer = (PreparedWriter){0};
}

void dm_prepared_clear(const char *folder)
{
    for (int part = -1; part < DM_PREPARED_PARTS; part++) {
        char *path = dm_join_path(folder, part < 0 ? DM_PREPARED_FILE : dm_prepared_names[part]);
        unlink(path);
        dm_free(path);
    }
}

// Names of files need not be UTF-8, and JSON is.
static char *mended(const char *text)
{
    return dm_utf8_mended(text, strlen(text));
}

void dm_prepared_text_name(PreparedText *text, const Bitext *bitext)
{
    text->name = mended(bitext->name);
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        text->file[side] = mended(bitext->file[side]);
        text->language[side] = dm_copy_string(bitext->language[side]);
    }
}

void dm_prepared_text_free(PreparedText *text)
{
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        dm_free(text->file[side]);
        dm_free(text->language[side]);
    }
    dm_free(text->name);
    dm_free(text->tokenizer);
    dm_free(text->segmenter);
    *text = (PreparedText){0};
}
