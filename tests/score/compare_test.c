// What is said about chance: bootstrap intervals and paired tests, against distributions that can be counted by hand.
#include "test.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/random.h"
#include "dragoman/dragoman.h"

enum { LINES = 200, WORDS = 12, LINE_SIZE = 64, MOST_SYSTEMS = 3, METRICS = 3 };

// ---- Texts ----------------------------------------------------------------------------------------------------------

typedef struct Text {
    char bytes[LINES][LINE_SIZE];
    char *line[LINES];
} Text;

// Lines of single-letter words, of which some are wrong; the reference has none that is.
static dm_lines noisy_text(Text *text, double wrong, uint32_t system)
{
    for (uint32_t i = 0; i < LINES; i++) {
        Random words = dm_random(1, i, 0, 0), noise = dm_random(1, i, 1, system);
        text->line[i] = text->bytes[i];
        for (int w = 0; w < WORDS; w++) {
            char word = (char)('a' + dm_random_below(&words, 26));
            text->bytes[i][2 * w] = dm_random_uniform(&noise) < wrong ? '-' : word;
            text->bytes[i][2 * w + 1] = w + 1 < WORDS ? ' ' : '\0';
        }
    }
    return (dm_lines){text->line, LINES};
}

typedef struct Results {
    dm_metric of[MOST_SYSTEMS][METRICS];  // BLEU, chrF, TER
} Results;

static dm_options *options_for(const char *test, const char *seed)
{
    Error error = {""};
    dm_options *options = dm_options_new("score");
    CU_ASSERT_FATAL(options != NULL);
    CU_ASSERT_FATAL(!dm_options_set(options, "metrics", METRICS, (const char *[]){"bleu", "chrf", "ter"}, &error));
    CU_ASSERT_FATAL(!dm_options_set(options, test, 0, NULL, &error));
    if (seed) CU_ASSERT_FATAL(!dm_options_set(options, "seed", 1, &seed, &error));
    return options;
}

static void compare(Results *results, const char *test, const char *seed, const dm_lines *systems, int system_count,
                    const dm_lines *reference)
{
    Error error = {""};
    dm_options *options = options_for(test, seed);
    dm_metric metrics[MOST_SYSTEMS * METRICS];
    CU_ASSERT_FATAL(!dm_compare(systems, system_count, reference, 1, options, metrics, &error));
    for (int k = 0; k < system_count * METRICS; k++) results->of[k / METRICS][k % METRICS] = metrics[k];
    dm_options_free(options);
}

static void release(Results *results, int system_count)
{
    for (int s = 0; s < system_count; s++) dm_metrics_free(results->of[s], METRICS);
}

static const char *const paired[] = {"paired-bs", "paired-ar"};

// ---- Facts ----------------------------------------------------------------------------------------------------------

static void the_interval_holds_the_score(void)
{
    Text reference, text;
    dm_lines references = noisy_text(&reference, 0, 0), lines = noisy_text(&text, 0.3, 1);
    Results results;
    compare(&results, "confidence", NULL, &lines, 1, &references);
    for (int m = 0; m < METRICS; m++) {
        const dm_metric *metric = &results.of[0][m];
        CU_ASSERT(metric->interval > 0.1 && metric->interval < 10);
        CU_ASSERT(fabs(metric->mean - metric->score) < metric->interval / 2);
        CU_ASSERT(isnan(metric->p_value));
    }
    release(&results, 1);
}

