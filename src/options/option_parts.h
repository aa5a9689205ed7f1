// What the files of the options share: the commands, the values of one set of options, names, and the check of values.
#pragma once
#include "options/options.h"

typedef struct Command {
    const char *name;
    unsigned bit;
    const char *usage;     // what stands behind the name on a command line
    const char *summary;   // for the overview
    const char *about;     // for its own help
    const char *examples;  // one command per line, the first shows what is required
} Command;
extern const Command dm_command_table[];  // ends with a name of NULL
const Command *dm_command_find(const char *name);  // NULL: there is none
extern const char dm_program_about[];              // what the whole program does, in a sentence

typedef struct Setting {  // the values of one row of the table
    char **values;
    int count;
    bool given;  // by the user
} Setting;

struct dm_options {
    const Command *command;
    Setting *settings;  // one per row of dm_option_table
};

int dm_option_rows(void);
static inline Setting *dm_option_setting(const dm_options *options, const Option *row)
{
    return &options->settings[row - dm_option_table];
}
bool dm_option_by_itself(const Option *row);  // SRC, TRG, HYP: no name is written before it

// By its name or a longer alias, or by a single letter, as the command line has it behind one dash; NULL: no such row.
const Option *dm_option_find(const Command *command, const char *name);
const Option *dm_option_letter(const Command *command, char letter);
// DM_USAGE: says which command has the option, or which name may have been meant. `where` goes before it ("FILE: " or
// ""), `dashes` before the names ("--" or "").
Status dm_option_unknown(const Command *command, const char *where, const char *dashes, const char *name, Error *error);

// Checks one value, or sets all values of a row after checking each. `label` is how the error calls the option:
// "--beam-size", or "run.json: beam-size".
Status dm_option_check(const Option *row, const char *label, const char *value, Error *error);
Status dm_option_assign(dm_options *options, const Option *row, const char *label, int count, const char *const *values,
                        Error *error);
// Takes back what stands in the place of this row, or this in its.
void dm_option_drop_rivals(dm_options *options, const Option *row);
double dm_option_number(const char *text);  // a number that was checked; the decimal point is a point in every locale
bool dm_option_read_duration(const char *text, Duration *duration);
// "from 1 to 64", "from 1 up": the range in words, for help and errors alike. Buffer: 64 bytes.
const char *dm_option_range(const Option *row, char *buffer);
// What the table knows beside the help text: "from 0 to 0.95; default 0.1"; "" where that is nothing. The caller frees
// it.
char *dm_option_facts(const Option *row);

void dm_option_man(FILE *stream);  // the man page, for dm_options_docs
