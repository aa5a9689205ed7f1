// The metrics of a validation, row by row: what each says of a text, which way it gets better, and what it asks for.
#include "score/metrics.h"

#include <math.h>

#include "score/score.h"
#include "test.h"

static const char *const references[] = {"the cat sat on the mat .", "a bird sang in the old tree .", "it rains ."};
static const char *const good[] = {"the cat sat on the mat .", "a bird sang in an old tree .", "it rains ."};
static const char *const bad[] = {"a cat is on the mat", "the bird was in a tree .", "rain"};
enum { LINES = 3 };

// What is to be measured, better and worse; the figures are for the better one. A metric joins by a row.
static const struct {
    const char *name;
    double wanted;  // NAN: what the room of scores says, below
    bool of_translations;
} cases[] = {{"ce-mean-words", 1.5, false}, {"perplexity", 4.481689, false}, {"bleu", NAN, true},
             {"chrf", NAN, true},           {"exact", 200. / 3, true},       {"wer", 100. / 18, true},
             {"cer", 300. / 63, true},      {"accuracy", 1700. / 18, true},  {"f1", NAN, true}};

static double of_bleu(const char *tok)
{
    const Tokenizer *tokenizer = tok ? dm_tokenizer(tok) : dm_tokenizer_for(references, LINES);
    return dm_score_of(dm_bleu_measure((MeasureSettings){.tokenizer = tokenizer}), good, references, LINES);
}

static const Measured better = {
    .nll = 30, .pieces = 20, .hypotheses = good, .references = references, .lines = LINES, .tok = NULL};
static const Measured worse = {
    .nll = 40, .pieces = 20, .hypotheses = bad, .references = references, .lines = LINES, .tok = NULL};

static void every_metric_says_what_it_should(void)
{
    for (const Metric *metric = dm_metrics; metric->name; metric++) {
        int found = 0;
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            if (strcmp(cases[k].name, metric->name) != 0) continue;
            found++;
            double wanted = cases[k].wanted;
            if (strcmp(metric->name, "bleu") == 0) wanted = of_bleu(NULL);
            if (strcmp(metric->name, "chrf") == 0)
                wanted = dm_score_of(dm_chrf_measure((MeasureSettings){0}), good, references, LINES);
            if (strcmp(metric->name, "f1") == 0)
                wanted = dm_score_of(dm_f1_measure((MeasureSettings){0}), good, references, LINES);
            CU_ASSERT_DOUBLE_EQUAL(metric->measure(&better), wanted, 1e-6);
            CU_ASSERT_EQUAL(metric->of_translations, cases[k].of_translations);
        }
        CU_ASSERT_EQUAL(found, 1);
        if (!found) fprintf(stderr, "\nthere is no case of %s\n", metric->name);
    }
}

static void every_metric_gets_better_the_way_it_says(void)
{
    for (const Metric *metric = dm_metrics; metric->name; metric++) {
        const double a = metric->measure(&better), b = metric->measure(&worse);
        CU_ASSERT(isfinite(a) && isfinite(b));
        CU_ASSERT(metric->falls ? a < b : a > b);
    }
}

// Nobody translates for a metric that does not ask for it.
static void what_is_not_of_translations_looks_at_none(void)
{
    for (const Metric *metric = dm_metrics; metric->name; metric++)
        if (!metric->of_translations)
            CU_ASSERT_DOUBLE_EQUAL(metric->measure(&(Measured){.nll = 30, .pieces = 20}), metric->measure(&better), 0);
}

static void bleu_cuts_words_as_it_is_told(void)
{
    Measured characters = better;
    characters.tok = "char";
    const double by_words = dm_metric_of("bleu")->measure(&better),
                 by_characters = dm_metric_of("bleu")->measure(&characters);
    CU_ASSERT_EQUAL(by_characters, of_bleu("char"));
    CU_ASSERT(fabs(by_words - by_characters) > 1);
}

static void metrics_are_found_by_name(void)
{
    int count = 0;
    for (; dm_metric_choice(count).name; count++) {
        CU_ASSERT_STRING_EQUAL(dm_metric_choice(count).name, dm_metrics[count].name);
        CU_ASSERT_PTR_EQUAL(dm_metric_of(dm_metric_choice(count).name), &dm_metrics[count]);
    }
    CU_ASSERT(count > 0 && !dm_metrics[count].name);
    CU_ASSERT_PTR_NULL(dm_metric_of("blue"));
    CU_ASSERT_PTR_NULL(dm_metric_of(""));
}

const Fact facts[] = {
    FACT(every_metric_says_what_it_should),
    FACT(every_metric_gets_better_the_way_it_says),
    FACT(what_is_not_of_translations_looks_at_none),
    FACT(bleu_cuts_words_as_it_is_told),
    FACT(metrics_are_found_by_name),
    {NULL, NULL},
};
