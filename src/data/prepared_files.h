// What writers and readers of a prepared text share: the names of its files, and its hash.
#pragma once
#include "core/cjson.h"

#include "core/hash.h"
#include "data/prepared.h"

#define DM_PREPARED_FORMAT "dragoman prepared text"
enum { DM_PREPARED_VERSION = 1 };

typedef enum PreparedPart { DM_PREPARED_IDS, DM_PREPARED_LENGTHS, DM_PREPARED_COPIES, DM_PREPARED_PARTS } PreparedPart;
extern const char *const dm_prepared_names[DM_PREPARED_PARTS];

cJSON *dm_prepared_json(const PreparedText *text);  // as the file has it, but for the hash
void dm_prepared_add_hash(cJSON *json, const char *key, uint64_t hash);
// Of the text, and of its parts: each DM_HASH where there is none.
uint64_t dm_prepared_hash_all(const PreparedText *text, const uint64_t parts[DM_PREPARED_PARTS]);

static inline uint64_t dm_prepared_hash(uint64_t hash, const int *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) hash = dm_hash(hash, (uint32_t)numbers[i]);
    return hash;
}
