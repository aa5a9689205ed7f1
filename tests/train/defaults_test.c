// What nobody gives: what the help says of its rules is what is done, and a run keeps what they came to.
#include <ctype.h>

#include "options/option_set.h"
#include "runs.h"
#include "train/defaults.h"

static const double sizes[] = {0, 1, 12, 70, 999, 26000, 377000, 499999, 500000, 1999999, 2e6, 2.6e6, 1e8, 1e12};

static dm_options *options_with(const char *const *given)
{
    dm_options *options = dm_options_new("train");
    set(options, "valid-tsv", "dev.tsv");
    for (; given && *given; given++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*given, " "), *given);
        set(options, name, *given + strlen(name));
    }
    return options;
}

enum { CHARACTERS = 130 };

// Everything of a run of so many words and updates. said: two sentences, or none of them, which the caller frees.
static dm_options *settled(const char *const *given, double words, long updates, char *said[2])
{
    dm_options *options = options_with(given);
    char *both[2];
    CU_ASSERT_EQUAL(dm_defaults_by_text(options, &(TextSize){29000, words, CHARACTERS, false}, &both[0], NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_default_warmup(options, updates, &both[1], NULL), DM_OK);
    for (int i = 0; i < 2; i++)
        if (said)
            said[i] = both[i];
        else
            dm_free(both[i]);
    return options;
}

static double settled_number(const char *option, double words)
{
    dm_options *options = settled(NULL, words, 1000, NULL);
    const char *text = dm_options_text(options, option, 0);
    const double number = strcmp(option, "after") ? dm_option_number(text) : strtod(text, NULL);
    dm_options_free(options);
    return number;
}

static void every_row_with_a_rule_gets_a_value(void)
{
    int walked = 0;
    for (size_t i = 0; i < DM_COUNT(sizes); i++) {
        dm_options *options = settled(NULL, sizes[i], i % 2 ? 1 : 1L << 40, NULL);
        for (const Setting *s = options->settings; s < options->settings + options->rows; s++) {
            if (!s->row->rule) continue;
            walked++;
            CU_ASSERT(s->count == 1 && !s->given);
            CU_ASSERT(s->count && dm_option_check(s->row, s->row->name, s->values[0], NULL) == DM_OK);
        }
        dm_options_free(options);
    }
    CU_ASSERT(walked >= 6 * (int)DM_COUNT(sizes));
}

// "by the text: its characters + 3 x words^0.6, 500 to 16000", "by the text: 40e x (words / 400000)^-0.5, 5e to 200e",
// read in a way of its own.
static double value_of_rule(const char *rule, double words)
{
    static const char text[] = "by the text: ", also[] = "its characters + ";
    double factor = 1, per = 1, power = 1, more = 0;
    const char *at = rule + strlen(text), *parts = strstr(at, "words");
    CU_ASSERT_PTR_NOT_NULL_FATAL(parts);
    if (strncmp(at, also, strlen(also)) == 0) at += strlen(also), more = CHARACTERS;
    if (isdigit((unsigned char)*at)) factor = strtod(at, NULL);
    sscanf(parts, "words / %lf", &per);
    const char *raised = strchr(rule, '^');
    if (raised) sscanf(raised, "^%lf", &power);
    char *end;  // strtod stops in front of the unit, where scanf would not
    const double low = strtod(strstr(rule, ", ") + 2, &end), high = strtod(strstr(end, "to ") + 3, NULL);
    const double value = factor * pow(words / per, power) + more;
    return value < low ? low : value > high ? high : value;
}

static void the_help_says_what_is_done(void)
{
    static const struct {
        const char *option;
        double step;
    } cases[] = {{"vocab-size", 100}, {"mini-batch-words", 100}, {"after", 1}};
    char rule[256];
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (size_t k = 0; k < DM_COUNT(sizes); k++) {
            const double expected = value_of_rule(dm_default_rule(cases[i].option, rule), sizes[k]),
                         value = settled_number(cases[i].option, sizes[k]);
            CU_ASSERT_DOUBLE_EQUAL(value, expected, cases[i].step / 2 + 1e-6);
            const double bounds[2] = {value_of_rule(rule, 1e-99), value_of_rule(rule, 1e99)};
            CU_ASSERT(fabs(remainder(value, cases[i].step)) < 1e-9 || value == bounds[0] || value == bounds[1]);
        }

    double below[2], rate[3], most, share, of_time;
    CU_ASSERT_EQUAL_FATAL(sscanf(dm_default_rule("dropout", rule),
                                 "by the text: %lf below %lf words, %lf below %lf, else %lf", &rate[0], &below[0],
                                 &rate[1], &below[1], &rate[2]),
                          5);
    for (size_t k = 0; k < DM_COUNT(sizes); k++)
        CU_ASSERT_EQUAL(settled_number("dropout", sizes[k]), rate[sizes[k] < below[0]   ? 0
                                                                  : sizes[k] < below[1] ? 1
                                                                                        : 2]);
    static const char *const of_itself[] = {"minimum-risk", "self-critical"};
    for (size_t k = 0; k < DM_COUNT(of_itself); k++) {
        char objective[64];
        snprintf(objective, sizeof objective, "objective %s", of_itself[k]);
        dm_options *options = settled((const char *const[]){objective, NULL}, 26000, 5000, NULL);
        CU_ASSERT_EQUAL(dm_options_number(options, "dropout"), 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(strstr(rule, "; 0 with --objective"), of_itself[k]));
        dm_options_free(options);
    }

    CU_ASSERT_EQUAL_FATAL(sscanf(dm_default_rule("lr-warmup", rule),
                                 "by --after: %lf x its updates, at most %lf; %lf if it is a time", &share, &most,
                                 &of_time),
                          3);
    static const long updates[] = {0, 1, 40, 5000, 1000000};
    for (size_t k = 0; k < DM_COUNT(updates); k++) {
        dm_options *options = settled(NULL, 1000, updates[k], NULL);
        const double all = share * (double)updates[k], expected = !updates[k] ? of_time : all < most ? all : most;
        CU_ASSERT_DOUBLE_EQUAL(dm_options_number(options, "lr-warmup"), expected, 0.5 + 1e-9);
        dm_options_free(options);
    }
}

// Whatever the constants are: more text, more pieces and larger batches, and neither more epochs nor more dropout.
static void more_text_wants_more_pieces_and_fewer_epochs(void)
{
    for (double words = 10; words < 1e9; words *= 1.7) {
        CU_ASSERT(settled_number("vocab-size", words) <= settled_number("vocab-size", 1.7 * words));
        CU_ASSERT(settled_number("mini-batch-words", words) <= settled_number("mini-batch-words", 1.7 * words));
        CU_ASSERT(settled_number("after", words) >= settled_number("after", 1.7 * words));
        CU_ASSERT(settled_number("dropout", words) >= settled_number("dropout", 1.7 * words));
    }
}

static void what_is_given_is_left_alone(void)
{
    static const char *const all[] = {"vocab-size 777", "mini-batch-words 333", "dropout 0.7",
                                      "after 3h",       "early-stopping 4",     "lr-warmup 9"};
    for (size_t i = 0; i < DM_COUNT(all); i++) {
        char name[64], *said[2];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(all[i], " "), all[i]);
        dm_options *options = settled((const char *const[]){all[i], NULL}, 26000, 5000, said);
        CU_ASSERT_STRING_EQUAL(dm_options_text(options, name, 0), all[i] + strlen(name) + 1);
        CU_ASSERT(dm_options_given(options, name));
        for (int k = 0; k < 2; k++) CU_ASSERT(!said[k] || !strstr(said[k], name));
        dm_free(said[0]), dm_free(said[1]);
        dm_options_free(options);
    }
    const char *const given[] = {all[0], all[1], all[2], all[3], all[4], all[5], NULL};
    char *said[2];
    dm_options_free(settled(given, 26000, 5000, said));
    CU_ASSERT(!said[0] && !said[1]);
}

