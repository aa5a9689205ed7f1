// Names of labels. Where nobody has named them they are LABEL_0, LABEL_1, ..., as transformers calls them.
#include "folder/label_names.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"

enum { MOST_LABELS = 1 << 20, USUAL_LABELS = 2 };

static char *usual_name(int id)
{
    return dm_format("LABEL_%d", id);
}

// ---- Reading --------------------------------------------------------------------------------------------------------

// Keys are ids 0 ... count-1, each once.
static void take_name(JsonFile *file, char **names, int count, const cJSON *entry)
{
    char *end;
    const char *name = cJSON_GetStringValue(entry);
    const long id = strtol(entry->string, &end, 10);
    if (!name || !*name || *end || end == entry->string || id < 0 || id >= count || names[id])
        dm_json_complain(file, "%s: \"id2label\" needs a name for each of its ids \"0\" to \"%d\", but has \"%.60s\"",
                         file->path, count - 1, entry->string);
    else if (name[strcspn(name, DM_BLANKS)])
        dm_json_complain(file,
                         "%s: \"id2label\" has \"%.60s\", but blanks separate labels in a line: write it as one word, "
                         "there and in \"label2id\"",
                         file->path, name);
    else
        names[id] = dm_copy_string(name);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void check_that_they_differ(JsonFile *file, char **names, int count)
{
    char **sorted = dm_allocate((size_t)count, sizeof *sorted);
    memcpy(sorted, names, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    for (int i = 1; i < count && !file->status; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            dm_json_complain(file, "%s: \"id2label\" has the name \"%.60s\" twice", file->path, sorted[i]);
    dm_free(sorted);
}

void dm_label_names_read(ModelConfig *config, JsonFile *file)
{
    const cJSON *named = dm_json_find(file, "id2label"), *entry;
    int count = dm_json_integer(file, "num_labels", 1, MOST_LABELS, USUAL_LABELS);
    if (named) count = cJSON_GetArraySize(named);
    if (named && (!cJSON_IsObject(named) || count < 1 || count > MOST_LABELS)) {
        dm_json_refuse(file, "id2label", named, "an object of ids and names");
        return;
    }
    config->target_vocabulary = count;
    config->labels = dm_allocate((size_t)count, sizeof *config->labels);
    for (int i = 0; i < count && !named; i++) config->labels[i] = usual_name(i);
    cJSON_ArrayForEach(entry, named)
    {
        if (!file->status) take_name(file, config->labels, count, entry);
    }
    if (!file->status) check_that_they_differ(file, config->labels, count);
}

// ---- Writing --------------------------------------------------------------------------------------------------------

void dm_label_names_write(cJSON *json, const ModelConfig *config)
{
    cJSON *names = cJSON_AddObjectToObject(json, "id2label"), *ids = cJSON_AddObjectToObject(json, "label2id");
    for (int i = 0; i < config->target_vocabulary; i++) {
        char *id = dm_format("%d", i), *name = config->labels ? dm_copy_string(config->labels[i]) : usual_name(i);
        cJSON_AddStringToObject(names, id, name);
        cJSON_AddNumberToObject(ids, name, i);
        dm_free(id);
        dm_free(name);
    }
}
