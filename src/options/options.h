// Options: everything that a user can set is an Option. The room knows what an option is and none by name but --config
// and --help: which there are says the table of commands that it is given (command_table.h). This page is for the rooms
// that ask for values, or define options of their own.
#pragma once
#include "core/cjson.h"

#include "core/choice.h"
#include "core/error.h"

typedef enum OptionType {
    DM_FLAG,  // no value: true
    DM_INTEGER,
    DM_REAL,
    DM_TEXT,
    DM_CHOICE,    // one of the words of `choices`, or of `choice`
    DM_WEIGHTED,  // one of these, or a number, which says more of the word before it: r-drop 2.5
    DM_DURATION,  // 10e, 5000u, 30m, 2h, 90s: epochs, updates, minutes, hours, seconds
} OptionType;

typedef struct Option {
    const char *name;     // long name without dashes; capitals for what stands on the line by itself (SRC TRG)
    const char *aliases;  // other spellings separated by spaces: "m", "lr"; or NULL
    OptionType type;
    int values_min, values_max;         // how many values: 1, 1 mostly; flags 0, 0
    const char *initial;                // default, values separated by spaces; NULL: none ...
    const char *(*rule)(const char *option, char *buffer);  // ... or one that is settled later, by what this says
    double low, high;                   // range of numbers
    const char *choices;                // words of DM_CHOICE, separated by | ...
    Choice (*choice)(int index);        // ... or those that another room's table has
    const char *argument;               // what the help calls the value: "N", "FILE"
    const char *help;
    bool free_on_resume;                   // may differ from what a run was begun with ...
    bool (*fixed)(const dm_options *run);  // ... but not in a run of which this is true; NULL: in every run
    bool may_change;                       // otherwise, it may differ where --change is given ...
    const char *stays;                     // ... or may not: why; NULL: the model was made with it
    bool required;                         // dm_options_complete asks for it ...
    const char *instead;                   // ... or for this one, which stands in its place: both may not be given
    const char *needs;      // without which the option has no effect, and is refused (below); NULL: nothing
    const char *off;        // the value that switches it off, and needs nothing; NULL: none does
    bool recalls;           // what it names may hold what is not given: only the command itself can say what counts
    bool repeats;           // each time it is given, values_min values are added: --ref A --ref B
} Option;

// `needs` are conditions with blanks between, all of which must hold; a condition is alternatives with | between:
//   a       option a says something: it has a value, other than its default and the one that switches it off
//   a+      it has several values
//   a=x,y   its value is x or y
// and !a, !a+ and a!=x,y are their opposites. An option that a command does not have says nothing there.

#define DM_ONE_VALUE .values_min = 1, .values_max = 1

// DM_USAGE if options do not go together or a required one is missing. dm_options_parse has asked this already.
Status dm_options_complete(const dm_options *options, Error *error);
// DM_USAGE for one that was given and cannot count. What a configuration file says may have been meant for another
// command or day: that is passed over, and dm_options_remark says so. dm_options_parse has asked this already where no
// option recalls others.
Status dm_options_count_all(const dm_options *options, Error *error);

// Whether it is given, and what it needs is not there.
bool dm_options_in_vain(const dm_options *options, const char *name);

// The effective settings (defaults included) of what is not free on resume, or of everything, as a JSON object; what
// cannot count is not among them. The caller deletes it.
cJSON *dm_options_json(const dm_options *options, bool everything);
// DM_USAGE, with one line per difference, if a run that was begun with `stored` (from dm_options_json) cannot go on
// with these options. Options that `stored` does not know count as their defaults. changes: what may differ with
// --change is refused (NULL), or becomes {"option", "from", "to"} at the end of this list.
Status dm_options_match(const dm_options *options, const cJSON *stored, const char *folder, cJSON *changes,
                        Error *error);
// What is not given becomes what a run was begun with, but for the options named in `but`, which ends with NULL. It
// counts as given where it is not the default; *recalled: that, as a command line has it, which the caller frees.
Status dm_options_recall(dm_options *options, const cJSON *stored, const char *const *but, const char *folder,
                         char **recalled, Error *error);
// DM_USAGE: what a command line without this option is told, for an option that only some calls require.
Status dm_options_missing(const dm_options *options, const char *name, Error *error);

double dm_option_number(const char *text);  // a number that was checked; the decimal point is a point in every locale

// The value of a DM_DURATION option: unit is 'e', 'u' or 's' (minutes and hours are turned into seconds).
typedef struct Duration {
    double amount;
    char unit;
} Duration;
Duration dm_options_duration(const dm_options *options, const char *name);

// dm_options_copy for those who are in a scope (core/scope.h).
dm_options *dm_options_create_copy(const dm_options *options);

// All of them as they are, to the letter, for another process of the same program, which takes them over but for one.
cJSON *dm_options_hand_over(const dm_options *options);  // the caller deletes it
void dm_options_take_over(dm_options *options, const cJSON *list, const char *but);

// What a command makes of its own copy: values that the user has not given, separated by spaces, or none.
Status dm_options_set_default(dm_options *options, const char *name, const char *values, Error *error);
void dm_options_drop(dm_options *options, const char *name);
// Takes out what a configuration file gives and this kind of model has no use for, so that dm_options_remark speaks of it;
// false: the command line gave it.
bool dm_options_pass_over(dm_options *options, const char *name);