static void what_is_settled_is_said_as_a_command_line_has_it(void)
{
    char *said[2];
    dm_options *options = settled(CHANGES("vocab-size 700", "mini-batch-words 5", "after 3e"), 377423, 5000, said);
    char *expected = dm_format("For 29,000 pairs, about 377,000 words: --dropout %s --early-stopping 0",
                               dm_options_text(options, "dropout", 0));
    CU_ASSERT_STRING_EQUAL(said[0], expected);
    CU_ASSERT_PTR_NOT_NULL_FATAL(said[1]);
    CU_ASSERT(strncmp(said[1], "For 5,000 updates: --lr-warmup ", 31) == 0);
    dm_free(said[0]), dm_free(said[1]), dm_free(expected);
    dm_options_free(options);
    dm_options_free(settled(CHANGES("after 30m"), 377423, 0, said));
    CU_ASSERT(strncmp(said[1], "For --after 30m: --lr-warmup ", 29) == 0);
    dm_free(said[0]), dm_free(said[1]);
}

static void only_what_counts_is_settled(void)
{
    static const struct {
        const char *given, *option, *value;  // NULL: it has none
    } cases[] = {
        {"lr-schedule cosine", "early-stopping", "0"},    {"lr-schedule linear", "early-stopping", "0"},
        {"lr-schedule constant", "early-stopping", "10"}, {"lr-schedule inv-sqrt", "early-stopping", "10"},
        {"segmenter space", "vocab-size", NULL},          {"pretrained-model other", "vocab-size", NULL},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_options *options = settled((const char *const[]){cases[i].given, NULL}, 26000, 5000, NULL);
        const char *value = dm_options_text(options, cases[i].option, 0);
        CU_ASSERT(cases[i].value ? value && !strcmp(value, cases[i].value) : !value);
        dm_options_free(options);
    }
    dm_options *options = dm_options_new("train");  // without validation
    char *said;
    CU_ASSERT_EQUAL(dm_defaults_by_text(options, &(TextSize){1, 10, 5, false}, &said, NULL), DM_OK);
    CU_ASSERT(!dm_options_count(options, "early-stopping") && strncmp(said, "For 1 pair, about 10 words: --", 30) == 0);
    dm_free(said);
    dm_options_free(options);
}

