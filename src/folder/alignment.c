// The heads that align, to and from config.json. What stands there may be anybody's: every value is checked.
#include "folder/alignment.h"

#include <math.h>

#include "core/json.h"
#include "core/memory.h"
#include "folder/folder.h"
#include "model/model.h"

static Status refuse(const char *folder, const char *key, const cJSON *item, const char *needed, Error *error)
{
    char *value = item ? cJSON_PrintUnformatted(item) : NULL;
    Status status = dm_fail(error,
                            "%s/config.json: \"%s\" of \"alignment\" in \"dragoman\" is %.60s, but %s is needed: "
                            "correct it, or remove \"alignment\"",
                            folder, key, value ? value : "missing", needed);
    cJSON_free(value);
    return status;
}

static Status read_number(int *number, const cJSON *alignment, const char *key, int highest, const char *folder,
                          Error *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(alignment, key);
    char needed[64];
    snprintf(needed, sizeof needed, "a whole number from 0 to %d", highest);
    if (!dm_json_is_whole(item, 0, highest)) return refuse(folder, key, item, needed, error);
    *number = (int)item->valuedouble;
    return DM_OK;
}

static void list_heads(AlignmentHeads *heads, const bool *chosen, int all)
{
    heads->heads = dm_allocate((size_t)all, sizeof *heads->heads);
    for (int h = 0; h < all; h++)
        if (chosen[h]) heads->heads[heads->head_count++] = h;
}

static Status read_heads(AlignmentHeads *heads, const cJSON *alignment, int all, const char *folder, Error *error)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(alignment, "heads"), *item;
    bool *chosen = dm_allocate((size_t)all, sizeof *chosen), good = cJSON_IsArray(list) && list->child;
    cJSON_ArrayForEach(item, list)
    {
        good = good && dm_json_is_whole(item, 0, all - 1) && !chosen[(int)item->valuedouble];
        if (good) chosen[(int)item->valuedouble] = true;
    }
    if (good) list_heads(heads, chosen, all);
    dm_free(chosen);
    if (good) return DM_OK;
    char needed[64];
    snprintf(needed, sizeof needed, "a list of different heads from 0 to %d", all - 1);
    return refuse(folder, "heads", list, needed, error);
}

// Written where it is so.
static Status read_context(AlignmentHeads *heads, const cJSON *alignment, SourceAttention seen, const char *folder,
                           Error *error)
{
    const cJSON *whole = cJSON_GetObjectItemCaseSensitive(alignment, "whole");
    if (whole && (!cJSON_IsTrue(whole) || !seen.of_whole))
        return refuse(folder, "whole", whole, "true, in a model whose pieces can see all of their target,", error);
    heads->whole = whole != NULL;
    return DM_OK;
}

static void take_usual(AlignmentHeads *heads, const ModelConfig *config)
{
    const SourceAttention seen = config->architecture->source_attention(config);
    *heads = (AlignmentHeads){.layer = dm_usual_gaze(config).layer - 1,
                              .head_count = seen.heads,
                              .heads = dm_allocate((size_t)seen.heads, sizeof *heads->heads)};
    for (int h = 0; h < seen.heads; h++) heads->heads[h] = h;
}

Status dm_alignment_heads_of(AlignmentHeads *heads, const ModelConfig *config, const cJSON *extra, const char *folder,
                             Error *error)
{
    const cJSON *said = cJSON_GetObjectItemCaseSensitive(extra, "alignment");
    const SourceAttention seen = config->architecture->source_attention(config);
    *heads = (AlignmentHeads){0};
    if (!seen.layers) return DM_OK;
    if (!said || cJSON_IsNull(said)) {
        take_usual(heads, config);
        return DM_OK;
    }
    if (!cJSON_IsObject(said))
        return dm_fail(error, "%s/config.json: \"alignment\" in \"dragoman\" must be a JSON object ({...})", folder);
    Status status = read_number(&heads->layer, said, "layer", seen.layers - 1, folder, error);
    if (!status) status = read_number(&heads->shift, said, "shift", 1, folder, error);
    if (!status) status = read_context(heads, said, seen, folder, error);
    return status ? status : read_heads(heads, said, seen.heads, folder, error);
}

void dm_alignment_heads_free(AlignmentHeads *heads)
{
    dm_free(heads->heads);
    *heads = (AlignmentHeads){0};
}

AlignmentHeads dm_alignment_heads_of_gaze(const Gaze *gaze, const ModelConfig *config)
{
    const int all = config->architecture->source_attention(config).heads;
    AlignmentHeads heads = {.layer = gaze->layer - 1, .whole = gaze->whole, .head_count = gaze->head < 0 ? all : 1};
    heads.heads = dm_allocate((size_t)heads.head_count, sizeof *heads.heads);
    for (int h = 0; h < heads.head_count; h++) heads.heads[h] = gaze->head < 0 ? h : gaze->head;
    return heads;
}

cJSON *dm_alignment_heads_json(const AlignmentHeads *heads)
{
    cJSON *alignment = cJSON_CreateObject();
    cJSON_AddNumberToObject(alignment, "layer", heads->layer);
    cJSON_AddItemToObject(alignment, "heads", cJSON_CreateIntArray(heads->heads, heads->head_count));
    cJSON_AddNumberToObject(alignment, "shift", heads->shift);
    if (heads->whole) cJSON_AddBoolToObject(alignment, "whole", true);
    return alignment;
}

Status dm_alignment_heads_store(const AlignmentHeads *heads, double agreement, const char *folder, Error *error)
{
    cJSON *alignment = dm_alignment_heads_json(heads);
    cJSON_AddNumberToObject(alignment, "agreement", round(agreement * 1e4) / 1e4);
    return dm_config_store(folder, "alignment", alignment, error);
}