// Of two lines with 0 and 2 edits a resample has 0, 2 or 4 edits in 20 words, with probabilities 1/4, 1/2, 1/4. The
// mean of 1,000 has a deviation of 0.22.
static void mean_and_interval_are_those_of_the_known_distribution(void)
{
    char *right[] = {"a b c d e f g h i j", "k l m n o p q r s t"},
         *wrong[] = {"a b c d e f g h i j", "k l m n o p q r"};
    dm_lines references = {right, 2}, lines = {wrong, 2};
    Results results;
    compare(&results, "confidence", NULL, &lines, 1, &references);
    const dm_metric *ter = &results.of[0][2];
    CU_ASSERT_DOUBLE_EQUAL(ter->score, 10, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(ter->mean, 10, 0.9);
    CU_ASSERT_DOUBLE_EQUAL(ter->interval, 10, 1e-12);
    release(&results, 1);
}

static void a_system_against_itself_has_a_p_value_of_one(void)
{
    Text reference, text, same;
    dm_lines references = noisy_text(&reference, 0, 0);
    dm_lines systems[] = {noisy_text(&text, 0.3, 1), noisy_text(&same, 0.3, 1)};
    for (size_t t = 0; t < DM_COUNT(paired); t++) {
        Results results;
        compare(&results, paired[t], NULL, systems, 2, &references);
        for (int m = 0; m < METRICS; m++) {
            CU_ASSERT(isnan(results.of[0][m].p_value));
            CU_ASSERT(results.of[1][m].p_value == 1);
        }
        release(&results, 2);
    }
}

static void a_clearly_better_system_has_a_small_p_value_and_one_of_the_same_kind_has_not(void)
{
    Text reference, text, better, alike;
    dm_lines references = noisy_text(&reference, 0, 0);
    dm_lines systems[] = {noisy_text(&text, 0.3, 1), noisy_text(&better, 0.2, 2), noisy_text(&alike, 0.3, 3)};
    for (size_t t = 0; t < DM_COUNT(paired); t++) {
        Results results;
        compare(&results, paired[t], NULL, systems, 3, &references);
        for (int m = 0; m < METRICS; m++) {
            CU_ASSERT(results.of[1][m].p_value < 0.01);
            CU_ASSERT(results.of[2][m].p_value > 0.05);
        }
        release(&results, 3);
    }
}

// Four lines, each with one edit in one system and none in the other: all coins must fall alike, which 2 of 16 throws
// do. The share of 10,000 throws has a deviation of 0.0033.
static void randomization_counts_the_coins_that_fall_as_far(void)
{
    char *right[] = {"a b c", "d e f", "g h i", "j k l"}, *wrong[] = {"a b", "d e", "g h", "j k"};
    dm_lines references = {right, 4}, systems[] = {{wrong, 4}, {right, 4}};
    Results results;
    compare(&results, "paired-ar", NULL, systems, 2, &references);
    CU_ASSERT_DOUBLE_EQUAL(results.of[1][2].p_value, 0.125, 0.0135);
    CU_ASSERT(isnan(results.of[1][2].mean) && isnan(results.of[1][2].interval));
    release(&results, 2);
}

// Two lines, 4 edits against none and none against 1, so the difference is 3 (in 20 words). That of a resample is 8, 3
// or -2 with probabilities 1/4, 1/2, 1/4, less the mean of |.|, 4: only 8 reaches 3. The deviation is 0.0137.
static void the_bootstrap_counts_the_resamples_that_reach_the_difference(void)
{
    char *right[] = {"a b c d e f g h i j", "k l m n o p q r s t"};
    char *one[] = {"a b c d e f", "k l m n o p q r s t"}, *other[] = {"a b c d e f g h i j", "k l m n o p q r s"};
    dm_lines references = {right, 2}, systems[] = {{one, 2}, {other, 2}};
    Results results;
    compare(&results, "paired-bs", NULL, systems, 2, &references);
    CU_ASSERT_DOUBLE_EQUAL(results.of[1][2].p_value, 0.25, 0.055);
    release(&results, 2);
}

static bool same_figures(const Results *a, const Results *b)
{
    for (int k = 0; k < 2 * METRICS; k++) {
        const dm_metric *x = &a->of[k / METRICS][k % METRICS], *y = &b->of[k / METRICS][k % METRICS];
        if (strcmp(x->json, y->json) || x->score != y->score || x->mean != y->mean || x->interval != y->interval)
            return false;
        if (k >= METRICS && x->p_value != y->p_value) return false;
    }
    return true;
}

static void the_seed_decides_the_figures(void)
{
    Text reference, text, other;
    dm_lines references = noisy_text(&reference, 0, 0);
    dm_lines systems[] = {noisy_text(&text, 0.3, 1), noisy_text(&other, 0.29, 2)};
    Results first, again, another;
    compare(&first, "paired-bs", "7", systems, 2, &references);
    compare(&again, "paired-bs", "7", systems, 2, &references);
    compare(&another, "paired-bs", "8", systems, 2, &references);
    CU_ASSERT(same_figures(&first, &again));
    CU_ASSERT(!same_figures(&first, &another));
    CU_ASSERT(first.of[1][0].mean != another.of[1][0].mean);
    CU_ASSERT(first.of[1][0].score == another.of[1][0].score);
    release(&first, 2);
    release(&again, 2);
    release(&another, 2);
}

// Alone or beside others, with other metrics or without: a system's resamples are the same.
static void a_systems_interval_does_not_depend_on_what_stands_beside_it(void)
{
    Text reference, text, other;
    dm_lines references = noisy_text(&reference, 0, 0);
    dm_lines systems[] = {noisy_text(&other, 0.2, 2), noisy_text(&text, 0.3, 1)};
    Results alone, beside;
    compare(&alone, "confidence", NULL, &systems[1], 1, &references);
    compare(&beside, "paired-bs", NULL, systems, 2, &references);
    for (int m = 0; m < METRICS; m++) {
        CU_ASSERT(alone.of[0][m].mean == beside.of[1][m].mean);
        CU_ASSERT(alone.of[0][m].interval == beside.of[1][m].interval);
    }
    release(&alone, 1);
    release(&beside, 2);
}

static void figures_of_chance_are_printed_as_sacrebleu_prints_them(void)
{
    Text reference, text;
    dm_lines references = noisy_text(&reference, 0, 0), lines = noisy_text(&text, 0.3, 1);
    Results results;
    compare(&results, "confidence", "5", &lines, 1, &references);
    const dm_metric *bleu = &results.of[0][0];
    const char *start = "BLEU|nrefs:1|bs:1000|seed:5|case:mixed|";
    CU_ASSERT(!strncmp(bleu->line, start, strlen(start)));
    char *confidence = dm_format("μ = %.1f ± %.1f", bleu->mean, bleu->interval);
    char *scores = dm_format(" = %.1f (%s) %s", bleu->score, confidence, bleu->verbose);
    CU_ASSERT_STRING_EQUAL(strchr(bleu->line, '=') - 1, scores);

    cJSON *json = cJSON_Parse(bleu->json);
    static const char *const keys[] = {
        "name", "score", "signature", "confidence_mean", "confidence_var", "confidence", "verbose_score", "nrefs",
        "bs",   "seed",  "case"};
    const cJSON *item = json ? json->child : NULL;
    for (size_t i = 0; i < DM_COUNT(keys) && item; i++, item = item->next)
        CU_ASSERT_STRING_EQUAL(item->string, keys[i]);
    CU_ASSERT(item != NULL);
    const cJSON *mean = cJSON_GetObjectItemCaseSensitive(json, "confidence_mean");
    CU_ASSERT(cJSON_IsNumber(mean) && fabs(mean->valuedouble - bleu->mean) <= 0.0501);
    CU_ASSERT_STRING_EQUAL(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "confidence")), confidence);
    cJSON_Delete(json);
    dm_free(confidence);
    dm_free(scores);
    release(&results, 1);
}

