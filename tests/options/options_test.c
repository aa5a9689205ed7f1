// Options: the table, the command line, and what the user is told when it is wrong.
#include "test.h"

#include "options/option_parts.h"

// Parses a command line that is written with single spaces.
static dm_options *parse(const char *command, const char *line, dm_status *status, dm_error *error)
{
    char words[512], *word[32], *rest = NULL;
    int count = 0;
    snprintf(words, sizeof words, "%s", line);
    for (char *at = strtok_r(words, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) word[count++] = at;
    dm_options *options = dm_options_new(command);
    error->message[0] = '\0';
    *status = dm_options_parse(options, count, word, error);
    return options;
}

static dm_options *parse_well(const char *command, const char *line)
{
    dm_status status;
    dm_error error;
    dm_options *options = parse(command, line, &status, &error);
    if (status) printf("\n  %s %s: %s\n", command, line, error.message);
    CU_ASSERT_EQUAL(status, DM_OK);
    return options;
}

static bool text_is(const dm_options *options, const char *name, int index, const char *expected)
{
    const char *text = dm_options_text(options, name, index);
    return expected ? text && strcmp(text, expected) == 0 : !text;
}

static void every_default_passes_its_own_check(void)
{
    for (const Command *command = dm_command_table; command->name; command++) {
        dm_options *options = dm_options_new(command->name);
        for (const Option *row = dm_option_table; row->name; row++) {
            if (!(row->commands & command->bit)) continue;
            int count = dm_options_count(options, row->name);
            CU_ASSERT_FALSE(dm_options_given(options, row->name));
            CU_ASSERT(row->initial ? count >= row->values_min && count <= row->values_max : count == 0);
            for (int i = 0; i < count; i++)
                CU_ASSERT(!dm_option_check(row, row->name, dm_options_text(options, row->name, i), NULL));
        }
        dm_options_free(options);
    }
}

static void no_name_stands_for_two_options_of_a_command(void)
{
    for (const Option *a = dm_option_table; a->name; a++) {
        for (const Option *b = a + 1; b->name; b++) {
            if (!(a->commands & b->commands)) continue;
            CU_ASSERT(strcmp(a->name, b->name) != 0);
            CU_ASSERT(!a->aliases || !b->aliases || strcmp(a->aliases, b->aliases) != 0);
            CU_ASSERT(!a->aliases || strcmp(a->aliases, b->name) != 0);
        }
        CU_ASSERT(a->commands != 0 && *a->group && *a->help);
        CU_ASSERT((a->type == DM_FLAG || dm_option_by_itself(a)) == !a->argument);
        CU_ASSERT((a->type == DM_CHOICE) == (a->choices != NULL));
    }
}

// The help gives a group one heading.
static void the_rows_of_a_group_stand_together(void)
{
    for (const Command *command = dm_command_table; command->name; command++) {
        const char *ended[32], *group = NULL;
        size_t count = 0;
        for (const Option *row = dm_option_table; row->name; row++) {
            if (!(row->commands & command->bit) || row->group == group) continue;
            group = row->group;
            for (size_t i = 0; i < count; i++) CU_ASSERT(ended[i] != group);
            ended[count++] = group;
        }
    }
}

// What `instead` and `only_with` name; alternatives have no default, which would always be there.
static void options_of_the_same_commands_are_named_by_others(void)
{
    for (const Option *row = dm_option_table; row->name; row++)
        for (const Command *command = dm_command_table; command->name; command++) {
            if (!(row->commands & command->bit)) continue;
            const Option *other = row->instead ? dm_option_find(command, row->instead) : NULL;
            CU_ASSERT(!row->instead || (other && !other->required && !other->initial && !row->initial));
            char *names = dm_copy_string(row->only_with ? row->only_with : ""), *rest = NULL;
            for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
                CU_ASSERT_PTR_NOT_NULL(dm_option_find(command, name));
            free(names);
        }
}

static void defaults_are_those_of_the_table(void)
{
    dm_options *options = dm_options_new("train");
    CU_ASSERT_EQUAL(dm_options_number(options, "dim-emb"), 256);
    CU_ASSERT_EQUAL(dm_options_number(options, "dropout"), 0.1);
    CU_ASSERT_EQUAL(dm_options_number(options, "label-smoothing"), 0.1);
    CU_ASSERT_EQUAL(dm_options_number(options, "early-stopping"), 10);
    CU_ASSERT_EQUAL(dm_options_number(options, "lr"), 0.001);
    CU_ASSERT(text_is(options, "optimizer-params", 2, "1e-9") && text_is(options, "optimizer-params", 3, NULL));
    CU_ASSERT(text_is(options, "pretrained-model", 0, NULL));
    CU_ASSERT_FALSE(dm_options_flag(options, "overwrite"));
    dm_options_free(options);
    CU_ASSERT_PTR_NULL(dm_options_new("trian"));
}

static void values_are_read_in_every_form(void)
{
    static const struct {
        const char *command, *line, *name;
        int count;
        const char *first, *last;
        bool given;
    } cases[] = {
        {"translate", "-m x --beam-size 4", "beam-size", 1, "4", "4", true},
        {"translate", "-m x --beam-size=4", "beam-size", 1, "4", "4", true},
        {"translate", "-m x -b 4", "beam-size", 1, "4", "4", true},
        {"translate", "-m x -b 4 -b 7", "beam-size", 1, "7", "7", true},
        {"translate", "-m x -i -", "input", 1, "-", "-", true},
        {"train", "-t a b -m x", "train-sets", 2, "a", "b", true},
        {"train", "-t a b -m x --lr 1e-4", "learn-rate", 1, "1e-4", "1e-4", true},
        {"train", "-t a b -m x --optimizer-params 0.9 .99 1e-8 --quiet", "optimizer-params", 3, "0.9", "1e-8", true},
        {"train", "-t a b -m x --valid-metrics chrf bleu", "valid-metrics", 2, "chrf", "bleu", true},
        {"train", "-t a b -m x --valid-metrics=chrf bleu --quiet", "valid-metrics", 2, "chrf", "bleu", true},
        {"train", "--tsv a -m x", "tsv", 1, "a", "a", true},
        {"train", "--tsv a -m x", "tsv-columns", 2, "1", "2", false},
        {"train", "-t a b -m x --valid-tsv a --tsv-columns 2 1", "tsv-columns", 2, "2", "1", true},
        {"rescore", "--tsv - -m x", "SRC", 0, NULL, NULL, false},
        {"translate", "--tsv -m x", "tsv", 1, "true", "true", true},
        {"train", "-t a b -m x --quiet --quiet=false", "quiet", 1, "false", "false", true},
        {"score", "--ref a --ref b --ref=c h", "ref", 3, "a", "c", true},
        {"score", "--ref a h", "HYP", 1, "h", "h", true},
        {"score", "--ref a", "HYP", 1, "-", "-", false},
        {"score", "--ref a --metrics bleu h", "HYP", 1, "h", "h", true},
        {"score", "--ref a --metrics chrf bleu h", "metrics", 2, "chrf", "bleu", true},
        {"score", "--ref a -- --odd-name", "HYP", 1, "--odd-name", "--odd-name", true},
        {"rescore", "s --word-scores t -m x", "SRC", 1, "s", "s", true},
        {"rescore", "s --word-scores t -m x", "TRG", 1, "t", "t", true},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_options *options = parse_well(cases[i].command, cases[i].line);
        int count = dm_options_count(options, cases[i].name);
        CU_ASSERT_EQUAL(count, cases[i].count);
        CU_ASSERT(text_is(options, cases[i].name, 0, cases[i].first));
        CU_ASSERT(text_is(options, cases[i].name, count - 1, cases[i].last));
        CU_ASSERT_EQUAL(dm_options_given(options, cases[i].name), cases[i].given);
        dm_options_free(options);
    }
}

static void a_wrong_command_line_is_explained(void)
{
    static const struct {
        const char *command, *line, *part;
    } cases[] = {
        {"train", "--mini-batch-word 5", "unknown option --mini-batch-word: did you mean --mini-batch-words?"},
        {"train", "--droptou 0.1", "did you mean --dropout?"},
        {"score", "--tko 13a", "did you mean --tok?"},
        {"train", "--mini_batch_words 5", "did you mean --mini-batch-words?"},
        {"train", "--early 5", "did you mean --early-stopping?"},
        {"train", "--max-tokens 5", "--max-tokens is called --mini-batch-words here"},
        {"train", "--update_freq 5", "--update_freq is called --optimizer-delay here"},
        {"translate", "--beam 5", "--beam is called --beam-size here"},
        {"translate", "-src x", "--src is called --input here"},
        {"train", "--src x", "--src is called --train-sets here"},
        {"translate", "-replace_unk", "--replace_unk is called --unk-replace here"},
        {"translate", "--dropout 0.1", "--dropout is an option of train, not of translate"},
        {"train", "--mini-batch 5", "--mini-batch is an option of translate, rescore and bench, not of train"},
        {"translate", "--Beam-size 5", "did you mean --beam-size?"},
        {"translate", "--xyzzy", "unknown option --xyzzy: dragoman translate --help"},
        {"translate", "-x", "unknown option -x"},
        {"translate", "-model x", "two dashes: --model"},
        {"translate", "-m x -i y z", "'z' belongs to no option"},
        {"rescore", "-m x a b c", "'c' belongs to no option"},
        {"rescore", "-m x a", "rescore needs TRG"},
        {"rescore", "-m x", "rescore needs SRC or --tsv FILE"},
        {"rescore", "-m x a b --tsv c", "rescore takes SRC or --tsv, not both"},
        {"rescore", "a b", "rescore needs --model DIR"},
        {"train", "-m x", "train needs --train-sets SRC TRG or --tsv FILE (text to learn from"},
        {"train", "-t a b --tsv c -m x", "train takes --train-sets or --tsv, not both"},
        {"train", "--tsv c -m x --valid-tsv d --valid-sets a b", "train takes --valid-sets or --valid-tsv, not both"},
        {"train", "-t a b -m x --tsv-columns 2 1", "--tsv-columns says more about --tsv, which is not given"},
        {"translate", "-m x --tsv-columns 2", "--tsv-columns says more about --tsv, which is not given"},
        {"train", "--tsv c -m x --tsv-columns 0 1", "0 is too little"},
        {"score", "h", "score needs --ref FILE"},
        {"train", "-m x", "dragoman train --train-sets train.zh train.en"},
        {"train", "-t a -m x", "--train-sets needs 2 values (SRC TRG), but got 1"},
        {"train", "-t a b c -m x", "'c' belongs to no option"},
        {"train", "--optimizer-params 0.9 0.98", "needs 3 values"},
        {"train", "--seed", "--seed needs 1 value (N), but got 0"},
        {"train", "--seed --quiet", "--seed needs 1 value (N), but got 0"},
        {"train", "--seed=", "'' is not a whole number"},
        {"train", "--seed 1.5", "'1.5' is not a whole number"},
        {"train", "--seed 5x", "'5x' is not a whole number"},
        {"train", "--seed 1e3", "'1e3' is not a whole number"},
        {"train", "--seed 0x10", "'0x10' is not a whole number"},
        {"train", "--seed 1000000000000000", "too much; at most 999999999999999"},
        {"train", "--dropout nan", "'nan' is not a number; it must be one from 0 to 0.95"},
        {"train", "--dropout inf", "'inf' is not a number"},
        {"train", "--dropout 1e999", "'1e999' is not a number"},
        {"train", "--dropout 0,1", "'0,1' is not a number"},
        {"train", "--dropout -0.1", "-0.1 is too little; it must be a number from 0 to 0.95"},
        {"train", "--dropout 1", "1 is too much; at most 0.95"},
        {"train", "--lanes -1", "-1 is too little; it must be a whole number from 0 to 64"},
        {"train", "--activation gelo", "there is no 'gelo'; it must be one of relu, gelu, swish, silu, tanh"},
        {"train", "--valid-metrics bleu blue", "there is no 'blue'"},
        {"train", "--after 10", "'10' is no duration"},
        {"train", "--after e", "'e' is no duration"},
        {"train", "--after 1.5e", "'1.5e' is no duration"},
        {"train", "--after 0u", "'0u' is no duration"},
        {"train", "--after -3m", "'-3m' is no duration"},
        {"train", "--quiet=5", "it is on or off"},
        {"train", "--model= -t a b", "the value is empty"},
        {"score", "--ref", "--ref needs 1 to 64 values"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_status status;
        dm_error error;
        dm_options_free(parse(cases[i].command, cases[i].line, &status, &error));
        bool good = status == DM_USAGE && strstr(error.message, cases[i].part);
        if (!good) printf("\n  %s %s: %s\n", cases[i].command, cases[i].line, error.message);
        CU_ASSERT(good);
    }
}

static void durations_have_units(void)
{
    static const struct {
        const char *text;
        double amount;
        char unit;
    } cases[] = {{"10e", 10, 'e'},   {"5000u", 5000, 'u'}, {"90s", 90, 's'},
                 {"30m", 1800, 's'}, {"2h", 7200, 's'},    {"0.5h", 1800, 's'}};
    dm_options *options = dm_options_new("train");
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        CU_ASSERT(!dm_options_set(options, "after", 1, &cases[i].text, NULL));
        Duration duration = dm_options_duration(options, "after");
        CU_ASSERT_EQUAL(duration.amount, cases[i].amount);
        CU_ASSERT_EQUAL(duration.unit, cases[i].unit);
    }
    dm_options_free(options);
}

static void help_is_asked_for_before_all_else(void)
{
    dm_options *options = parse_well("train", "--no-such-option --help");
    CU_ASSERT(dm_options_flag(options, "help"));
    dm_options_free(options);
    dm_status status;
    dm_error error;
    options = parse("train", "-- --help", &status, &error);  // here it is a file
    CU_ASSERT_EQUAL(status, DM_USAGE);
    CU_ASSERT_FALSE(dm_options_flag(options, "help"));
    dm_options_free(options);
}

static void a_refused_value_leaves_the_old_one(void)
{
    dm_options *options = dm_options_new("translate");
    dm_error error;
    CU_ASSERT(!dm_options_set(options, "beam-size", 1, (const char *[]){"7"}, &error));
    CU_ASSERT_EQUAL(dm_options_set(options, "beam-size", 1, (const char *[]){"-7"}, &error), DM_USAGE);
    CU_ASSERT_EQUAL(dm_options_set(options, "beam-size", 2, (const char *[]){"5", "6"}, &error), DM_USAGE);
    CU_ASSERT_EQUAL(dm_options_number(options, "beam-size"), 7);
    CU_ASSERT_EQUAL(dm_options_set(options, "beam-sise", 1, (const char *[]){"7"}, &error), DM_USAGE);
    CU_ASSERT_STRING_EQUAL(error.message, "unknown option --beam-sise: did you mean --beam-size?");
    dm_options_free(options);
}

static char *help_of(const char *command)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    dm_options_help(command, stream);
    fclose(stream);
    return text;
}

