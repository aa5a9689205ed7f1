// Options as JSON: configuration files, and the record of the settings that a run was begun with.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/locale.h"
#include "core/memory.h"
#include "options/option_set.h"
#include "core/utf8.h"

// ---- Reading --------------------------------------------------------------------------------------------------------

// Comments become blanks in place, so that the line and column of a mistake stay what they are. (cJSON_Minify would
// lose them, and would read "1 2" as 12.)
static void blank_comments(char *text)
{
    while (*text) {
        if (*text == '"') {
            for (text++; *text && *text != '"'; text++)
                if (*text == '\\' && text[1]) text++;
            text += *text != '\0';
        } else if (text[0] == '/' && text[1] == '/') {
            while (*text && *text != '\n') *text++ = ' ';
        } else if (text[0] == '/' && text[1] == '*') {
            char *end = strstr(text + 2, "*/");
            if (!end) return;  // the parser stops at it and says where
            for (end += 2; text < end; text++)
                if (*text != '\n') *text = ' ';
        } else {
            text++;
        }
    }
}

#define LOOKS "options look like this: {\"seed\": 1, \"dropout\": 0.1}"

// What may be wrong with it: YAML, as other toolkits have it, begins otherwise.
static const char *not_json(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '{' ? "this is not JSON (a missing or extra comma, quote or bracket?)"
                                                : "this is not JSON: " LOOKS;
}

static Status parse(cJSON **json, const char *path, Error *error)
{
    char *text;
    size_t size;
    Status status = dm_read_file(path, &text, &size, error);
    if (status) return status;
    size_t good = dm_utf8_valid(text, strlen(text));
    const char *stop = text + good;
    *json = NULL;
    if (good == size) {
        blank_comments(text);
        *json = cJSON_ParseWithOpts(text, &stop, true);
    }
    if (!*json) {
        int line = 1, column = 1;
        for (const char *at = text; at < stop; at++) {
            line += *at == '\n';
            if (*at == '\n')
                column = 1;
            else
                column += ((unsigned char)*at & 0xC0) != 0x80;
        }
        status = dm_fail(error, "%s: line %d, column %d: %s", path, line, column,
                         good < size ? "this is not UTF-8 text" : not_json(text));
    } else if (!cJSON_IsObject(*json)) {
        status = dm_fail(error, "%s holds no JSON object; " LOOKS, path);
    }
    dm_free(text);
    if (status) cJSON_Delete(*json);
    return status;
}

static const char *kind_of(const cJSON *item)
{
    if (cJSON_IsString(item)) return "a string";
    if (cJSON_IsNumber(item)) return "a number";
    if (cJSON_IsBool(item)) return "true or false";
    if (cJSON_IsArray(item)) return "a list";
    return cJSON_IsObject(item) ? "an object" : "null";
}

static bool is_number(const Option *row)
{
    return row->type == DM_INTEGER || row->type == DM_REAL;
}

static const char *kind_needed(const Option *row)
{
    if (row->type == DM_FLAG) return "true or false";
    if (row->values_max > 1) return is_number(row) ? "a list of numbers" : "a list of strings";
    if (row->type == DM_DURATION) return "a string such as \"10e\" or \"30m\"";
    return is_number(row) ? "a number" : "a string";
}

// The text of one value, as the command line would have it; NULL: of the wrong kind. The caller frees it.
static char *value_text(const Option *row, const cJSON *item)
{
    if (row->type == DM_FLAG) return cJSON_IsBool(item) ? dm_copy_string(cJSON_IsTrue(item) ? "true" : "false") : NULL;
    if (is_number(row)) return cJSON_IsNumber(item) ? cJSON_PrintUnformatted(item) : NULL;
    if (row->type == DM_WEIGHTED && cJSON_IsNumber(item)) return cJSON_PrintUnformatted(item);
    return cJSON_IsString(item) ? dm_copy_string(item->valuestring) : NULL;
}

// A value by itself stands for a list of one.
static Status assign_json(dm_options *options, const Option *row, const char *label, const cJSON *item, Error *error)
{
    bool list = cJSON_IsArray(item);
    int count = list ? cJSON_GetArraySize(item) : 1, filled = 0;
    if (list && row->values_max <= 1) return dm_misuse(error, "%s must be %s, not a list", label, kind_needed(row));
    char **values = dm_allocate((size_t)count, sizeof *values);
    Status status = DM_OK;
    for (const cJSON *at = list ? item->child : item; at && filled < count; at = at->next, filled++) {
        values[filled] = value_text(row, at);
        if (values[filled]) continue;
        status =
            dm_misuse(error, "%s must be %s, not %s%s", label, kind_needed(row), list ? "one with " : "", kind_of(at));
        break;
    }
    if (!status) status = dm_option_assign(options, row, label, count, (const char *const *)values, error);
    for (int i = 0; i < filled; i++) dm_free(values[i]);
    dm_free(values);
    return status;
}

// What only a command line can say.
static bool command_line_only(const Option *row)
{
    return row == &dm_option_config || row == &dm_option_help;
}