static void a_text_is_measured_by_its_bytes(void)
{
    char *source[] = {"red blue", "", "\xE4\xB8\xAD\xE6\x96\x87"}, *target[] = {"blue red", "x", "gold"};
    const Bitext text = {.lines = {{source, 3}, {target, 3}}};
    const TextSize size = dm_text_size(&text);
    CU_ASSERT_EQUAL(size.pairs, 3);
    CU_ASSERT_DOUBLE_EQUAL(size.words, (8 + 6 + 8 + 1 + 4) / 11.0, 1e-12);
    CU_ASSERT_EQUAL(size.characters, 12);  // redblu, the space, two of Chinese, xgo

    const Bitext alone = {.alone = true, .lines = {{NULL, 0}, {target, 3}}};
    const TextSize half = dm_text_size(&alone);
    CU_ASSERT(half.alone && half.pairs == 3);
    CU_ASSERT_DOUBLE_EQUAL(half.words, (8 + 1 + 4) / 5.5, 1e-12);
}

static void shards_are_larger_where_sequences_run_step_by_step(void)
{
    static const struct {
        int batch, at_once, stepwise;
    } cases[] = {{100, 64, 64}, {1000, 125, 250}, {2048, 256, 512}, {4096, 384, 1024}, {8192, 384, 1024}};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        CU_ASSERT_EQUAL(dm_default_shard_words(cases[i].batch, false), cases[i].at_once);
        CU_ASSERT_EQUAL(dm_default_shard_words(cases[i].batch, true), cases[i].stepwise);
    }
}

// ---- Runs -----------------------------------------------------------------------------------------------------------

