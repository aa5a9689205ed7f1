// Options: one set of values, what may stand in it, and how the rest of the program asks for it.
#include "options/options.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/option_parts.h"

// ---- Values ---------------------------------------------------------------------------------------------------------

// Whole text, finite, decimal: no blanks, hexadecimal, "inf" or "nan".
static bool read_number(const char *text, double *number)
{
    if (!*text || text[strspn(text, "0123456789+-.eE")]) return false;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char *end;
    *number = plain ? strtod_l(text, &end, plain) : strtod(text, &end);
    if (plain) freelocale(plain);
    return !*end && isfinite(*number);
}

double dm_option_number(const char *text)
{
    double number = 0;
    read_number(text, &number);
    return number;
}

static bool is_whole(const char *text)
{
    text += *text == '-' || *text == '+';
    return *text && !text[strspn(text, "0123456789")];
}

bool dm_option_read_duration(const char *text, Duration *duration)
{
    size_t length = strlen(text);
    char number[32];
    if (length < 2 || length > sizeof number) return false;
    memcpy(number, text, length - 1);
    number[length - 1] = '\0';
    if (!read_number(number, &duration->amount) || duration->amount <= 0 || duration->amount > 1e12) return false;
    char unit = text[length - 1];
    duration->unit = unit == 'm' || unit == 'h' ? 's' : unit;
    duration->amount *= unit == 'm' ? 60 : unit == 'h' ? 3600 : 1;
    if (unit == 'e' || unit == 'u') return is_whole(number);
    return duration->unit == 's';
}

const char *dm_option_range(const Option *row, char *buffer)
{
    if (row->high >= 1e9)
        snprintf(buffer, 64, "from %.16g up", row->low);
    else
        snprintf(buffer, 64, "from %.16g to %.16g", row->low, row->high);
    return buffer;
}

static Status check_number(const Option *row, const char *label, const char *value, Error *error)
{
    const char *kind = row->type == DM_INTEGER ? "a whole number" : "a number";
    char range[64];
    double number;
    dm_option_range(row, range);
    if (!read_number(value, &number) || (row->type == DM_INTEGER && !is_whole(value)))
        return dm_misuse(error, "%s: '%s' is not %s; it must be one %s", label, value, kind, range);
    if (number > row->high) return dm_misuse(error, "%s: %s is too much; at most %.16g", label, value, row->high);
    if (number < row->low) return dm_misuse(error, "%s: %s is too little; it must be %s %s", label, value, kind, range);
    return DM_OK;
}

static Status check_choice(const Option *row, const char *label, const char *value, Error *error)
{
    char words[256] = "";
    for (const char *choice = row->choices; *choice;) {
        size_t length = strcspn(choice, "|"), used = strlen(words);
        if (length == strlen(value) && strncmp(choice, value, length) == 0) return DM_OK;
        snprintf(words + used, sizeof words - used, "%s%.*s", used ? ", " : "", (int)length, choice);
        choice += length + (choice[length] == '|');
    }
    return dm_misuse(error, "%s: there is no '%s'; it must be one of %s", label, value, words);
}

Status dm_option_check(const Option *row, const char *label, const char *value, Error *error)
{
    Duration duration;
    switch (row->type) {
    case DM_INTEGER:
    case DM_REAL: return check_number(row, label, value, error);
    case DM_CHOICE: return check_choice(row, label, value, error);
    case DM_DURATION:
        if (dm_option_read_duration(value, &duration)) return DM_OK;
        return dm_misuse(error,
                         "%s: '%s' is no duration; give a number and its unit: 10e (epochs), 5000u (updates), "
                         "90s, 30m or 2h",
                         label, value);
    case DM_FLAG:
        if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) return DM_OK;
        return dm_misuse(error, "%s: it is on or off and takes no value '%s' (in a configuration, true or false)",
                         label, value);
    case DM_TEXT:
        if (*value) return DM_OK;
        return dm_misuse(error, "%s: the value is empty; leave the option out, or give it one", label);
    }
    return DM_OK;
}

