// cJSON, asked once more whether it has done what it was asked for.
#define DM_CJSON_AS_IT_IS
#include "core/cjson.h"

#include <ctype.h>
#include <string.h>

#include "core/memory.h"
#include "core/scope.h"

static void undo(void *item)
{
    cJSON_Delete(item);
}

// An item that is nobody's yet.
static cJSON *root(cJSON *item)
{
    if (!item) dm_out_of_memory(0);
    dm_guard(undo, item);
    return item;
}

// One that has its place in a tree.
static cJSON *child(cJSON *item)
{
    if (!item) dm_out_of_memory(0);
    return item;
}

static void taken_over(cJSON *item, int done)
{
    if (!done) dm_out_of_memory(0);
    dm_unguard(item);
}

// ---- Making ---------------------------------------------------------------------------------------------------------

cJSON *dm_cjson_object(void)
{
    return root(cJSON_CreateObject());
}

cJSON *dm_cjson_array(void)
{
    return root(cJSON_CreateArray());
}

cJSON *dm_cjson_text(const char *text)
{
    return root(cJSON_CreateString(text));
}

cJSON *dm_cjson_number(double number)
{
    return root(cJSON_CreateNumber(number));
}

cJSON *dm_cjson_bool(int flag)
{
    return root(cJSON_CreateBool(flag));
}

cJSON *dm_cjson_null(void)
{
    return root(cJSON_CreateNull());
}

cJSON *dm_cjson_integers(const int *numbers, int count)
{
    return root(cJSON_CreateIntArray(numbers, count));
}

cJSON *dm_cjson_doubles(const double *numbers, int count)
{
    return root(cJSON_CreateDoubleArray(numbers, count));
}

cJSON *dm_cjson_texts(const char *const *texts, int count)
{
    return root(cJSON_CreateStringArray(texts, count));
}

cJSON *dm_cjson_copy(const cJSON *item, int with_children)
{
    return root(cJSON_Duplicate(item, with_children));
}

void dm_cjson_delete(cJSON *item)
{
    if (!item) return;
    dm_unguard(item);
    cJSON_Delete(item);
}

// ---- Is it the text? ------------------------------------------------------------------------------------------------
// cJSON says the same of a text that is no JSON and of memory that has run out. So a text that it refuses is looked at
// here: it is JSON (RFC 8259), or it was memory. What cJSON refuses beyond the grammar (surrogates, depth) is no JSON
// here either.

typedef struct Look {
    const char *at, *end;
    int depth;
} Look;

static int next(const Look *look)
{
    return look->at < look->end ? (unsigned char)*look->at : -1;
}

static void skip_blanks(Look *look)
{
    while (next(look) == ' ' || next(look) == '\t' || next(look) == '\n' || next(look) == '\r') look->at++;
}

static int takes(Look *look, const char *word)
{
    const size_t size = strlen(word);
    if ((size_t)(look->end - look->at) < size || memcmp(look->at, word, size) != 0) return 0;
    look->at += size;
    return 1;
}

static int takes_digits(Look *look)
{
    const char *from = look->at;
    while (next(look) >= '0' && next(look) <= '9') look->at++;
    return look->at > from;
}

static int takes_number(Look *look)
{
    takes(look, "-");
    if (!takes(look, "0") && !takes_digits(look)) return 0;
    if (takes(look, ".") && !takes_digits(look)) return 0;
    if (!takes(look, "e") && !takes(look, "E")) return 1;
    if (!takes(look, "-")) takes(look, "+");
    return takes_digits(look);
}

static int takes_text(Look *look)
{
    if (!takes(look, "\"")) return 0;
    while (next(look) >= ' ' && next(look) != '"') {
        if (next(look) != '\\') {
            look->at++;
            continue;
        }
        look->at++;
        if (next(look) == 'u') {
            if (look->end - look->at < 5 || look->at[1] == 'd' || look->at[1] == 'D') return 0;
            for (int i = 1; i <= 4; i++)
                if (!isxdigit((unsigned char)look->at[i])) return 0;
        } else if (next(look) < 0 || !strchr("\"\\/bfnrt", next(look))) {
            return 0;
        }
        look->at++;
    }
    return takes(look, "\"");
}