typedef struct Heard {
    Watcher watcher;  // first, for the functions of runs.h
    char text[4096];
} Heard;

static void hear(void *context, const char *line)
{
    Heard *heard = context;
    const size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof heard->text - used, "%s\n", line);
}

// A run of which nothing is said that has a rule.
static Heard train_by_rules(const char *folder, const char *const *changes, int stop_after)
{
    dm_options *options = settings(folder, changes);
    for (const Setting *s = options->settings; s < options->settings + options->rows; s++) {
        bool changed = false;
        for (const char *const *at = changes; at && *at; at++)
            changed = changed || strncmp(*at, s->row->name, strlen(s->row->name)) == 0;
        if (s->row->rule && !changed) dm_options_unset(options, s->row->name, NULL);
    }
    Heard heard = {.watcher = {.stop_after = stop_after}};
    const dm_observer observer = {&heard, hear, see_update, enough};
    dm_error error = {""};
    if (dm_train(options, &observer, NULL, &error)) CU_FAIL("training failed");
    if (*error.message) fprintf(stderr, "%s\n", error.message);
    dm_options_free(options);
    return heard;
}

// The options that a folder has recorded, but for its own name.
static cJSON *record_of(const char *folder)
{
    char *text = read_text(folder, "config.json");
    cJSON *config = cJSON_Parse(text);
    cJSON *record = cJSON_DetachItemFromObject(cJSON_GetObjectItem(config, "dragoman"), "training");
    cJSON_DeleteItemFromObject(record, "model");
    cJSON_Delete(config);
    dm_free(text);
    return record;
}

static void a_run_by_rules_that_was_stopped_ends_with_the_same_bytes(void)
{
    char *valid = validation_on_itself();
    const char *const changes[] = {valid, "lr-schedule cosine", "mini-batch-words 40", "after 6e", NULL};
    Heard whole = train_by_rules("whole", changes, 0);
    CU_ASSERT(strstr(whole.text, "For 30 pairs, about ") && strstr(whole.text, " updates: --lr-warmup "));
    Heard begun = train_by_rules("halves", changes, 5), rest = train_by_rules("halves", changes, 0);
    CU_ASSERT(strstr(begun.text, "For 30 pairs, about ") && !strstr(rest.text, "For "));
    CU_ASSERT(strstr(rest.text, "halves: not given, so as the run has it: ") && strstr(rest.text, "--lr-warmup"));
    CU_ASSERT(same_file("halves", "whole", "model.safetensors") && same_journal("halves", "whole"));
    cJSON *one = record_of("whole"), *other = record_of("halves");
    CU_ASSERT(cJSON_HasObjectItem(one, "lr-warmup") && cJSON_Compare(one, other, true));
    cJSON_Delete(one), cJSON_Delete(other);
    dm_free(valid);
}

static void a_time_has_a_warm_up_of_its_own(void)
{
    Heard heard = train_by_rules("timed", CHANGES("after 5000s", "mini-batch-words 40"), 2);
    CU_ASSERT(strstr(heard.text, "For --after 5000s: --lr-warmup ") != NULL);
    heard = train_by_rules("timed", CHANGES("after 5000s", "mini-batch-words 40"), 1);
    CU_ASSERT(!strstr(heard.text, "For --after") && strstr(heard.text, "--lr-warmup"));
}

const Fact facts[] = {
    FACT(every_row_with_a_rule_gets_a_value),
    FACT(the_help_says_what_is_done),
    FACT(more_text_wants_more_pieces_and_fewer_epochs),
    FACT(what_is_given_is_left_alone),
    FACT(what_is_settled_is_said_as_a_command_line_has_it),
    FACT(only_what_counts_is_settled),
    FACT(a_text_is_measured_by_its_bytes),
    FACT(shards_are_larger_where_sequences_run_step_by_step),
    FACT(a_run_by_rules_that_was_stopped_ends_with_the_same_bytes),
    FACT(a_time_has_a_warm_up_of_its_own),
    {NULL, NULL},
};