static void clear(Setting *setting)
{
    for (int i = 0; i < setting->count; i++) free(setting->values[i]);
    free(setting->values);
    *setting = (Setting){0};
}

static void fill(Setting *setting, int count, const char *const *values)
{
    Setting fresh = {.values = dm_allocate((size_t)count, sizeof *fresh.values), .count = count};
    for (int i = 0; i < count; i++) fresh.values[i] = dm_copy_string(values[i]);
    clear(setting);
    *setting = fresh;
}

Status dm_option_assign(dm_options *options, const Option *row, const char *label, int count, const char *const *values,
                        Error *error)
{
    static const char *const on[] = {"true"};
    int most = row->type == DM_FLAG ? 1 : row->values_max;
    if (count < row->values_min || count > most) {
        const char *what = row->argument ? row->argument : row->name;
        if (row->values_min == row->values_max)
            return dm_misuse(error, "%s needs %d value%s (%s), but got %d", label, row->values_min,
                             row->values_min > 1 ? "s" : "", what, count);
        return dm_misuse(error, "%s needs %d to %d values (%s), but got %d", label, row->values_min, most, what, count);
    }
    for (int i = 0; i < count; i++) {
        Status status = dm_option_check(row, label, values[i], error);
        if (status) return status;
    }
    Setting *setting = dm_option_setting(options, row);
    if (row->type == DM_FLAG && count == 0)
        fill(setting, 1, on);
    else
        fill(setting, count, values);
    setting->given = true;
    return DM_OK;
}

// ---- One set of options ---------------------------------------------------------------------------------------------

static void fill_with_default(Setting *setting, const char *initial)
{
    const char *values[8];
    int count = 0;
    char *words = dm_copy_string(initial), *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        assert((size_t)count < DM_COUNT(values));
        values[count++] = word;
    }
    fill(setting, count, values);
    free(words);
}

dm_options *dm_options_new(const char *name)
{
    const Command *command = dm_command_find(name);
    if (!command) return NULL;
    dm_options *options = dm_allocate(1, sizeof *options);
    *options = (dm_options){command, dm_allocate((size_t)dm_option_rows(), sizeof *options->settings)};
    for (const Option *row = dm_option_table; row->name; row++)
        if ((row->commands & command->bit) && row->initial)
            fill_with_default(dm_option_setting(options, row), row->initial);
    return options;
}

dm_options *dm_options_copy(const dm_options *options)
{
    const int rows = dm_option_rows();
    dm_options *copy = dm_allocate(1, sizeof *copy);
    *copy = (dm_options){options->command, dm_allocate((size_t)rows, sizeof *copy->settings)};
    for (int i = 0; i < rows; i++) {
        const Setting *from = &options->settings[i];
        if (from->count) fill(&copy->settings[i], from->count, (const char *const *)from->values);
        copy->settings[i].given = from->given;
    }
    return copy;
}

void dm_options_free(dm_options *options)
{
    if (!options) return;
    int rows = dm_option_rows();
    for (int i = 0; i < rows; i++) clear(&options->settings[i]);
    free(options->settings);
    free(options);
}

dm_status dm_options_set(dm_options *options, const char *name, int count, const char *const *values, dm_error *error)
{
    const Option *row = dm_option_find(options->command, name);
    if (!row) return dm_option_unknown(options->command, "", "--", name, error);
    char *label = dm_format("%s%s", dm_option_by_itself(row) ? "" : "--", row->name);
    Status status = dm_option_assign(options, row, label, count, values, error);
    free(label);
    return status;
}

dm_status dm_options_unset(dm_options *options, const char *name, dm_error *error)
{
    const Option *row = dm_option_find(options->command, name);
    if (!row) return dm_option_unknown(options->command, "", "--", name, error);
    Setting *setting = dm_option_setting(options, row);
    clear(setting);
    if (row->initial) fill_with_default(setting, row->initial);
    return DM_OK;
}

// ---- What goes together ---------------------------------------------------------------------------------------------

static bool are_rivals(const Option *a, const Option *b)
{
    return (a->instead && strcmp(a->instead, b->name) == 0) || (b->instead && strcmp(b->instead, a->name) == 0);
}

