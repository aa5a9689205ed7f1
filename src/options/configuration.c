// Configuration files: options as JSON, with comments.
#include <string.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/scope.h"
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
    Status status = dm_read_named_file(path, &text, &size, error);
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

bool dm_option_is_number(const Option *row)
{
    return row->type == DM_INTEGER || row->type == DM_REAL;
}

static const char *kind_needed(const Option *row)
{
    if (row->type == DM_FLAG) return "true or false";
    if (row->values_max > 1) return dm_option_is_number(row) ? "a list of numbers" : "a list of strings";
    if (row->type == DM_DURATION) return "a string such as \"10e\" or \"30m\"";
    return dm_option_is_number(row) ? "a number" : "a string";
}

// The text of one value, as the command line would have it; NULL: of the wrong kind. The caller frees it.
static char *value_text(const Option *row, const cJSON *item)
{
    if (row->type == DM_FLAG) return cJSON_IsBool(item) ? dm_copy_string(cJSON_IsTrue(item) ? "true" : "false") : NULL;
    if (dm_option_is_number(row)) return cJSON_IsNumber(item) ? cJSON_PrintUnformatted(item) : NULL;
    if (row->type == DM_WEIGHTED && cJSON_IsNumber(item)) return cJSON_PrintUnformatted(item);
    return cJSON_IsString(item) ? dm_copy_string(item->valuestring) : NULL;
}

static bool is_of_kind(const Option *row, const cJSON *item)
{
    const bool list = cJSON_IsArray(item);
    bool good = !list || row->values_max > 1;
    for (const cJSON *at = list ? item->child : item; at && good; at = list ? at->next : NULL) {
        char *text = value_text(row, at);
        good = text != NULL;
        dm_free(text);
    }
    return good;
}

// Whether a value is for another command, whose option of this name takes other values: train's --tsv names a file,
// that of translate is a flag. (What a command cannot do without is for it.)
static bool is_for_another(const Command *command, const Option *row, const cJSON *item)
{
    if (row->required || is_of_kind(row, item)) return false;
    for (const Command *other = command->table->commands; other->name; other++) {
        const Option *theirs = dm_option_find(other, item->string);
        if (theirs && is_of_kind(theirs, item)) return true;
    }
    return false;
}

// A value by itself stands for a list of one.
Status dm_option_assign_json(dm_options *options, const Option *row, const char *label, const cJSON *item, Error *error)
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

bool dm_option_is_of_command_line(const Option *row)
{
    return row == &dm_option_config || row == &dm_option_help;
}

// Puts a text, or NULL, in the place of one of the options', which takes it over.
static void hold(const dm_options *options, char **text, char *fresh)
{
    dm_belong(fresh, options);
    dm_free(*text);
    *text = fresh;
}

// A file that several commands share holds what is for the others.
static void note_elsewhere(dm_options *options, const char *name)
{
    hold(options, &options->elsewhere,
         options->elsewhere ? dm_format("%s, %s", options->elsewhere, name) : dm_copy_string(name));
}

static Status load_item(dm_options *options, const char *path, const cJSON *item, bool *seen, Error *error)
{
    const Option *row = dm_option_find(options->command, item->string);
    bool *again = row ? &seen[dm_option_setting(options, row) - options->settings] : NULL;
    char *label = dm_format("%s: %s", path, item->string), *where = dm_format("%s: ", path);
    Status status = DM_OK;
    if (row ? is_for_another(options->command, row, item) : dm_option_elsewhere(options->command, item->string))
        note_elsewhere(options, item->string);
    else if (!row)
        status = dm_option_unknown(options->command, where, "", item->string, error);
    else if (dm_option_is_of_command_line(row))
        status = dm_misuse(error, "%s can only stand on the command line", label);
    else if (*again)
        status = dm_misuse(error, "%s stands there twice (under this or another name); leave one of them out", label);
    else
        status = dm_option_assign_json(options, row, label, item, error);
    if (again) *again = dm_option_setting(options, row)->from_file = true;
    dm_free(label);
    dm_free(where);
    return status;
}

static Status load(dm_options *options, const char *path, Error *error)
{
    cJSON *json;
    Status status = parse(&json, path, error);
    if (status) return status;
    bool *seen = dm_allocate((size_t)options->rows, sizeof *seen);
    hold(options, &options->file, dm_copy_string(path));
    hold(options, &options->elsewhere, NULL);
    for (const cJSON *item = json->child; item && !status; item = item->next)
        status = load_item(options, path, item, seen, error);
    dm_free(seen);
    cJSON_Delete(json);
    return status;
}

dm_status dm_options_load(dm_options *options, const char *path, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, load(options, path, error));
    return status;
}
