// The command line: words become values. Multi-valued options take values up to the next option; -- ends the options.
#include <ctype.h>
#include <string.h>

#include "core/memory.h"
#include "core/scope.h"
#include "options/option_set.h"

enum { MOST_VALUES = 65 };  // of one option: one more than any row allows, so that too many are noticed

typedef struct Words {
    int count, at;  // at: the next one to read
    char **word;
} Words;

// A lone - is a value, and so is a negative number.
static bool is_option(const char *word)
{
    if (word[0] != '-' || !word[1]) return false;
    const char *digit = word + 1 + (word[1] == '.');
    return !isdigit((unsigned char)*digit);
}

static bool has_files(const Command *command)
{
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at))
        if (dm_option_by_itself(at.row)) return true;
    return false;
}

// Whether the next word is a value of this option, which has `count` already. In a command that takes files by
// themselves, a word that does not fit ends the values: score --metrics bleu chrf HYP.
static bool takes_next(const dm_options *options, const Option *row, const Words *words, int count)
{
    if (words->at == words->count || is_option(words->word[words->at])) return false;
    if (count < row->values_min) return true;
    if (row->repeats || count >= row->values_max) return false;
    return !has_files(options->command) || dm_option_check(row, "", words->word[words->at], NULL) == DM_OK;
}

static Status read_values(dm_options *options, const Option *row, const char *equals, Words *words, Error *error)
{
    const char *values[MOST_VALUES];
    int count = 0, before = 0;
    const Setting *setting = dm_option_setting(options, row);
    if (row->repeats && setting->given)
        for (; before < setting->count; before++) values[before] = setting->values[before];
    if (equals) values[before + count++] = equals + 1;
    while (takes_next(options, row, words, count)) values[before + count++] = words->word[words->at++];
    char *label = dm_format("--%s", row->name);
    Status status = dm_option_assign(options, row, label, row->repeats && !count ? 0 : before + count, values, error);
    dm_free(label);
    return status;
}

static Status read_option(dm_options *options, Words *words, Error *error)
{
    const char *word = words->word[words->at++], *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word), dashes = word[1] == '-' ? 2 : 1;
    char *name = dm_copy_string(word + dashes);
    name[length - dashes] = '\0';
    const Option *row = NULL;
    if (dashes == 2)
        row = dm_option_find(options->command, name);
    else if (length == 2)
        row = dm_option_letter(options->command, name[0]);
    Status status;
    if (row && !dm_option_by_itself(row))
        status = read_values(options, row, equals, words, error);
    else if (dashes == 1 && dm_option_find(options->command, name) && length > 2)
        status = dm_misuse(error, "-%s: long names have two dashes: --%s", name, name);
    else
        status = dm_option_unknown(options->command, "", dashes == 1 ? "-" : "--", name, error);
    dm_free(name);
    return status;
}

static Status read_file_name(dm_options *options, const char *word, Error *error)
{
    const Command *command = options->command;
    for (const Setting *setting = options->settings; setting < options->settings + options->rows; setting++) {
        const Option *row = setting->row;
        if (!dm_option_by_itself(row) || (setting->given && !row->repeats)) continue;
        const char *values[MOST_VALUES];
        int before = setting->given ? setting->count : 0;
        for (int i = 0; i < before; i++) values[i] = setting->values[i];
        values[before] = word;
        return dm_option_assign(options, row, row->name, before + 1, values, error);
    }
    return dm_misuse(error, "'%s' belongs to no option: the command line is dragoman %s %s", word, command->name,
                     command->usage);
}

static Status read_words(dm_options *options, Words *words, Error *error)
{
    bool options_ended = false;
    Status status = DM_OK;
    while (!status && words->at < words->count) {
        const char *word = words->word[words->at];
        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = true;
            words->at++;
        } else if (!options_ended && is_option(word)) {
            status = read_option(options, words, error);
        } else {
            words->at++;
            status = read_file_name(options, word, error);
        }
    }
    return status;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

static bool recalls(const dm_options *options)
{
    for (int i = 0; i < options->rows; i++)
        if (options->settings[i].row->recalls && options->settings[i].given) return true;
    return false;
}

static Status parse(dm_options *options, int argc, char **argv, Error *error)
{
    if (asks_for_help(argc, argv)) return dm_options_set(options, dm_option_help.name, 0, NULL, error);
    // What the command line says is read first, for it names the file, and laid over what the file says.
    dm_options *line = dm_options_create(options->command);
    Status status = read_words(line, &(Words){argc, 0, argv}, error);
    const char *file = dm_options_text(line, dm_option_config.name, 0);
    if (!status && file) status = dm_options_load(options, file, error);
    for (int i = 0; i < line->rows && !status; i++)
        if (line->settings[i].given) dm_option_drop_rivals(options, line->settings[i].row);
    for (int i = 0; i < line->rows && !status; i++) {
        Setting *said = &line->settings[i];
        if (!said->given) continue;
        dm_option_take(options, &options->settings[i], *said);
        *said = (Setting){.row = said->row};
    }
    if (!status) status = dm_options_complete(options, error);
    if (!status && !recalls(options)) status = dm_options_count_all(options, error);
    dm_options_free(line);
    return status;
}

dm_status dm_options_parse(dm_options *options, int argc, char **argv, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, parse(options, argc, argv, error));
    return status;
}
