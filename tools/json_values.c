// Values in JSON that others wrote.
#include "json_values.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

const cJSON *json_find(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

double json_number(const cJSON *object, const char *name)
{
    const cJSON *item = json_find(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

const char *json_string(const cJSON *object, const char *name)
{
    const cJSON *item = json_find(object, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

void json_copy_string(cJSON *to, const char *name, const cJSON *text)
{
    cJSON_AddItemToObject(to, name, cJSON_IsString(text) ? cJSON_Duplicate(text, true) : cJSON_CreateNull());
}

dm_status json_read(cJSON **json, const char *path, dm_error *error)
{
    FILE *file;
    dm_status status = open_folder_file(&file, path, error);
    if (!file) return status;
    char *text = NULL;
    size_t room = 0;
    if (getdelim(&text, &room, '\0', file) >= 0) *json = cJSON_Parse(text);
    if (!cJSON_IsObject(*json)) status = failure(error, "%s is not valid JSON", path);
    free(text);
    fclose(file);
    return status;
}
