// What to say where there is no option or command of a name: which one was meant, or who has it.
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

static const char *other_toolkits_name(const Command *command, const char *name)
{
    for (const OtherName *other = command->table->other_names; other->there; other++)
        if (edits(name, other->there) == 0 && dm_option_find(command, other->here)) return other->here;
    return NULL;
}

// The commands that have the option, as "translate, rescore and bench"; false: none has.
static bool commands_with(const CommandTable *table, const char *name, char *text, size_t room)
{
    int have = 0, named = 0;
    for (const Command *command = table->commands; command->name; command++)
        have += dm_option_find(command, name) != NULL;
    text[0] = '\0';
    for (const Command *command = table->commands; command->name; command++) {
        if (!dm_option_find(command, name)) continue;
        const char *before = !named ? "" : named + 1 < have ? ", " : " and ";
        const size_t used = strlen(text);
        snprintf(text + used, room - used, "%s%s", before, command->name);
        named++;
    }
    return have > 0;
}

Status dm_option_unknown(const Command *command, const char *where, const char *dashes, const char *name, Error *error)
{
    char commands[128];
    const char *here = other_toolkits_name(command, name);
    if (here) return dm_misuse(error, "%s%s%s is called %s%s here", where, dashes, name, dashes, here);
    if (commands_with(command->table, name, commands, sizeof commands))
        return dm_misuse(error, "%s%s%s is an option of %s, not of %s (dragoman %s --help lists those)", where, dashes,
                         name, commands, command->name, command->name);
    here = nearest(command, name);
    if (here) return dm_misuse(error, "%sunknown option %s%s: did you mean %s%s?", where, dashes, name, dashes, here);
    return dm_misuse(error, "%sunknown option %s%s: dragoman %s --help lists those that there are", where, dashes, name,
                     command->name);
}

Status dm_command_unknown(const CommandTable *table, const char *name, Error *error)
{
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