static void what_was_set_can_be_unset(void)
{
    dm_error error;
    dm_options *options = parse_well("translate", "--model m --beam-size 9 --json --output-sampling topk 3");
    CU_ASSERT_EQUAL(dm_options_unset(options, "beam-size", &error), DM_OK);
    CU_ASSERT(text_is(options, "beam-size", 0, "0") && !dm_options_given(options, "beam-size"));
    CU_ASSERT_EQUAL(dm_options_unset(options, "json", &error), DM_OK);
    CU_ASSERT_FALSE(dm_options_flag(options, "json"));
    CU_ASSERT_EQUAL(dm_options_unset(options, "output-sampling", &error), DM_OK);
    CU_ASSERT_EQUAL(dm_options_count(options, "output-sampling"), 0);
    CU_ASSERT_EQUAL(dm_options_unset(options, "temperature", &error), DM_OK);  // was not set
    CU_ASSERT(text_is(options, "temperature", 0, "1"));
    CU_ASSERT_EQUAL(dm_options_unset(options, "temperatur", &error), DM_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "did you mean --temperature?"));
    dm_options_free(options);
}

static void a_copy_says_the_same_and_goes_its_own_way(void)
{
    dm_error error;
    dm_options *options = parse_well("translate", "--model m n --beam-size 9");
    dm_options *copy = dm_options_copy(options);
    CU_ASSERT_EQUAL(dm_options_set(options, "beam-size", 1, (const char *[]){"4"}, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_options_unset(options, "model", &error), DM_OK);
    CU_ASSERT(text_is(copy, "beam-size", 0, "9") && dm_options_given(copy, "beam-size"));
    CU_ASSERT(text_is(copy, "model", 0, "m") && text_is(copy, "model", 1, "n") && text_is(copy, "model", 2, NULL));
    CU_ASSERT(text_is(copy, "normalize", 0, "1") && !dm_options_given(copy, "normalize"));
    dm_options_free(options);
    dm_options_free(copy);
}

static void help_shows_every_option_with_its_default(void)
{
    for (const Command *command = dm_command_table; command->name; command++) {
        char *help = help_of(command->name), *overview = help_of(NULL);
        CU_ASSERT_PTR_NOT_NULL(strstr(overview, command->summary));
        CU_ASSERT_PTR_NOT_NULL(strstr(help, "Examples:\n  dragoman "));
        for (const Option *row = dm_option_table; row->name; row++) {
            if (!(row->commands & command->bit)) continue;
            char *name = dm_format("%s%s", dm_option_by_itself(row) ? "  " : "--", row->name), *at = strstr(help, name);
            CU_ASSERT_PTR_NOT_NULL(at);
            free(name);
        }
        for (const char *line = help; *line; line += strcspn(line, "\n") + 1) CU_ASSERT(strcspn(line, "\n") <= 100);
        free(help);
        free(overview);
    }
    char *help = help_of("train");
    CU_ASSERT_PTR_NOT_NULL(strstr(help, "[from 0 to 0.95; default 0.1]"));
    free(help);
}

static void a_command_that_is_not_there_is_explained(void)
{
    static const struct {
        const char *name, *part;
    } cases[] = {
        {"trian", "did you mean train?"},
        {"Translate", "did you mean translate?"},
        {"average-", "did you mean average?"},
        {"x", "there are train, "},
        {"", "there are train, "},
        {"training data", " and "},
        {"a name of more than forty letters that no command has, and no option either, whatever it was that was meant",
         "there are train, "},
    };
    dm_error error;
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        CU_ASSERT_EQUAL(dm_command_check(cases[i].name, &error), DM_USAGE);
        if (!strstr(error.message, cases[i].part)) printf("\n  %s: %s\n", cases[i].name, error.message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[i].part));
    }
    for (const Command *command = dm_command_table; command->name; command++)
        CU_ASSERT(!dm_command_check(command->name, &error));
}

