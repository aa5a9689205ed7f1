// One set of options: the values of all options of one command, and how they are checked and set.
#pragma once
#include "options/command_table.h"

typedef struct Setting {  // the values of one option
    const Option *row;
    char **values;
    int count;
    bool given;      // by the user ...
    bool from_file;  // ... in a configuration file
} Setting;

struct dm_options {
    const Command *command;
    int rows;
    Setting *settings;  // [rows], in the order of the help
    char *file;         // the configuration file that was read last; NULL: none
    char *elsewhere;    // names in it of options that only other commands have: "a, b"; NULL: none
    char *passed_over;  // the same of what says nothing of this kind of model
};

Setting *dm_option_setting(const dm_options *options, const Option *row);

// Checks one value, or sets all values of a row after checking each. `label` is how the error calls the option:
// "--beam-size", or "run.json: beam-size".
Status dm_option_check(const Option *row, const char *label, const char *value, Error *error);
Status dm_option_assign(dm_options *options, const Option *row, const char *label, int count, const char *const *values,
                        Error *error);
// The same from JSON: a value by itself stands for a list of one.
Status dm_option_assign_json(dm_options *options, const Option *row, const char *label, const cJSON *item,
                             Error *error);
bool dm_option_is_number(const Option *row);
bool dm_option_is_of_command_line(const Option *row);  // no file can say it
// Is something given that stands in the place of this row?
bool dm_option_has_rival(const dm_options *options, const Option *row);
// Whether it counts as the other options are: what its row needs is there (needs.c).
bool dm_option_counts(const dm_options *options, const Setting *setting);
// Puts a setting in the place of one of the options', which takes its values over.
void dm_option_take(dm_options *options, Setting *setting, Setting fresh);
// Takes back what stands in the place of this row, or this in its.
void dm_option_drop_rivals(dm_options *options, const Option *row);
bool dm_option_read_duration(const char *text, Duration *duration);
