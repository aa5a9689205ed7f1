// The record of a run: the settings that it was begun with, as JSON; what of them another call takes over, and whether
// the run can go on with that call's.
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"
#include "options/option_set.h"

// ---- Writing --------------------------------------------------------------------------------------------------------

// JSON is UTF-8, and the name of a file need not be: a record that no reader takes would cost the whole model.
static cJSON *string_json(const char *text)
{
    char *mended = dm_utf8_mended(text, strlen(text));
    cJSON *string = cJSON_CreateString(mended);
    dm_free(mended);
    return string;
}

static cJSON *value_json(const Option *row, const char *text)
{
    if (row->type == DM_FLAG) return cJSON_CreateBool(strcmp(text, "true") == 0);
    return dm_option_is_number(row) ? cJSON_CreateNumber(dm_option_number(text)) : string_json(text);
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
        if (dm_option_is_of_command_line(row) || (!everything && !is_fixed(options, row))) continue;
        if (!dm_option_counts(options, setting)) continue;
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
    if (dm_option_is_number(row)) return same_number(dm_option_number(a), dm_option_number(b));
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

static char *values_of(const Setting *setting)
{
    char *list = dm_copy_string("");
    for (int i = 0; i < setting->count; i++) list = append(append(list, i ? " " : ""), setting->values[i]);
    return setting->count ? list : append(list, "none");
}

static void add_change(cJSON *changes, const Setting *then, const Setting *now)
{
    char *from = values_of(then), *to = values_of(now);
    cJSON *change = cJSON_CreateObject();
    cJSON_AddStringToObject(change, "option", now->row->name);
    cJSON_AddStringToObject(change, "from", from);
    cJSON_AddStringToObject(change, "to", to);
    cJSON_AddItemToArray(changes, change);
    dm_free(from);
    dm_free(to);
}

// Takes the list over, and gives it back with a line more.
static char *add_refusal(char *list, const Setting *then, const Setting *now)
{
    const Option *row = now->row;
    const char *why = row->may_change ? "--change" : row->stays ? row->stays : "the model was made with it";
    char *from = values_of(then), *to = values_of(now);
    char *line = dm_format("\n  --%s: begun with %s, now %s (%s%s)", row->name, from, to,
                           row->may_change ? "possible from here on, with " : "it stays: ", why);
    dm_free(from);
    dm_free(to);
    list = append(list, line);
    dm_free(line);
    return list;
}

// The value that a run was begun with, into a set of options; DM_FAILURE: damaged, not misused.
static Status take_stored(dm_options *options, const Option *row, const cJSON *stored, const char *folder, Error *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(stored, row->name);
    if (!item) return DM_OK;
    char *label = dm_format("%s: the record of the run's options: %s", folder, row->name);
    const Status status = dm_option_assign_json(options, row, label, item, error);
    dm_free(label);
    return status ? DM_FAILURE : DM_OK;
}

Status dm_options_match(const dm_options *options, const cJSON *stored, const char *folder, cJSON *changes,
                        Error *error)
{
    dm_options *begun = dm_options_create(options->command);
    char *list = dm_copy_string("");
    Status status = DM_OK;
    for (int i = 0; i < options->rows && !status; i++) {
        const Setting *then = &begun->settings[i], *now = &options->settings[i];
        const Option *row = now->row;
        // It says nothing in this run.
        const bool dropped = (row->initial && !now->count) || !dm_option_counts(options, now);
        if (dropped || !is_fixed(options, row)) continue;
        status = take_stored(begun, row, stored, folder, error);
        if (status || same_setting(row, then, now)) continue;
        if (changes && row->may_change)
            add_change(changes, then, now);
        else
            list = add_refusal(list, then, now);
    }
    if (!status && *list)
        status = dm_misuse(error,
                           "%s: the run there was begun with other options. Leave these out, or give the old ones, to "
                           "go on with it; give another --model to begin one beside it, or --overwrite to replace "
                           "it:%s",
                           folder, list);
    dm_free(list);
    dm_options_free(begun);
    return status;
}

// ---- Recalling ------------------------------------------------------------------------------------------------------

static bool is_named(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names;
}

static char *add_setting(char *list, const Setting *setting)
{
    list = append(append(append(list, *list ? " --" : "--"), setting->row->name), "");
    for (int i = 0; i < setting->count && setting->row->type != DM_FLAG; i++)
        list = append(append(list, " "), setting->values[i]);
    return list;
}

Status dm_options_recall(dm_options *options, const cJSON *stored, const char *const *but, const char *folder,
                         char **recalled, Error *error)
{
    dm_options *begun = dm_options_create(options->command);
    Status status = DM_OK;
    *recalled = dm_copy_string("");
    for (int pass = 0; pass < 2; pass++)  // what says more about another option comes after that
        for (int i = 0; i < options->rows && !status; i++) {
            const Setting *then = &begun->settings[i];
            Setting *now = &options->settings[i];
            const Option *row = now->row;
            if ((row->needs != NULL) != (pass == 1) || now->given || is_named(but, row->name)) continue;
            if (dm_option_has_rival(options, row) || !dm_option_counts(options, now)) continue;
            status = take_stored(begun, row, stored, folder, error);
            if (status || same_setting(row, then, now)) continue;
            status = dm_option_assign(options, row, row->name, then->count, (const char *const *)then->values, error);
            now->from_file = true;  // of another day: what does not count any more is no mistake
            *recalled = add_setting(*recalled, now);
        }
    dm_options_free(begun);
    return status;
}
