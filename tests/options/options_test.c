// Options: the command line, and what the user is told when it is wrong.
#include "test.h"

#include "options/options.h"

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
        {"train", "-t a b -m x --valid-tsv d --valid-metrics chrf bleu", "valid-metrics", 2, "chrf", "bleu", true},
        {"train", "-t a b -m x --valid-tsv d --valid-metrics=chrf bleu --quiet", "valid-metrics", 2, "chrf", "bleu",
         true},
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
        {"train", "--mini_batch_words 5", "--mini_batch_words is written --mini-batch-words here"},
        {"train", "--early 5", "did you mean --early-stopping?"},
        {"train", "--max-tokens 5", "--max-tokens is called --mini-batch-words here"},
        {"train", "--update_freq 5", "--update_freq is called --optimizer-delay here"},
        {"translate", "--beam 5", "--beam is called --beam-size here"},
        {"translate", "-src x", "-src is called --input here"},
        {"train", "--src x", "--src is called --train-sets here"},
        {"translate", "-replace_unk", "-replace_unk is called --unk-replace here"},
        {"translate", "--dropout 0.1", "--dropout is an option of train, not of translate"},
        {"train", "--mini-batch 5", "--mini-batch is called --mini-batch-words here"},
        {"translate", "--Beam-size 5", "--Beam-size is written --beam-size here"},
        {"translate", "--xyzzy", "unknown option --xyzzy: dragoman translate --help"},
        {"translate", "-x", "unknown option -x"},
        {"translate", "-model x", "two dashes: --model"},
        {"translate", "-m x -i y z", "'z' belongs to no option"},
        {"rescore", "-m x a b c", "'c' belongs to no option"},
        {"rescore", "-m x", "rescore needs SRC"},
        {"rescore", "-m x", "rescore needs SRC or --tsv FILE"},
        {"rescore", "-m x a b --tsv c", "rescore takes SRC or --tsv, not both"},
        {"rescore", "a b", "rescore needs --model DIR"},
        {"train", "-t a b", "train needs --model DIR (folder for the model"},
        {"train", "-t a b --tsv c -m x", "train takes --train-sets or --tsv, not both"},
        {"train", "--tsv c -m x --valid-tsv d --valid-sets a b", "train takes --valid-sets or --valid-tsv, not both"},
        {"shortlist", "-t a b -m x --tsv-columns 2 1",
         "--tsv-columns has no effect without --tsv: leave it out, or add --tsv"},
        {"score", "--ref a --seed 2",
         "--seed has no effect without --confidence and --paired-bs and --paired-ar: leave it out, or add "
         "--confidence or --paired-bs or --paired-ar"},
        {"translate", "-m x --tsv-columns 2", "--tsv-columns has no effect without --tsv: leave it out, or add --tsv"},
        {"translate", "-m x --max_length 9", "--max_length is called --max-length-factor here"},
        {"train", "--max_length 9", "--max_length is written --max-length here"},
        {"translate", "-m x --early_stopping", "--early_stopping is an option of train, not of translate"},
        {"translate", "-m x -b1", "-b1: the value of -b is a word of its own: -b 1"},
        {"translate", "-mzh-en", "-mzh-en: the value of -m is a word of its own: -m zh-en"},
        {"translate", "-x1", "unknown option -x1: dragoman translate --help"},
        {"translate", "-beam 5", "-beam is called --beam-size here"},
        {"translate", "-beamsize 5", "unknown option -beamsize: did you mean --beam-size?"},
        {"rescore", "--SRC a", "--SRC: SRC stands by itself, without dashes: dragoman rescore --model DIR (SRC [TRG]"},
        {"rescore", "--src a", "--src: here SRC stands by itself: dragoman rescore --model DIR (SRC [TRG]"},
        {"info", "--SRC a", "unknown option --SRC: dragoman info --help"},
        {"score", "-i h", "-i: here HYP stands by itself: dragoman score"},
        {"score", "-l zh-en", "-l: references are files"},
        {"train", "--weight-decay 1", "--weight-decay: weights do not decay here"},
        {"translate", "-m x --temperature 0.5",
         "--temperature has no effect without --output-sampling: leave it out, or add"},
        {"translate", "-m x --output-sampling full -b 4", "--beam-size has no effect with --output-sampling"},
        {"translate", "-m x -b 1 -n 0.5",
         "no effect with --beam-size 1 and without --n-best and --json: leave it out, or take "
         "another --beam-size or add --n-best or --json"},
        {"translate", "-m x y --shortlist",
         "--shortlist has no effect with several --model: leave it out, or give one --model"},
        {"score", "--ref a --metrics ter chrf --tok zh",
         "has no effect with --metrics ter chrf: leave it out, or take --metrics bleu"},
        {"bench", "gemm --lanes 2", "--lanes has no effect in bench gemm: leave it out, or take bench train"},
        {"bench", "gemm --length 9", "in bench gemm: leave it out, or take bench train, translate or layer"},
        {"train", "--tsv c -m x --tsv-columns 0 1", "0 is too little"},
        {"score", "h", "score needs --ref FILE"},
        {"train", "-t a b", "dragoman train --train-sets train.zh train.en"},
        {"train", "-t -m x", "--train-sets needs 1 to 2 values (SRC TRG), but got 0"},
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

static void what_was_set_can_be_unset(void)
{
    dm_error error;
    dm_options *options = parse_well("translate", "--model m --no-repeat-ngram 9 --json --output-sampling topk 3");
    CU_ASSERT_EQUAL(dm_options_unset(options, "no-repeat-ngram", &error), DM_OK);
    CU_ASSERT(!dm_options_count(options, "no-repeat-ngram") && !dm_options_given(options, "no-repeat-ngram"));
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
    CU_ASSERT(text_is(copy, "max-length-factor", 0, "3") && !dm_options_given(copy, "max-length-factor"));
    dm_options_free(options);
    dm_options_free(copy);
}

const Fact facts[] = {
    FACT(values_are_read_in_every_form),
    FACT(a_wrong_command_line_is_explained),
    FACT(durations_have_units),
    FACT(help_is_asked_for_before_all_else),
    FACT(a_refused_value_leaves_the_old_one),
    FACT(what_was_set_can_be_unset),
    FACT(a_copy_says_the_same_and_goes_its_own_way),
    {NULL, NULL},
};
