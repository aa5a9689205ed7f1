// The table of commands and of the options that each has. Parsing, help, completion, the man page, configuration files
// and the record of a run read nothing else: to add an option is to add a row.
#pragma once
#include "options/options.h"

typedef struct CommandTable CommandTable;

typedef struct Command {
    const char *name;
    const CommandTable *table;  // that it stands in
    unsigned bit;
    const char *usage;     // what stands behind the name on a command line
    const char *summary;   // for the overview
    const char *about;     // for its own help
    const char *examples;  // one command per line, the first shows what is required
} Command;

typedef struct OptionRow {
    unsigned commands;  // that have the option: the sum of their bits
    const Option *option;
} OptionRow;

typedef struct OptionGroup {  // what the help has under one heading
    const char *heading;
    const OptionRow *rows;  // ends with an option of NULL
} OptionGroup;

typedef struct OtherName {  // what other toolkits call an option
    const char *there;      // their names for it, with blanks between; they are found with underscores for dashes, too
    unsigned commands;      // of ours, in which they would be looked for: the sum of their bits
    const char *here;       // our option, which all of these have; NULL: there is none, and `answer` says more
    const char *answer;     // a sentence without its full stop; NULL: the name says it all
} OtherName;

typedef struct Meaning {
    const char *name, *meaning;
} Meaning;

struct CommandTable {
    const Command *commands;       // ends with a name of NULL
    const OptionGroup *groups;     // in the order of the help; ends with a heading of NULL
    const OtherName *other_names;  // ends with a `there` of NULL
    const Meaning *other_commands; // what other toolkits call a command, as `there` of an OtherName, and its name here
    // For the overview and the man page:
    const char *summary;                               // of the whole program, in some words
    const char *about;                                 // the same in a sentence
    const char *next_steps;                            // where a beginner goes on
    const char *configuration;                         // an example of a configuration file
    const Meaning *exit_statuses;                      // ends with a name of NULL
    bool (*file_of_models)(int index, Meaning *file);  // in a model folder, from 0; false: no more of them
};

// ---- Walking and finding --------------------------------------------------------------------------------------------

// The options of a command, in the order of its help:
//   for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) ... at.row->name, at.group->heading
typedef struct RowWalk {
    const Option *row;         // NULL: past the last
    const OptionGroup *group;  // that it stands in
    const OptionRow *next;
    unsigned bit;
} RowWalk;
RowWalk dm_first_row(const Command *command);
void dm_next_row(RowWalk *at);

const Command *dm_command_find(const CommandTable *table, const char *name);  // NULL: there is none
// By its name or a longer alias, or by a single letter, as the command line has it behind one dash; NULL: no such row.
const Option *dm_option_find(const Command *command, const char *name);
const Option *dm_option_letter(const Command *command, char letter);

// DM_USAGE: says which commands there are, or which may have been meant.
Status dm_command_unknown(const CommandTable *table, const char *name, Error *error);
// DM_USAGE: says which command has the option, or which name may have been meant. `where` goes before it ("FILE: " or
// ""), `dashes` are those that it was given with ("--", "-" or ""): the names that are proposed have two, or none.
Status dm_option_unknown(const Command *command, const char *where, const char *dashes, const char *name, Error *error);

// Whether it is an option of another command that stands in the place of none here.
bool dm_option_elsewhere(const Command *command, const char *name);

// ---- What an option is ----------------------------------------------------------------------------------------------

// The two that the command line reads itself. Every command has them.
extern const Option dm_option_config, dm_option_help;

bool dm_option_by_itself(const Option *row);  // SRC, TRG, HYP: no name is written before it
// The words of a DM_CHOICE, joined: "relu, gelu" with ", " between. The caller frees it.
char *dm_option_words(const Option *row, const char *between);
bool dm_option_has_word(const Option *row, const char *word);
// "from 1 to 64", "from 1 up": the range in words, for help and errors alike. Buffer: 64 bytes.
const char *dm_option_range(const Option *row, char *buffer);
// What the row knows beside the help text: "from 0 to 0.95; default 0.1"; "" where that is nothing. The caller frees
// it.
char *dm_option_facts(const Option *row);
// What it needs to count, for the help: "with --tsv or --valid-tsv". Buffer: 512 bytes; "" where it needs nothing.
const char *dm_option_company(const Option *row, char *buffer);
// The help text, with what the words mean and the facts behind it. The caller frees it.
char *dm_option_text(const Option *row);

// ---- What is made of the table --------------------------------------------------------------------------------------

dm_options *dm_options_create(const Command *command);  // all at their defaults; the caller frees it: dm_options_free

void dm_help_of_command(const Command *command, FILE *stream);
void dm_help_overview(const CommandTable *table, FILE *stream);

// The table for other readers, in one of these formats; false: there is no such format, and nothing is written.
bool dm_docs_write(const CommandTable *table, const char *format, FILE *stream);
Choice dm_docs_format(int index);  // "bash", "zsh" or "man"
void dm_docs_bash(const CommandTable *table, FILE *stream);
void dm_docs_zsh(const CommandTable *table, FILE *stream);
void dm_docs_man(const CommandTable *table, FILE *stream);