static void docs_are_written_in_the_formats_that_there_are(void)
{
    const Option *row = dm_option_find(dm_command_find("docs"), "FORMAT");
    char *formats = dm_copy_string(row->choices), *rest = NULL, *text;
    size_t size;
    for (const char *format = strtok_r(formats, "|", &rest); format; format = strtok_r(NULL, "|", &rest)) {
        FILE *stream = open_memstream(&text, &size);
        CU_ASSERT(dm_options_docs(format, stream));
        fclose(stream);
        CU_ASSERT(size > 1000);
        free(text);
    }
    free(formats);
    FILE *stream = open_memstream(&text, &size);
    CU_ASSERT_FALSE(dm_options_docs("fish", stream));
    fclose(stream);
    CU_ASSERT_EQUAL(size, 0);
    free(text);
}

const Fact facts[] = {
    FACT(every_default_passes_its_own_check),
    FACT(no_name_stands_for_two_options_of_a_command),
    FACT(defaults_are_those_of_the_table),
    FACT(values_are_read_in_every_form),
    FACT(a_wrong_command_line_is_explained),
    FACT(durations_have_units),
    FACT(help_is_asked_for_before_all_else),
    FACT(a_refused_value_leaves_the_old_one),
    FACT(help_shows_every_option_with_its_default),
    FACT(a_command_that_is_not_there_is_explained),
    FACT(the_rows_of_a_group_stand_together),
    FACT(options_of_the_same_commands_are_named_by_others),
    FACT(docs_are_written_in_the_formats_that_there_are),
    FACT(what_was_set_can_be_unset),
    FACT(a_copy_says_the_same_and_goes_its_own_way),
    {NULL, NULL},
};
