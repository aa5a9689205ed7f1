// A set of options as it is, to the letter, for another process of the same program.
#include <string.h>

#include "core/memory.h"
#include "options/option_set.h"

cJSON *dm_options_hand_over(const dm_options *options)
{
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < options->rows; i++) {
        const Setting *setting = &options->settings[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddBoolToObject(item, "given", setting->given);
        cJSON_AddBoolToObject(item, "from_file", setting->from_file);
        cJSON *values = cJSON_AddArrayToObject(item, "values");
        for (int j = 0; j < setting->count; j++) cJSON_AddItemToArray(values, cJSON_CreateString(setting->values[j]));
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

void dm_options_take_over(dm_options *options, const cJSON *list, const char *but)
{
    const cJSON *item = cJSON_GetArrayItem(list, 0);
    for (int i = 0; i < options->rows && item; i++, item = item->next) {
        Setting *setting = &options->settings[i];
        const cJSON *values = cJSON_GetObjectItemCaseSensitive(item, "values"), *value;
        if (!strcmp(setting->row->name, but)) continue;
        const int count = cJSON_GetArraySize(values);
        Setting fresh = {.row = setting->row,
                         .values = count ? dm_allocate((size_t)count, sizeof *fresh.values) : NULL,
                         .given = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "given")),
                         .from_file = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "from_file"))};
        cJSON_ArrayForEach(value, values) fresh.values[fresh.count++] = dm_copy_string(cJSON_GetStringValue(value));
        dm_option_take(options, setting, fresh);
    }
}