static Status load_item(dm_options *options, const char *path, const cJSON *item, bool *seen, Error *error)
{
    const Option *row = dm_option_find(options->command, item->string);
    bool *again = row ? &seen[dm_option_setting(options, row) - options->settings] : NULL;
    char *label = dm_format("%s: %s", path, item->string), *where = dm_format("%s: ", path);
    Status status;
    if (!row)
        status = dm_option_unknown(options->command, where, "", item->string, error);
    else if (command_line_only(row))
        status = dm_misuse(error, "%s can only stand on the command line", label);
    else if (*again)
        status = dm_misuse(error, "%s stands there twice (under this or another name); leave one of them out", label);
    else
        status = assign_json(options, row, label, item, error);
    if (again) *again = true;
    dm_free(label);
    dm_free(where);
    return status;
}

dm_status dm_options_load(dm_options *options, const char *path, dm_error *error)
{
    DM_PLAIN_NUMBERS;
    cJSON *json;
    Status status = parse(&json, path, error);
    if (status) return status;
    bool *seen = dm_allocate((size_t)options->rows, sizeof *seen);
    for (const cJSON *item = json->child; item && !status; item = item->next)
        status = load_item(options, path, item, seen, error);
    dm_free(seen);
    cJSON_Delete(json);
    return status;
}

// ---- Writing --------------------------------------------------------------------------------------------------------

static cJSON *value_json(const Option *row, const char *text)
{
    if (row->type == DM_FLAG) return cJSON_CreateBool(strcmp(text, "true") == 0);
    return is_number(row) ? cJSON_CreateNumber(dm_option_number(text)) : cJSON_CreateString(text);
}

static cJSON *setting_json(const Option *row, const Setting *setting)
{
    if (row->values_max <= 1) return value_json(row, setting->values[0]);
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < setting->count; i++) cJSON_AddItemToArray(list, value_json(row, setting->values[i]));
    return list;
}

static bool is_fixed(const dm_options *options, const Option *row)
{
    return !row->free_on_resume || (row->fixed && row->fixed(options));
}

cJSON *dm_options_json(const dm_options *options, bool everything)
{
    cJSON *json = cJSON_CreateObject();
    for (int i = 0; i < options->rows; i++) {
        const Setting *setting = &options->settings[i];
        const Option *row = setting->row;
        if (command_line_only(row) || (!everything && !is_fixed(options, row))) continue;
        if (setting->count)
            cJSON_AddItemToObject(json, row->name, setting_json(row, setting));
        else if (row->type == DM_FLAG)
            cJSON_AddFalseToObject(json, row->name);
    }
    return json;
}

// ---- Comparing ------------------------------------------------------------------------------------------------------

// cJSON writes a number with 15 digits where that is right but for the last bit: numbers are the same up to that bit.
static bool same_number(double a, double b)
{
    return fabs(a - b) <= 4e-16 * fabs(a);
}

static bool same_value(const Option *row, const char *a, const char *b)
{
    Duration first, second;
    if (is_number(row)) return same_number(dm_option_number(a), dm_option_number(b));
    if (row->type == DM_WEIGHTED && !dm_option_has_word(row, a) && !dm_option_has_word(row, b))
        return same_number(dm_option_number(a), dm_option_number(b));
    if (row->type == DM_DURATION)
        return dm_option_read_duration(a, &first) && dm_option_read_duration(b, &second) &&
               first.amount == second.amount && first.unit == second.unit;
    return strcmp(a, b) == 0;
}

static bool same_setting(const Option *row, const Setting *a, const Setting *b)
{
    if (row->type == DM_FLAG)
        return (a->count && strcmp(a->values[0], "true") == 0) == (b->count && strcmp(b->values[0], "true") == 0);
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++)
        if (!same_value(row, a->values[i], b->values[i])) return false;
    return true;
}

static char *append(char *list, const char *more)
{
    char *longer = dm_format("%s%s", list, more);
    dm_free(list);
    return longer;
}

static char *append_values(char *list, const char *before, const Setting *setting)
{
    list = append(list, before);
    for (int i = 0; i < setting->count; i++) list = append(append(list, " "), setting->values[i]);
    return setting->count ? list : append(list, " none");
}

Status dm_options_match(const dm_options *options, const cJSON *stored, const char *folder, Error *error)
{
    dm_options *begun = dm_options_create(options->command);
    char *list = dm_copy_string("");
    Status status = DM_OK;
    for (int i = 0; i < options->rows && !status; i++) {
        const Setting *then = &begun->settings[i], *now = &options->settings[i];
        const Option *row = now->row;
        const bool dropped = row->initial && !now->count;  // it says nothing in this run
        if (dropped || !is_fixed(options, row)) continue;
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(stored, row->name);
        char *label = dm_format("%s: the record of the run's options: %s", folder, row->name);
        if (item && assign_json(begun, row, label, item, error)) status = DM_FAILURE;  // damaged, not misused
        dm_free(label);
        if (status || same_setting(row, then, now)) continue;
        list = append(append(append(list, "\n  --"), row->name), ":");
        list = append_values(append_values(list, " begun with", then), ", now", now);
    }
    if (!status && *list)
        status = dm_misuse(error,
                           "%s: the run there was begun with other options. Give the old ones to go on with it, "
                           "another --model to begin one beside it, or --overwrite to replace it:%s",
                           folder, list);
    dm_free(list);
    dm_options_free(begun);
    return status;
}