void dm_option_drop_rivals(dm_options *options, const Option *row)
{
    for (const Option *other = dm_option_table; other->name; other++)
        if ((other->commands & options->command->bit) && are_rivals(row, other))
            clear(dm_option_setting(options, other));
}

// How a sentence calls it: "--tsv", "SRC"; with_value: "--tsv FILE".
static char *shown(const Option *row, bool with_value)
{
    if (dm_option_by_itself(row)) return dm_copy_string(row->name);
    return with_value ? dm_format("--%s %s", row->name, row->argument) : dm_format("--%s", row->name);
}

static Status say_missing(const Command *command, const Option *row, const Option *other, Error *error)
{
    char *name = shown(row, true), *other_name = other ? shown(other, true) : NULL;
    Status status =
        dm_misuse(error, "%s needs %s%s%s (%s), for example:\n  %.*s", command->name, name, other ? " or " : "",
                  other ? other_name : "", row->help, (int)strcspn(command->examples, "\n"), command->examples);
    free(name);
    free(other_name);
    return status;
}

static Status say_both(const Command *command, const Option *row, const Option *other, Error *error)
{
    char *name = shown(row, false), *other_name = shown(other, false);
    Status status = dm_misuse(error, "%s takes %s or %s, not both: one stands in the place of the other", command->name,
                              name, other_name);
    free(name);
    free(other_name);
    return status;
}

static Status check_company(const dm_options *options, const Option *row, Error *error)
{
    char *names = dm_copy_string(row->only_with), *rest = NULL;
    bool found = false;
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
        found = found || dm_option_setting(options, dm_option_find(options->command, name))->given;
    Status status = DM_OK;
    if (!found)
        status = dm_misuse(error, "--%s says more about --%.*s, which is not given", row->name,
                           (int)strcspn(row->only_with, " "), row->only_with);
    free(names);
    return status;
}

Status dm_options_complete(const dm_options *options, Error *error)
{
    const Command *command = options->command;
    Status status = DM_OK;
    for (const Option *row = dm_option_table; row->name && !status; row++) {
        if (!(row->commands & command->bit)) continue;
        const Option *other = row->instead ? dm_option_find(command, row->instead) : NULL;
        const Setting *setting = dm_option_setting(options, row);
        const bool there = setting->count > 0, other_there = other && dm_option_setting(options, other)->count > 0;
        if (there && other_there)
            status = say_both(command, row, other, error);
        else if (row->required && !there && !other_there)
            status = say_missing(command, row, other, error);
        else if (row->only_with && setting->given)
            status = check_company(options, row, error);
    }
    return status;
}

// ---- Asking ---------------------------------------------------------------------------------------------------------

static const Setting *ask(const dm_options *options, const char *name)
{
    const Option *row = dm_option_find(options->command, name);
    if (!row) fprintf(stderr, "dragoman: the program asks %s for an option %s\n", options->command->name, name);
    assert(row && "an option that the command does not have");
    return dm_option_setting(options, row);
}

bool dm_options_given(const dm_options *options, const char *name)
{
    return ask(options, name)->given;
}

int dm_options_count(const dm_options *options, const char *name)
{
    return ask(options, name)->count;
}

const char *dm_options_text(const dm_options *options, const char *name, int index)
{
    const Setting *setting = ask(options, name);
    return index >= 0 && index < setting->count ? setting->values[index] : NULL;
}

double dm_options_number(const dm_options *options, const char *name)
{
    const char *text = dm_options_text(options, name, 0);
    return text ? dm_option_number(text) : NAN;
}

bool dm_options_flag(const dm_options *options, const char *name)
{
    const char *text = dm_options_text(options, name, 0);
    return text && strcmp(text, "true") == 0;
}

Duration dm_options_duration(const dm_options *options, const char *name)
{
    Duration duration = {0, 'u'};
    const char *text = dm_options_text(options, name, 0);
    bool good = text && dm_option_read_duration(text, &duration);
    assert(good && "an option that is a duration and has a default");
    (void)good;
    return duration;
}
