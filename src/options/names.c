// Names of options and commands: finding one, and what to say where there is none of that name.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "options/option_parts.h"

// What other toolkits call it.
static const struct {
    const char *there, *here;
} other_names[] = {
    {"batch-size", "mini-batch"},
    {"beam", "beam-size"},
    {"num-beams", "beam-size"},
    {"lenpen", "normalize"},
    {"length-penalty", "normalize"},
    {"max-len-a", "max-length-factor"},
    {"length-factor", "max-length-factor"},
    {"min-len", "min-length"},
    {"min-decoding-length", "min-length"},
    {"nbest", "n-best"},
    {"num-hypotheses", "n-best"},
    {"print-alignment", "alignment"},
    {"report-align", "alignment"},
    {"replace-unk", "unk-replace"},
    {"replace-unknowns", "unk-replace"},
    {"no-repeat-ngram-size", "no-repeat-ngram"},
    {"block-ngram-repeat", "no-repeat-ngram"},
    {"diverse-beam-strength", "diversity"},
    {"sampling", "output-sampling"},
    {"sampling-topk", "output-sampling"},
    {"sampling-topp", "output-sampling"},
    {"random-sampling-topk", "output-sampling"},
    {"random-sampling-topp", "output-sampling"},
    {"sampling-temperature", "temperature"},
    {"random-sampling-temp", "temperature"},
    {"src", "input"},
    {"src", "train-sets"},
    {"tgt", "train-sets"},
    {"batch-tokens", "mini-batch-words"},
    {"batch-size", "mini-batch-words"},
    {"max-tokens", "mini-batch-words"},
    {"update-freq", "optimizer-delay"},
    {"accum-count", "optimizer-delay"},
    {"warmup-updates", "lr-warmup"},
    {"warmup", "lr-warmup"},
    {"max-epoch", "after"},
    {"max-update", "after"},
    {"epochs", "after"},
    {"after-epochs", "after"},
    {"after-batches", "after"},
    {"patience", "early-stopping"},
    {"source", "train-sets"},
    {"target", "train-sets"},
    {"validation-source", "valid-sets"},
    {"eval-metrics", "valid-metrics"},
    {"save-dir", "model"},
    {"model-dir", "model"},
    {"models", "model"},
    {"smoothing", "label-smoothing"},
    {"dim-vocabs", "vocab-size"},
    {"layers", "enc-depth"},
    {"encoder-layers", "enc-depth"},
    {"decoder-layers", "dec-depth"},
    {"transformer-heads", "heads"},
    {"transformer-dim-ffn", "dim-ffn"},
    {"transformer-ffn-activation", "activation"},
    {"transformer-dropout", "dropout"},
    {"threads", "cpu-threads"},
    {"num-threads", "cpu-threads"},
    {"reference", "ref"},
    {"tokenize", "tok"},
    {"tokenizer", "tok"},
    {"lc", "lowercase"},
    {"format", "json"},
};

const Command *dm_command_find(const char *name)
{
    for (const Command *command = dm_command_table; command->name; command++)
        if (strcmp(command->name, name) == 0) return command;
    return NULL;
}

int dm_option_rows(void)
{
    int rows = 0;
    while (dm_option_table[rows].name) rows++;
    return rows;
}

bool dm_option_by_itself(const Option *row)
{
    return row->name[0] >= 'A' && row->name[0] <= 'Z';
}

static bool is_alias(const char *aliases, const char *name, size_t length)
{
    while (aliases && *aliases) {
        size_t word = strcspn(aliases, " ");
        if (word == length && strncmp(aliases, name, length) == 0) return true;
        aliases += word + strspn(aliases + word, " ");
    }
    return false;
}

const Option *dm_option_find(const Command *command, const char *name)
{
    size_t length = strlen(name);
    for (const Option *row = dm_option_table; row->name; row++)
        if ((row->commands & command->bit) &&
            (strcmp(row->name, name) == 0 || (length > 1 && is_alias(row->aliases, name, length))))
            return row;
    return NULL;
}

const Option *dm_option_letter(const Command *command, char letter)
{
    for (const Option *row = dm_option_table; row->name; row++)
        if ((row->commands & command->bit) && is_alias(row->aliases, &letter, 1)) return row;
    return NULL;
}

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
    for (const Option *row = dm_option_table; row->name; row++)
        if ((row->commands & command->bit) && !dm_option_by_itself(row)) consider(&guess, row->name);
    const char *best = guess.best;
    for (const Option *row = dm_option_table; row->name && !best; row++)  // else one that it is the beginning of
        if ((row->commands & command->bit) && strlen(name) > 2 && strncmp(row->name, name, strlen(name)) == 0)
            best = row->name;
    return best;
}

static const char *other_toolkits_name(const Command *command, const char *name)
{
    for (size_t i = 0; i < DM_COUNT(other_names); i++)
        if (edits(name, other_names[i].there) == 0 && dm_option_find(command, other_names[i].here))
            return other_names[i].here;
    return NULL;
}

// The commands that have the option, as "translate, rescore and bench"; false: none has.
static bool commands_with(const char *name, char *text, size_t room)
{
    int have = 0, named = 0;
    for (const Command *command = dm_command_table; command->name; command++)
        have += dm_option_find(command, name) != NULL;
    text[0] = '\0';
    for (const Command *command = dm_command_table; command->name; command++) {
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
    if (commands_with(name, commands, sizeof commands))
        return dm_misuse(error, "%s%s%s is an option of %s, not of %s (dragoman %s --help lists those)", where, dashes,
                         name, commands, command->name, command->name);
    here = nearest(command, name);
    if (here) return dm_misuse(error, "%sunknown option %s%s: did you mean %s%s?", where, dashes, name, dashes, here);
    return dm_misuse(error, "%sunknown option %s%s: dragoman %s --help lists those that there are", where, dashes, name,
                     command->name);
}

dm_status dm_command_check(const char *name, dm_error *error)
{
    if (dm_command_find(name)) return DM_OK;
    Guess guess = guess_for(name);
    char list[256] = "";
    for (const Command *command = dm_command_table; command->name; command++) {
        consider(&guess, command->name);
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", !used ? "" : command[1].name ? ", " : " and ", command->name);
    }
    if (guess.best)
        return dm_misuse(error, "there is no command '%s': did you mean %s? (dragoman --help says what they do)", name,
                         guess.best);
    return dm_misuse(error, "there is no command '%s'; there are %s (dragoman --help says what they do)", name, list);
}