static void check_misuse(int system_count, const char *settings, const char *words)
{
    char *text = dm_copy_string(settings), *line = "a b c", *rest = NULL;
    dm_lines systems[] = {{&line, 1}, {&line, 1}};
    dm_options *options = dm_options_new("score");
    Error error = {""};
    for (char *name = strtok_r(text, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(name, '=');
        if (value) *value++ = '\0';
        CU_ASSERT_FATAL(!dm_options_set(options, name, value != NULL, (const char *[]){value}, &error));
    }
    dm_metric metrics[2];
    CU_ASSERT(dm_compare(systems, system_count, systems, 1, options, metrics, &error) == DM_USAGE);
    if (!strstr(error.message, words)) printf("\n%s: %s\n", settings, error.message);
    CU_ASSERT(strstr(error.message, words) != NULL);
    dm_options_free(options);
    dm_free(text);
}

static void options_that_make_no_sense_together_are_refused(void)
{
    check_misuse(1, "paired-bs", "two files of translations or more");
    check_misuse(1, "paired-ar", "two files of translations or more");
    check_misuse(2, "paired-bs paired-ar", "--paired-bs and --paired-ar cannot be done at once");
    check_misuse(2, "confidence paired-bs", "--confidence and --paired-bs");
    check_misuse(1, "confidence-n=500", "--confidence-n has no effect without --confidence");
    check_misuse(2, "paired-bs-n=500 paired-ar", "--paired-bs-n has no effect without --paired-bs");
    check_misuse(2, "paired-ar-n=500", "--paired-ar-n has no effect without --paired-ar");
    check_misuse(1, "seed=3", "--seed has no effect without --confidence");
    check_misuse(1, "chrf-word-order=2", "--chrf-word-order has no effect with --metrics bleu");
    check_misuse(1, "metrics=ter lowercase", "--lowercase has no effect with --metrics ter");
    check_misuse(1, "metrics=chrf tok=zh",
                 "--tok has no effect with --metrics chrf: leave it out, or take --metrics bleu");
}

const Fact facts[] = {FACT(the_interval_holds_the_score),
                      FACT(mean_and_interval_are_those_of_the_known_distribution),
                      FACT(a_system_against_itself_has_a_p_value_of_one),
                      FACT(a_clearly_better_system_has_a_small_p_value_and_one_of_the_same_kind_has_not),
                      FACT(randomization_counts_the_coins_that_fall_as_far),
                      FACT(the_bootstrap_counts_the_resamples_that_reach_the_difference),
                      FACT(the_seed_decides_the_figures),
                      FACT(a_systems_interval_does_not_depend_on_what_stands_beside_it),
                      FACT(figures_of_chance_are_printed_as_sacrebleu_prints_them),
                      FACT(options_that_make_no_sense_together_are_refused),
                      {NULL, NULL}};
