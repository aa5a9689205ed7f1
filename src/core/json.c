// JSON files: parsed strictly, asked by key, written whole.
#include "core/json.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/utf8.h"

// ---- Complaints ---------------------------------------------------------------------------------------------------

static void complain(JsonFile *file, const char *format, va_list arguments)
{
    char message[sizeof file->error->message];
    if (file->status) return;
    vsnprintf(message, sizeof message, format, arguments);
    file->status = dm_fail(file->error, "%s", message);
}

void dm_json_complain(JsonFile *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(file, format, arguments);
    va_end(arguments);
}

void dm_json_refuse(JsonFile *file, const char *key, const cJSON *item, const char *needed, ...)
{
    char *value = item ? cJSON_PrintUnformatted(item) : NULL, what[256];
    va_list arguments;
    va_start(arguments, needed);
    vsnprintf(what, sizeof what, needed, arguments);
    va_end(arguments);
    dm_json_complain(file, "%s: \"%s\" is %.60s, but %s is needed", file->path, key, value ? value : "missing", what);
    cJSON_free(value);
}

// ---- Reading ------------------------------------------------------------------------------------------------------

static void complain_of_line(JsonFile *file, const char *text, const char *end, const char *language)
{
    int line = 1;
    for (; text < end; text++) line += *text == '\n';
    dm_json_complain(file, "%s: line %d is not valid %s: get the file again or correct it", file->path, line, language);
}

static void parse(JsonFile *file, const char *text, size_t size)
{
    const char *end = text + dm_utf8_valid(text, size);
    if (end < text + size) {
        complain_of_line(file, text, end, "UTF-8");
        return;
    }
    file->json = cJSON_ParseWithLengthOpts(text, size, &end, false);
    while (file->json && end < text + size && isspace((unsigned char)*end)) end++;
    if (!file->json || end < text + size)
        complain_of_line(file, text, end, "JSON");
    else if (!cJSON_IsObject(file->json))
        dm_json_complain(file, "%s must be a JSON object ({...}), but is something else", file->path);
}

Status dm_json_open(JsonFile *file, const char *path, Error *error)
{
    char *text = NULL;
    size_t size;
    *file = (JsonFile){.path = dm_copy_string(path), .error = error};
    file->status = dm_read_file(path, &text, &size, error);
    if (!file->status) parse(file, text, size);
    dm_free(text);
    if (file->status) {
        cJSON_Delete(file->json);
        file->json = NULL;
    }
    return file->status;
}

void dm_json_close(JsonFile *file)
{
    cJSON_Delete(file->json);
    dm_free(file->path);
    file->json = NULL;
    file->path = NULL;
}

const cJSON *dm_json_find(const JsonFile *file, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(file->json, key);
    return cJSON_IsNull(item) ? NULL : item;
}

bool dm_json_is_whole(const cJSON *item, int low, int high)
{
    const double value = cJSON_GetNumberValue(item);  // NaN where it is no number; valueint would saturate
    return value >= low && value <= high && value == floor(value);
}

int dm_json_integer(JsonFile *file, const char *key, int low, int high, int missing)
{
    const cJSON *item = dm_json_find(file, key);
    if (!item) return missing;
    if (dm_json_is_whole(item, low, high)) return (int)item->valuedouble;
    dm_json_refuse(file, key, item, "a whole number from %d to %d", low, high);
    return missing;
}

int dm_json_id(JsonFile *file, const char *key, int limit)
{
    const cJSON *item = dm_json_find(file, key);
    if (cJSON_IsArray(item) && cJSON_GetArraySize(item) == 1) item = item->child;
    if (!item) return -1;
    if (dm_json_is_whole(item, 0, limit - 1)) return (int)item->valuedouble;
    dm_json_refuse(file, key, item, "one id of the vocabulary (0 to %d)", limit - 1);
    return -1;
}

bool dm_json_flag(JsonFile *file, const char *key, bool missing)
{
    const cJSON *item = dm_json_find(file, key);
    if (cJSON_IsBool(item)) return cJSON_IsTrue(item);
    if (item) dm_json_complain(file, "%s: \"%s\" must be true or false", file->path, key);
    return missing;
}

const char *dm_json_text(JsonFile *file, const char *key, const char *missing)
{
    const cJSON *item = dm_json_find(file, key);
    if (cJSON_IsString(item)) return item->valuestring;
    if (item) dm_json_complain(file, "%s: \"%s\" must be a text in quotes", file->path, key);
    return missing;
}

// ---- Writing ------------------------------------------------------------------------------------------------------

Status dm_json_write(const char *path, cJSON *json, Error *error)
{
    char *printed = cJSON_Print(json), *text = dm_format("%s\n", printed);
    Status status = dm_write_file(path, text, strlen(text), error);
    cJSON_Delete(json);
    cJSON_free(printed);
    dm_free(text);
    return status;
}

Status dm_json_write_in(cJSON *json, const char *folder, const char *name, Error *error)
{
    char *path = dm_join_path(folder, name);
    Status status = dm_json_write(path, json, error);
    dm_free(path);
    return status;
}
