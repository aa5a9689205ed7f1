// The alignment error rate, by hand.
#include <math.h>

#include "core/error.h"
#include "core/memory.h"
#include "score/score.h"
#include "test.h"

enum { MOST_LINES = 3 };

static void figures_are_what_one_counts_by_hand(void)
{
    static const struct {
        const char *hypotheses[MOST_LINES], *references[MOST_LINES];
        double wanted;
    } cases[] = {
        {{"0-0 1-1"}, {"1-1 0-0"}, 0},
        {{"0-0 1-1 2-1"}, {"0-0 1p1 2-2"}, 40},        // |A and S| 1, |A and P| 2, |A| 3, |S| 2
        {{"0-0", "1-1 2-1"}, {"0-0", "1p1 2-2"}, 40},  // lines add up
        {{"0-1"}, {"1-0"}, 100},
        {{""}, {""}, 0},
        {{"0-0"}, {""}, 100},
        {{""}, {"0-0"}, 100},
        {{"0-0"}, {"0p0"}, 0},          // nothing is missing
        {{""}, {"0p0"}, 0},             // likewise
        {{"0p0 1p1"}, {"0-0 1-1"}, 0},  // what the hypothesis calls possible is a link of it
        {{"0-0 0-0"}, {"0-0"}, 0},
        {{"0-0 1-1"}, {"0-0 1-1 2-2 3-3"}, 100. / 3},
    };
    for (size_t k = 0; k < DM_COUNT(cases); k++) {
        size_t count = 0;
        while (count < MOST_LINES && cases[k].references[count]) count++;
        const double got =
            dm_score_of(dm_aer_measure((MeasureSettings){0}), cases[k].hypotheses, cases[k].references, count);
        CU_ASSERT_DOUBLE_EQUAL(got, cases[k].wanted, 1e-9);
        if (!(fabs(got - cases[k].wanted) < 1e-9)) fprintf(stderr, "\ncase %zu: %g\n", k, got);
    }
}

static dm_status score(const char *metrics[], int count, int reference_count, char *hypothesis, char *reference,
                       dm_metric *found, Error *error)
{
    dm_options *options = dm_options_new("score");
    char *lines[][1] = {{hypothesis}, {reference}, {reference}};
    const dm_lines system = {lines[0], 1}, references[] = {{lines[1], 1}, {lines[2], 1}};
    dm_options_set(options, "metrics", count, metrics, error);
    dm_status status = dm_score(&system, references, reference_count, options, found, error);
    dm_options_free(options);
    return status;
}

static void what_it_cannot_compare_is_said(void)
{
    const char *aer[] = {"aer"}, *both[] = {"bleu", "aer"};
    dm_metric found[2];
    Error error = {""};
    CU_ASSERT_EQUAL(score(aer, 1, 1, "0-0", "0-0 1-1", found, &error), DM_OK);
    CU_ASSERT_STRING_EQUAL(found[0].line, "AER|nrefs:1|version:dragoman-" DM_VERSION
                                          " = 33.3 (precision = 100.0 recall = 50.0 links = 1 sure = 2)");
    dm_metrics_free(found, 1);
    CU_ASSERT_EQUAL(score(aer, 1, 1, "0-0", "a b", found, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "line 1 of the reference: \"a\" is no link"));
    CU_ASSERT_EQUAL(score(aer, 1, 1, "0-0 7", "0-0", found, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "line 1 of the hypotheses: \"7\" is no link"));
    CU_ASSERT_EQUAL(score(both, 2, 1, "0-0", "0-0", found, &error), DM_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "score the links by themselves"));
    CU_ASSERT_EQUAL(score(aer, 1, 2, "0-0", "0-0", found, &error), DM_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "one reference"));
}

const Fact facts[] = {
    FACT(figures_are_what_one_counts_by_hand),
    FACT(what_it_cannot_compare_is_said),
    {NULL, NULL},
};