static int takes_value(Look *look);

static int takes_members(Look *look, const char *end, int named)
{
    enum { DEEPEST = 500 };
    skip_blanks(look);
    if (takes(look, end)) return 1;
    if (++look->depth > DEEPEST) return 0;
    do {
        skip_blanks(look);
        if (named && !takes_text(look)) return 0;
        skip_blanks(look);
        if (named && !takes(look, ":")) return 0;
        if (!takes_value(look)) return 0;
    } while (takes(look, ","));
    look->depth--;
    return takes(look, end);
}

static int takes_value(Look *look)
{
    skip_blanks(look);
    const int good = takes(look, "{")   ? takes_members(look, "}", 1)
                     : takes(look, "[") ? takes_members(look, "]", 0)
                     : next(look) == '"'
                         ? takes_text(look)
                         : takes(look, "true") || takes(look, "false") || takes(look, "null") || takes_number(look);
    skip_blanks(look);
    return good;
}

static cJSON *parsed(cJSON *item, const char *text, size_t size)
{
    if (item) return root(item);
    Look look = {text, text + size, 0};
    if (takes_value(&look) && look.at == look.end) dm_out_of_memory(0);
    return NULL;
}

cJSON *dm_cjson_parse(const char *text)
{
    return parsed(cJSON_Parse(text), text, strlen(text));
}

cJSON *dm_cjson_parse_whole(const char *text, const char **end, int needs_nul)
{
    return parsed(cJSON_ParseWithOpts(text, end, needs_nul), text, strlen(text));
}

cJSON *dm_cjson_parse_part(const char *text, size_t size, const char **end, int needs_nul)
{
    return parsed(cJSON_ParseWithLengthOpts(text, size, end, needs_nul), text, size);
}

// ---- Printing -------------------------------------------------------------------------------------------------------

static char *printed(char *text)
{
    if (!text) dm_out_of_memory(0);
    dm_guard(cJSON_free, text);
    char *copy = dm_copy_string(text);
    dm_unguard(text);
    cJSON_free(text);
    return copy;
}

char *dm_cjson_print(const cJSON *item)
{
    return printed(cJSON_Print(item));
}

char *dm_cjson_print_short(const cJSON *item)
{
    return printed(cJSON_PrintUnformatted(item));
}

// ---- Adding ---------------------------------------------------------------------------------------------------------

cJSON *dm_cjson_add_object(cJSON *object, const char *key)
{
    return child(cJSON_AddObjectToObject(object, key));
}

cJSON *dm_cjson_add_array(cJSON *object, const char *key)
{
    return child(cJSON_AddArrayToObject(object, key));
}

cJSON *dm_cjson_add_text(cJSON *object, const char *key, const char *text)
{
    return child(cJSON_AddStringToObject(object, key, text));
}

cJSON *dm_cjson_add_number(cJSON *object, const char *key, double number)
{
    return child(cJSON_AddNumberToObject(object, key, number));
}

cJSON *dm_cjson_add_bool(cJSON *object, const char *key, int flag)
{
    return child(cJSON_AddBoolToObject(object, key, flag));
}

cJSON *dm_cjson_add_null(cJSON *object, const char *key)
{
    return child(cJSON_AddNullToObject(object, key));
}

cJSON *dm_cjson_add_raw(cJSON *object, const char *key, const char *raw)
{
    return child(cJSON_AddRawToObject(object, key, raw));
}

void dm_cjson_append(cJSON *array, cJSON *item)
{
    taken_over(item, cJSON_AddItemToArray(array, item));
}

void dm_cjson_add(cJSON *object, const char *key, cJSON *item)
{
    taken_over(item, cJSON_AddItemToObject(object, key, item));
}

void dm_cjson_add_constant(cJSON *object, const char *key, cJSON *item)
{
    taken_over(item, cJSON_AddItemToObjectCS(object, key, item));
}

cJSON *dm_cjson_detach(cJSON *object, const char *key)
{
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(object, key);
    if (item) dm_guard(undo, item);
    return item;
}
