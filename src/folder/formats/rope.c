// Rotary positions: rope_parameters, or in older files rope_theta and rope_scaling.
#include "folder/formats/rope.h"

#include <string.h>

static void check_type(JsonFile *file, const char *key)
{
    const cJSON *said = dm_json_find(file, key), *type = cJSON_GetObjectItemCaseSensitive(said, "rope_type");
    if (said && !cJSON_IsObject(said)) {
        dm_json_refuse(file, key, said, "a JSON object ({...})");
        return;
    }
    if (!type) type = cJSON_GetObjectItemCaseSensitive(said, "type");
    const char *name = cJSON_GetStringValue(type);
    if (said && said->child && (type || strcmp(key, "rope_scaling") == 0) && !(name && strcmp(name, "default") == 0))
        dm_json_complain(
            file,
            "%s: \"%s\" has the type \"%.60s\", by which rotary positions turn in another way: such models "
            "cannot be opened yet",
            file->path, key, name ? name : "?");
}

void dm_rope_read(JsonFile *file, double share)
{
    const cJSON *said = dm_json_find(file, "rope_parameters"),
                *theta = cJSON_GetObjectItemCaseSensitive(said, "rope_theta"),
                *part = cJSON_GetObjectItemCaseSensitive(said, "partial_rotary_factor");
    check_type(file, "rope_parameters");
    check_type(file, "rope_scaling");
    if (!part) part = dm_json_find(file, "partial_rotary_factor");
    if (part) share = cJSON_GetNumberValue(part);
    if (!(share >= 1 && share <= 1))
        dm_json_complain(file,
                         "%s: \"partial_rotary_factor\" is %g, so that some columns of a head do not turn: such models "
                         "cannot be opened yet",
                         file->path, share);
    if (!theta) return;
    cJSON *copy = cJSON_Duplicate(theta, true);
    cJSON_DeleteItemFromObjectCaseSensitive(file->json, "rope_theta");
    cJSON_AddItemToObject(file->json, "rope_theta", copy);
}

void dm_rope_write(cJSON *json)
{
    cJSON *said = cJSON_AddObjectToObject(json, "rope_parameters");
    cJSON_AddStringToObject(said, "rope_type", "default");
    cJSON_AddNumberToObject(said, "rope_theta",
                            cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "rope_theta")));
    cJSON_AddRawToObject(said, "partial_rotary_factor", "1.0");  // transformers tells it from 1
}

void dm_head_width_check(JsonFile *file)
{
    const double width = cJSON_GetNumberValue(dm_json_find(file, "hidden_size")),
                 heads = cJSON_GetNumberValue(dm_json_find(file, "num_attention_heads"));
    const cJSON *item = dm_json_find(file, "head_dim");
    if (!item || !(width > 0 && heads > 0)) return;  // what is missing, is missed elsewhere
    const double all = heads * cJSON_GetNumberValue(item);
    if (!(all >= width && all <= width))
        dm_json_complain(
            file,
            "%s: \"head_dim\" is %g, but only \"hidden_size\" %g divided by \"num_attention_heads\" %g can "
            "be computed",
            file->path, cJSON_GetNumberValue(item), width, heads);
}
