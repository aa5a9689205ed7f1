// JSON files: a reader whose complaints name file, line and key, and a writer. What stands in a file may be anybody's,
// so every value is checked before it is used.
#pragma once
#include "core/cjson.h"

#include "core/error.h"

// A file while it is read. Its first complaint stays in *error, and `status` says so: who reads may ask for all that he
// needs and look at `status` once. {0} is a file that says nothing.
typedef struct JsonFile {
    char *path;
    cJSON *json;  // an object; NULL where it could not be read
    Error *error;
    Status status;
} JsonFile;

// A file that cannot be read, or is no JSON object in UTF-8, is a complaint already. dm_json_close is due either way.
Status dm_json_open(JsonFile *file, const char *path, Error *error);
void dm_json_close(JsonFile *file);  // `status` remains
void dm_json_complain(JsonFile *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
// FILE: "key" is ITEM, but NEEDED is needed
void dm_json_refuse(JsonFile *file, const char *key, const cJSON *item, const char *needed, ...)
    __attribute__((format(printf, 4, 5)));

// NULL where the key is missing or null, which mean the same.
const cJSON *dm_json_find(const JsonFile *file, const char *key);
bool dm_json_is_whole(const cJSON *item, int low, int high);  // a whole number from low to high; NULL is none
// The value of a key; `missing` where the file does not say, and after a complaint of another type or range.
int dm_json_integer(JsonFile *file, const char *key, int low, int high, int missing);
int dm_json_id(JsonFile *file, const char *key, int limit);  // 0 ... limit-1, alone or in a list of one; missing: -1
bool dm_json_flag(JsonFile *file, const char *key, bool missing);
const char *dm_json_text(JsonFile *file, const char *key, const char *missing);  // as long as the file is open

Status dm_json_write(const char *path, cJSON *json, Error *error);  // takes the JSON over, on failure too
Status dm_json_write_in(cJSON *json, const char *folder, const char *name, Error *error);  // the same
