// What has to be there, and what cannot be there together: the last look at a set of options before it is used.
#include <string.h>

#include "core/memory.h"
#include "options/option_set.h"

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
    dm_free(name);
    dm_free(other_name);
    return status;
}

static Status say_both(const Command *command, const Option *row, const Option *other, Error *error)
{
    char *name = shown(row, false), *other_name = shown(other, false);
    Status status = dm_misuse(error, "%s takes %s or %s, not both: one stands in the place of the other", command->name,
                              name, other_name);
    dm_free(name);
    dm_free(other_name);
    return status;
}

Status dm_options_missing(const dm_options *options, const char *name, Error *error)
{
    const Command *command = options->command;
    const Option *row = dm_option_find(command, name);
    return say_missing(command, row, row->instead ? dm_option_find(command, row->instead) : NULL, error);
}

Status dm_options_complete(const dm_options *options, Error *error)
{
    const Command *command = options->command;
    Status status = DM_OK;
    for (int i = 0; i < options->rows && !status; i++) {
        const Setting *setting = &options->settings[i];
        const Option *row = setting->row, *other = row->instead ? dm_option_find(command, row->instead) : NULL;
        const bool there = setting->count > 0, other_there = other && dm_option_setting(options, other)->count > 0;
        if (there && other_there)
            status = say_both(command, row, other, error);
        else if (row->required && !there && !other_there)
            status = say_missing(command, row, other, error);
    }
    return status;
}
