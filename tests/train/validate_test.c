// Facts about validations: what can be the best, what stalls, when they are made, and how BLEU cuts their text.
#include "runs.h"
#include "train/validate.h"

// ---- The best ---------------------------------------------------------------------------------------------------

// A validation that measured this alone, at the next update; was it a new best?
static bool measured(Best best[DM_MOST_METRICS], const char *metric, double value)
{
    static long update;
    const Validation validation = {.metrics = 1, .metric = {dm_metric_of(metric)}, .value = {value}};
    return dm_best_update(best, &validation, ++update);
}

static void a_score_of_nothing_is_not_the_best_and_nothing_stalls_against_it(void)
{
    Best best[DM_MOST_METRICS] = {0};
    for (int i = 0; i < 12; i++) CU_ASSERT_FALSE(measured(best, "bleu", 0));
    CU_ASSERT_EQUAL(best[0].update, 0);
    CU_ASSERT_EQUAL(best[0].stalled, 0);
    CU_ASSERT(measured(best, "bleu", 0.1));
    CU_ASSERT_FALSE(measured(best, "bleu", 0));
    CU_ASSERT_FALSE(measured(best, "bleu", 0.1));
    CU_ASSERT_EQUAL(best[0].stalled, 2);
    CU_ASSERT(measured(best, "bleu", 0.2));
    CU_ASSERT_EQUAL(best[0].stalled, 0);
}

static void what_is_no_number_is_not_the_best(void)
{
    static const double none[] = {INFINITY, NAN};
    for (int i = 0; i < 2; i++) {
        Best best[DM_MOST_METRICS] = {0};
        CU_ASSERT_FALSE(measured(best, "perplexity", none[i]));
        CU_ASSERT_EQUAL(best[0].stalled, 0);
        CU_ASSERT(measured(best, "perplexity", 1e30));
        CU_ASSERT_FALSE(measured(best, "perplexity", none[i]));
        CU_ASSERT_EQUAL(best[0].stalled, 1);
        CU_ASSERT(measured(best, "perplexity", 5));
    }
}

// A model that has learnt nothing yet translates into nothing that the reference has: patience is not spent on it.
static void a_run_whose_scores_are_nothing_goes_on_and_says_so(void)
{
    scratch_file("foreign.src", "red blue\ngold pink\n", 19);
    scratch_file("foreign.trg", "uno due tre quattro\ncinque sei sette otto\n", 42);
    char *source = path_of("foreign.src"), *target = path_of("foreign.trg");
    char *valid = dm_format("valid-sets %s %s", source, target);
    Watcher watcher = {0};
    train("nothing", CHANGES("after 6u", valid, "valid-freq 1u", "valid-metrics bleu", "early-stopping 2"), &watcher,
          NULL);
    CU_ASSERT_EQUAL(watcher.updates, 6);
    CU_ASSERT(strstr(watcher.last, "no validation found anything good") != NULL);
    train("nothing_six", CHANGES("after 6u"), NULL, NULL);
    CU_ASSERT(same_file("nothing", "nothing_six", "model.safetensors"));
    char *log = read_text("nothing", "train.jsonl");
    CU_ASSERT(strstr(log, "\"bleu\":0,") && strstr(log, "\"best\":null,\"stalled\":0"));
    dm_free(log), dm_free(source), dm_free(target), dm_free(valid);
}

// ---- How BLEU cuts ----------------------------------------------------------------------------------------------

static void bleu_cuts_as_it_is_told_to(void)
{
    char *valid = validation_on_itself();
    static const char *const toks[] = {"valid-tok none", "valid-tok char"};
    double bleu[3];
    for (int i = 0; i < 3; i++) {
        train("cut", CHANGES("after 8e", "overwrite", valid, i < 2 ? toks[i] : "disp-freq 5u"), NULL, NULL);
        bleu[i] = last_figure("cut", "valid", "bleu");
    }
    CU_ASSERT(bleu[0] == bleu[2]);  // in pieces already
    CU_ASSERT(bleu[1] > bleu[0]);
    dm_error error;
    train("cut", CHANGES("overwrite", "valid-tok char"), NULL, &error);
    CU_ASSERT(strstr(error.message, "--valid-sets") != NULL);
    train("cut", CHANGES("overwrite", valid, "valid-metrics chrf", "valid-tok char"), NULL, &error);
    CU_ASSERT(strstr(error.message, "--valid-metrics") != NULL);
    dm_free(valid);
}

const Fact facts[] = {
    FACT(a_score_of_nothing_is_not_the_best_and_nothing_stalls_against_it),
    FACT(what_is_no_number_is_not_the_best),
    FACT(a_run_whose_scores_are_nothing_goes_on_and_says_so),
    FACT(bleu_cuts_as_it_is_told_to),
    {NULL, NULL},
};
