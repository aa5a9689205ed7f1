// Rows of a shape under the keys, and in the words, of another program.
#include <string.h>

#include "folder/formats/format.h"

const FormatKey *dm_format_key(const Format *format, const char *row)
{
    for (const FormatKey *key = format->keys; key && key->row; key++)
        if (strcmp(key->row, row) == 0) return key;
    return NULL;
}

const char *dm_format_key_name(const Format *format, const char *row)
{
    const FormatKey *key = dm_format_key(format, row);
    return key ? key->key : row;
}

int dm_format_index(const Format *format, const ShapeRow *row, const char *word)
{
    const FormatKey *key = dm_format_key(format, row->key);
    if (!key || !key->words) return dm_shape_index(row, word);
    for (const FormatWord *w = key->words; w->ours; w++)
        if (strcmp(w->theirs, word) == 0) return dm_shape_index(row, w->ours);
    return -1;
}

const char *dm_format_word(const Format *format, const ShapeRow *row, int index)
{
    const FormatKey *key = dm_format_key(format, row->key);
    const char *ours = row->choice(index).name;
    if (!key || !key->words) return ours;
    for (const FormatWord *w = key->words; w->ours; w++)
        if (strcmp(w->ours, ours) == 0) return w->theirs;
    return NULL;
}

// The row that the class says; NULL: none, the format has one class.
static const FormatKey *key_of_class(const Format *format)
{
    for (const FormatKey *key = format->keys; key && key->row; key++)
        if (strcmp(key->key, DM_CLASSES) == 0) return key;
    return NULL;
}

const char *dm_format_class(const Format *format, const ModelConfig *config)
{
    const FormatKey *key = key_of_class(format);
    if (!key) return format->class_name;
    const ShapeRow *row = dm_shape_row(config->architecture, key->row);
    return dm_format_word(format, row, dm_shape_value(config, row));
}

// ---- Reading --------------------------------------------------------------------------------------------------------

static void put(JsonFile *file, const char *key, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(file->json, key);  // it may be null
    cJSON_AddItemToObject(file->json, key, value);
}

// A list of one is what stands in it.
static void unwrap(JsonFile *file, const char *key)
{
    const cJSON *list = dm_json_find(file, key);
    if (cJSON_IsArray(list) && cJSON_GetArraySize(list) == 1)
        put(file, key, cJSON_Duplicate(cJSON_GetArrayItem(list, 0), true));
}

void dm_format_read(const Format *format, JsonFile *file)
{
    if (key_of_class(format)) unwrap(file, DM_CLASSES);
    if (format->read) format->read(file);
    for (const FormatKey *key = format->keys; key && key->row; key++) {
        const cJSON *same = key->same ? dm_json_find(file, dm_format_key_name(format, key->same)) : NULL;
        if (dm_json_find(file, key->key)) continue;
        if (same) put(file, key->key, cJSON_Duplicate(same, true));
        if (key->missing) put(file, key->key, cJSON_Parse(key->missing));
    }
}

// ---- Writing --------------------------------------------------------------------------------------------------------

void dm_format_write_row(const Format *format, cJSON *json, const ModelConfig *config, const ShapeRow *row)
{
    const FormatKey *key = dm_format_key(format, row->key);
    const char *name = key ? key->key : row->key;
    if (key && key == key_of_class(format)) return;  // which is written as that of any format
    int value = dm_shape_value(config, row);
    if (key && !value && key->zero) {
        cJSON_AddItemToObject(json, name, cJSON_Parse(key->zero));
        return;
    }
    if (key && !value && key->same) value = dm_shape_value(config, dm_shape_row(config->architecture, key->same));
    switch (row->type) {
    case DM_SHAPE_FLAG: cJSON_AddBoolToObject(json, name, value); break;
    case DM_SHAPE_NAME: cJSON_AddStringToObject(json, name, dm_format_word(format, row, value)); break;
    case DM_SHAPE_INTEGER: cJSON_AddNumberToObject(json, name, value); break;
    case DM_SHAPE_TINY:
        if (value) cJSON_AddNumberToObject(json, name, value / 1e12);
        break;
    }
}
