// cJSON under the rules of core/scope.h: the same names, but nothing here returns NULL because memory has run out, no
// value is left out of a tree for that reason, and a tree that is nobody's yet goes with the scope that is left. To be
// included in the place of <cjson/cJSON.h>. (cJSON's own hooks belong to the whole process, which is not ours.)
#pragma once
#include <cjson/cJSON.h>

cJSON *dm_cjson_object(void);
cJSON *dm_cjson_array(void);
cJSON *dm_cjson_text(const char *text);
cJSON *dm_cjson_number(double number);
cJSON *dm_cjson_bool(int flag);
cJSON *dm_cjson_null(void);
cJSON *dm_cjson_integers(const int *numbers, int count);
cJSON *dm_cjson_doubles(const double *numbers, int count);
cJSON *dm_cjson_texts(const char *const *texts, int count);
cJSON *dm_cjson_copy(const cJSON *item, int with_children);
void dm_cjson_delete(cJSON *item);

// NULL: the text is at fault, and the last of them says where.
cJSON *dm_cjson_parse(const char *text);
cJSON *dm_cjson_parse_whole(const char *text, const char **end, int needs_nul);
cJSON *dm_cjson_parse_part(const char *text, size_t size, const char **end, int needs_nul);
char *dm_cjson_print(const cJSON *item);  // with line breaks; freed by dm_free, of which cJSON_free is another name
char *dm_cjson_print_short(const cJSON *item);

// Into a tree, which takes an item over.
cJSON *dm_cjson_add_object(cJSON *object, const char *key);
cJSON *dm_cjson_add_array(cJSON *object, const char *key);
cJSON *dm_cjson_add_text(cJSON *object, const char *key, const char *text);
cJSON *dm_cjson_add_number(cJSON *object, const char *key, double number);
cJSON *dm_cjson_add_bool(cJSON *object, const char *key, int flag);
cJSON *dm_cjson_add_null(cJSON *object, const char *key);
cJSON *dm_cjson_add_raw(cJSON *object, const char *key, const char *raw);
void dm_cjson_append(cJSON *array, cJSON *item);
void dm_cjson_add(cJSON *object, const char *key, cJSON *item);
void dm_cjson_add_constant(cJSON *object, const char *key, cJSON *item);  // whose key lives as long as the tree
cJSON *dm_cjson_detach(cJSON *object, const char *key);

#ifndef DM_CJSON_AS_IT_IS
#define cJSON_CreateObject dm_cjson_object
#define cJSON_CreateArray dm_cjson_array
#define cJSON_CreateString dm_cjson_text
#define cJSON_CreateNumber dm_cjson_number
#define cJSON_CreateBool dm_cjson_bool
#define cJSON_CreateNull dm_cjson_null
#define cJSON_CreateIntArray dm_cjson_integers
#define cJSON_CreateDoubleArray dm_cjson_doubles
#define cJSON_CreateStringArray dm_cjson_texts
#define cJSON_Duplicate dm_cjson_copy
#define cJSON_Delete dm_cjson_delete
#define cJSON_Parse dm_cjson_parse
#define cJSON_ParseWithOpts dm_cjson_parse_whole
#define cJSON_ParseWithLengthOpts dm_cjson_parse_part
#define cJSON_Print dm_cjson_print
#define cJSON_PrintUnformatted dm_cjson_print_short
#define cJSON_free dm_free
#define cJSON_AddObjectToObject dm_cjson_add_object
#define cJSON_AddArrayToObject dm_cjson_add_array
#define cJSON_AddStringToObject dm_cjson_add_text
#define cJSON_AddNumberToObject dm_cjson_add_number
#define cJSON_AddBoolToObject dm_cjson_add_bool
#define cJSON_AddFalseToObject(object, key) dm_cjson_add_bool(object, key, 0)
#define cJSON_AddNullToObject dm_cjson_add_null
#define cJSON_AddRawToObject dm_cjson_add_raw
#define cJSON_AddItemToArray dm_cjson_append
#define cJSON_AddItemToObject dm_cjson_add
#define cJSON_AddItemToObjectCS dm_cjson_add_constant
#define cJSON_DetachItemFromObjectCaseSensitive dm_cjson_detach
#endif
