// One set of options: its values, and how the rest of the program asks for them.
#include "options/option_set.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/locale.h"
#include "core/memory.h"
#include "core/scope.h"

// ---- Values ---------------------------------------------------------------------------------------------------------

Setting *dm_option_setting(const dm_options *options, const Option *row)
{
    int at = 0;
    while (at < options->rows && options->settings[at].row != row) at++;
    assert(at < options->rows && "an option of the command");
    return &options->settings[at];
}

static void clear(Setting *setting)
{
    for (int i = 0; i < setting->count; i++) dm_free(setting->values[i]);
    dm_free(setting->values);
    *setting = (Setting){.row = setting->row};
}

void dm_option_take(dm_options *options, Setting *setting, Setting fresh)
{
    dm_belong(fresh.values, options);
    for (int i = 0; i < fresh.count; i++) dm_belong(fresh.values[i], options);
    clear(setting);
    *setting = fresh;
}

static void fill(dm_options *options, Setting *setting, int count, const char *const *values)
{
    Setting fresh = {setting->row, dm_allocate((size_t)count, sizeof *fresh.values), .count = count};
    for (int i = 0; i < count; i++) fresh.values[i] = dm_copy_string(values[i]);
    dm_option_take(options, setting, fresh);
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
        fill(options, setting, 1, on);
    else
        fill(options, setting, count, values);
    setting->given = true;
    setting->from_file = false;
    return DM_OK;
}

// ---- One set of options ---------------------------------------------------------------------------------------------

typedef struct Words {
    char *text;
    const char *word[8];  // in it
    int count;
} Words;

static Words words_of(const char *text)
{
    Words words = {.text = dm_copy_string(text)};
    char *rest = NULL;
    for (char *word = strtok_r(words.text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        assert((size_t)words.count < DM_COUNT(words.word));
        words.word[words.count++] = word;
    }
    return words;
}

// Empty again, or as the row says.
static void reset(dm_options *options, Setting *setting)
{
    if (!setting->row->initial) {
        clear(setting);
        return;
    }
    Words words = words_of(setting->row->initial);
    fill(options, setting, words.count, words.word);
    dm_free(words.text);
}

dm_options *dm_options_create(const Command *command)
{
    dm_options *options = dm_allocate(1, sizeof *options);
    *options = (dm_options){.command = command};
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) options->rows++;
    options->settings = dm_allocate((size_t)options->rows, sizeof *options->settings);
    Setting *setting = options->settings;
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at), setting++) {
        setting->row = at.row;
        reset(options, setting);
    }
    return options;
}

dm_options *dm_options_create_copy(const dm_options *options)
{
    dm_options *copy = dm_allocate(1, sizeof *copy);
    *copy = *options;
    copy->settings = dm_allocate((size_t)copy->rows, sizeof *copy->settings);
    for (int i = 0; i < copy->rows; i++) {
        const Setting *from = &options->settings[i];
        copy->settings[i].row = from->row;
        if (from->count) fill(copy, &copy->settings[i], from->count, (const char *const *)from->values);
        copy->settings[i].given = from->given;
        copy->settings[i].from_file = from->from_file;
    }
    copy->file = options->file ? dm_copy_string(options->file) : NULL;
    copy->elsewhere = options->elsewhere ? dm_copy_string(options->elsewhere) : NULL;
    copy->passed_over = options->passed_over ? dm_copy_string(options->passed_over) : NULL;
    return copy;
}

static Status copy_to(dm_options **copy, const dm_options *options)
{
    *copy = dm_options_create_copy(options);
    return DM_OK;
}

dm_options *dm_options_copy(const dm_options *options)
{
    Status status;
    Error error;
    dm_options *copy = NULL;
    DM_SCOPE(status, &error, copy_to(&copy, options));
    return status ? NULL : copy;
}

void dm_options_free(dm_options *options)
{
    if (!options) return;
    for (int i = 0; i < options->rows; i++) clear(&options->settings[i]);
    dm_free(options->settings);
    dm_free(options->file);
    dm_free(options->elsewhere);
    dm_free(options->passed_over);
    dm_free(options);
}

static Status set(dm_options *options, const char *name, int count, const char *const *values, Error *error)
{
    const Option *row = dm_option_find(options->command, name);
    if (!row) return dm_option_unknown(options->command, "", "--", name, error);
    char *label = dm_format("%s%s", dm_option_by_itself(row) ? "" : "--", row->name);
    Status status = dm_option_assign(options, row, label, count, values, error);
    dm_free(label);
    return status;
}

dm_status dm_options_set(dm_options *options, const char *name, int count, const char *const *values, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, set(options, name, count, values, error));
    return status;
}

static Status unset(dm_options *options, const char *name, Error *error)
{
    const Option *row = dm_option_find(options->command, name);
    if (!row) return dm_option_unknown(options->command, "", "--", name, error);
    reset(options, dm_option_setting(options, row));
    return DM_OK;
}

dm_status dm_options_unset(dm_options *options, const char *name, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, unset(options, name, error));
    return status;
}

Status dm_options_set_default(dm_options *options, const char *name, const char *values, Error *error)
{
    Words words = words_of(values);
    Status status = dm_options_set(options, name, words.count, words.word, error);
    dm_free(words.text);
    if (!status) dm_option_setting(options, dm_option_find(options->command, name))->given = false;
    return status;
}

void dm_options_drop(dm_options *options, const char *name)
{
    clear(dm_option_setting(options, dm_option_find(options->command, name)));
}

bool dm_options_pass_over(dm_options *options, const char *name)
{
    const Setting *setting = dm_option_setting(options, dm_option_find(options->command, name));
    if (!setting->given || !setting->from_file) return false;
    char *names = options->passed_over ? dm_format("%s, %s", options->passed_over, name) : dm_copy_string(name);
    dm_free(options->passed_over);
    options->passed_over = names;
    dm_options_drop(options, name);
    return true;
}

static bool are_rivals(const Option *a, const Option *b)
{
    return (a->instead && strcmp(a->instead, b->name) == 0) || (b->instead && strcmp(b->instead, a->name) == 0);
}

void dm_option_drop_rivals(dm_options *options, const Option *row)
{
    for (int i = 0; i < options->rows; i++)
        if (are_rivals(row, options->settings[i].row)) clear(&options->settings[i]);
}

bool dm_option_has_rival(const dm_options *options, const Option *row)
{
    for (int i = 0; i < options->rows; i++)
        if (options->settings[i].given && are_rivals(row, options->settings[i].row)) return true;
    return false;
}

// ---- Asking ---------------------------------------------------------------------------------------------------------

static const Setting *ask(const dm_options *options, const char *name)
{
    const Option *row = dm_option_find(options->command, name);
    if (!row) fprintf(stderr, "dragoman: the program asks %s for an option %s\n", options->command->name, name);
    assert(row && "an option that the command does not have");
    return dm_option_setting(options, row);
}

bool dm_options_has(const dm_options *options, const char *name)
{
    return dm_option_find(options->command, name) != NULL;
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
    DM_PLAIN_NUMBERS;
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
