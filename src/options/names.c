// What to say where there is no option or command of a name: which one was meant, or who has it.
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "options/command_table.h"

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

// How many characters must be put in, taken out, replaced or swapped with their neighbour to make b of a (optimal
// string alignment); _ counts as -. cost[i][j]: of the first i characters of a and the first j of b.
static int edits(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    size_t rows = strlen(a), columns = strlen(b);
    if (rows >= LONGEST || columns >= LONGEST) return INT_MAX;
    int cost[LONGEST][LONGEST];
    for (size_t i = 0; i <= rows; i++) {
        for (size_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = (int)(i + j);
                continue;
            }
            int same = a[i - 1] == b[j - 1] || (a[i - 1] == '_' && b[j - 1] == '-');
            int least = smaller(cost[i - 1][j - 1] + !same, smaller(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                least = smaller(least, cost[i - 2][j - 2] + 1);
            cost[i][j] = least;
        }
    }
    return cost[rows][columns];
}

// The name that was most likely meant: at most a third of the letters wrong.
typedef struct Guess {
    const char *said, *best;  // best: NULL so far
    int fewest;               // edits: less are needed to be the best
} Guess;

static Guess guess_for(const char *said)
{
    return (Guess){said, NULL, (int)strlen(said) / 3 + 1};
}

static void consider(Guess *guess, const char *name)
{
    const int distance = edits(guess->said, name);
    if (distance >= guess->fewest) return;
    guess->fewest = distance;
    guess->best = name;
}

// The option of the command that was most likely meant, or NULL.
static const char *nearest(const Command *command, const char *name)
{
    Guess guess = guess_for(name);
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at))
        if (!dm_option_by_itself(at.row)) consider(&guess, at.row->name);
    if (guess.best || strlen(name) < 3) return guess.best;
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at))  // else one that it is the beginning of
        if (strncmp(at.row->name, name, strlen(name)) == 0) return at.row->name;
    return NULL;
}

// Letter for letter, but that _ counts as - and, in longer names, capitals as small letters.
static bool is_alike(const char *name, const char *other, size_t length)
{
    if (strlen(name) != length) return false;
    for (size_t i = 0; i < length; i++) {
        const int a = name[i] == '_' ? '-' : name[i], b = other[i];
        if (a != b && (length == 1 || tolower(a) != b)) return false;
    }
    return true;
}

// The option of the command that is written otherwise: --beam_size.
static const char *written_otherwise(const Command *command, const char *name)
{
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at))
        if (!dm_option_by_itself(at.row) && is_alike(name, at.row->name, strlen(at.row->name))) return at.row->name;
    return NULL;
}

static bool is_one_of(const char *name, const char *names)
{
    for (size_t length; *names; names += length + strspn(names + length, " ")) {
        length = strcspn(names, " ");
        if (is_alike(name, names, length)) return true;
    }
    return false;
}

static const OtherName *other_toolkits_name(const Command *command, const char *name)
{
    for (const OtherName *other = command->table->other_names; other->there; other++)
        if ((other->commands & command->bit) && is_one_of(name, other->there)) return other;
    return NULL;
}

// Whether a name with dashes before it could be one of the command, with underscores or without.
static bool has_option(const Command *command, const char *name)
{
    const Option *row = dm_option_find(command, name);
    return row ? !dm_option_by_itself(row) : written_otherwise(command, name) != NULL;
}

// The commands that have the option, as "translate, rescore and bench"; false: none has.
static bool commands_with(const CommandTable *table, const char *name, char *text, size_t room)
{
    int have = 0, named = 0;
    for (const Command *command = table->commands; command->name; command++) have += has_option(command, name);
    text[0] = '\0';
    for (const Command *command = table->commands; command->name; command++) {
        if (!has_option(command, name)) continue;
        const char *before = !named ? "" : named + 1 < have ? ", " : " and ";
        const size_t used = strlen(text);
        snprintf(text + used, room - used, "%s%s", before, command->name);
        named++;
    }
    return have > 0;
}

bool dm_option_elsewhere(const Command *command, const char *name)
{
    char commands[128];
    return !dm_option_find(command, name) && !written_otherwise(command, name) && !other_toolkits_name(command, name) &&
           commands_with(command->table, name, commands, sizeof commands);
}

static Status redirect(const OtherName *other, const Command *command, const char *said, const char *dashes,
                       Error *error)
{
    const Option *row = other->here ? dm_option_find(command, other->here) : NULL;
    const char *colon = other->answer ? ": " : "", *answer = other->answer ? other->answer : "";
    if (!row) return dm_misuse(error, "%s: %s", said, answer);
    if (dm_option_by_itself(row))
        return dm_misuse(error, "%s: here %s stands by itself: dragoman %s %s%s%s", said, row->name, command->name,
                         command->usage, colon, answer);
    return dm_misuse(error, "%s is called %s%s here%s%s", said, dashes, row->name, colon, answer);
}

Status dm_option_unknown(const Command *command, const char *where, const char *dashes, const char *name, Error *error)
{
    char commands[128], said[128];
    snprintf(said, sizeof said, "%s%s%s", where, dashes, name);
    const bool one_dash = strcmp(dashes, "-") == 0;
    if (one_dash) dashes = "--";
    const Option *by_itself = dm_option_find(command, name);
    if (by_itself && *dashes)
        return dm_misuse(error, "%s: %s stands by itself, without dashes: dragoman %s %s", said, name, command->name,
                         command->usage);
    const char *here = written_otherwise(command, name);
    if (here) return dm_misuse(error, "%s is written %s%s here", said, dashes, here);
    const OtherName *other = other_toolkits_name(command, name);
    if (other) return redirect(other, command, said, dashes, error);
    if (commands_with(command->table, name, commands, sizeof commands))
        return dm_misuse(error, "%s is an option of %s, not of %s (dragoman %s --help lists those)", said, commands,
                         command->name, command->name);
    here = nearest(command, name);
    if (here)
        return dm_misuse(error, "%sunknown option %s: did you mean %s%s?", where, said + strlen(where), dashes, here);
    const Option *letter = one_dash && name[1] ? dm_option_letter(command, name[0]) : NULL;
    if (letter && letter->type != DM_FLAG)
        return dm_misuse(error, "%s: the value of -%c is a word of its own: -%c %s", said, *name, *name, name + 1);
    return dm_misuse(error, "%sunknown option %s: dragoman %s --help lists those that there are", where,
                     said + strlen(where), command->name);
}

Status dm_command_unknown(const CommandTable *table, const char *name, Error *error)
{
    // Before any guess: scorer is spelt like score, but marian-scorer does what rescore does.
    for (const Meaning *other = table->other_commands; other->name; other++)
        if (is_one_of(name, other->name))
            return dm_misuse(error, "there is no command '%s': it is called %s here (dragoman %s --help says more)",
                             name, other->meaning, other->meaning);
    Guess guess = guess_for(name);
    char list[256] = "";
    for (const Command *command = table->commands; command->name; command++) {
        consider(&guess, command->name);
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", !used ? "" : command[1].name ? ", " : " and ", command->name);
    }
    if (guess.best)
        return dm_misuse(error, "there is no command '%s': did you mean %s? (dragoman --help says what they do)", name,
                         guess.best);
    return dm_misuse(error, "there is no command '%s'; there are %s (dragoman --help says what they do)", name, list);
}
