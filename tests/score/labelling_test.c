// Accuracy and F1 of labels: by hand where one can count, and figures of seqeval and scikit-learn.
#include <cjson/cJSON.h>
#include <math.h>

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "score/score.h"
#include "test.h"

enum { MOST_LINES = 3 };

typedef struct Case {
    const char *metric, *hypotheses[MOST_LINES], *references[MOST_LINES];
    double wanted;
} Case;

static void figures_are_what_one_counts_by_hand(void)
{
    static const Case cases[] = {
        {"accuracy", {"A B C", "A"}, {"A B D", "A"}, 75},
        {"accuracy", {"A  B\tC "}, {"A B C"}, 100},
        {"accuracy", {"A B"}, {"A B C D"}, 50},  // what is missing is wrong
        {"accuracy", {"A B C D"}, {"A B"}, 50},  // and what is too much
        {"accuracy", {"a b"}, {"A b"}, 50},
        {"accuracy", {"", "A"}, {"", "B"}, 0},
        {"accuracy", {""}, {""}, 0},
        // Labels: the mean over A and B of 2/3 and 2/3; then over A and C of 2/3 and 0.
        {"f1", {"A B B"}, {"A A B"}, 200. / 3},
        {"f1", {"A C"}, {"A A"}, 100. / 3},
        {"f1", {"A", "B"}, {"A", "B"}, 100},
        {"f1", {"O O"}, {"O O"}, 100},            // no entity anywhere: labels
        {"f1", {"B-X NOUN"}, {"B-X NOUN"}, 100},  // so are these
        {"f1", {"A"}, {"A B"}, 50},               // of B there is none right
        {"f1", {""}, {""}, 0},
        // Entities: of two one is found, and nothing else said.
        {"f1", {"B-PER I-PER O O"}, {"B-PER I-PER O B-LOC"}, 200. / 3},
        {"f1", {"I-PER I-PER O I-LOC"}, {"B-PER I-PER O B-LOC"}, 100},  // one begins behind O, whatever its letter
        {"f1", {"B-PER B-PER O O"}, {"B-PER I-PER O O"}, 0},            // two are not one
        {"f1", {"B-PER I-LOC"}, {"B-PER B-LOC"}, 100},                  // another type is another entity
        {"f1", {"B-PER I-PER O"}, {"B-PER I-PER I-PER"}, 0},            // of another extent
        {"f1", {"B-LOC"}, {"B-PER"}, 0},
        {"f1", {"S-PER B-LOC E-LOC"}, {"B-PER B-LOC I-LOC"}, 100},
        {"f1", {"B-LOC E-LOC E-LOC"}, {"B-LOC I-LOC B-LOC"}, 100},  // one begins behind an end
        {"f1", {"B-LOC", "I-LOC"}, {"B-LOC", "I-LOC"}, 100},        // and in each line
        {"f1", {"NOUN I-PER"}, {"O B-PER"}, 100},
        {"f1", {"B-A-B"}, {"B-A-B"}, 100},  // a type may have a hyphen
        {"f1", {"O O"}, {"B-PER O"}, 0},
        {"f1", {"O O", "B-X"}, {"O O", "O"}, 40},  // what is said of a text of O alone: labels
    };
    for (size_t k = 0; k < DM_COUNT(cases); k++) {
        size_t count = 0;
        while (count < MOST_LINES && cases[k].references[count]) count++;
        const double got = dm_score_of(dm_measure_of(cases[k].metric)->measure((MeasureSettings){0}),
                                       cases[k].hypotheses, cases[k].references, count),
                     wanted = cases[k].wanted;
        CU_ASSERT_DOUBLE_EQUAL(got, wanted, 1e-9);
        if (!(fabs(got - wanted) < 1e-9)) fprintf(stderr, "\ncase %zu: %g, not %g\n", k, got, wanted);
    }
}

enum { MOST_GOLDEN = 16 };

static size_t lines_of(const cJSON *list, const char *lines[MOST_GOLDEN])
{
    size_t count = 0;
    const cJSON *line;
    cJSON_ArrayForEach(line, list) lines[count++] = line->valuestring;
    return count;
}

// tests/golden/labelling.py made the file: BIO and BIOES at random, well-formed or not, and plain labels.
static void figures_are_those_of_seqeval_and_scikit_learn(void)
{
    char *bytes;
    size_t size;
    CU_ASSERT_EQUAL_FATAL(dm_read_file(TEST_DATA "/golden/labelling.json", &bytes, &size, NULL), DM_OK);
    cJSON *cases = cJSON_Parse(bytes);
    const cJSON *one;
    int checked = 0;
    cJSON_ArrayForEach(one, cases)
    {
        const char *said[MOST_GOLDEN], *wanted[MOST_GOLDEN];
        const size_t count = lines_of(cJSON_GetObjectItem(one, "hypotheses"), said);
        CU_ASSERT_EQUAL_FATAL(lines_of(cJSON_GetObjectItem(one, "references"), wanted), count);
        static const char *const metrics[] = {"accuracy", "f1"};
        for (int m = 0; m < 2; m++, checked++) {
            const double got =
                             dm_score_of(dm_measure_of(metrics[m])->measure((MeasureSettings){0}), said, wanted, count),
                         should = cJSON_GetObjectItem(one, metrics[m])->valuedouble;
            CU_ASSERT_DOUBLE_EQUAL(got, should, 1e-9);
            if (!(fabs(got - should) < 1e-9))
                fprintf(stderr, "\n%s of %s ...: %g, not %g\n", metrics[m], said[0], got, should);
        }
    }
    CU_ASSERT(checked >= 200);
    cJSON_Delete(cases);
    dm_free(bytes);
}

// Of several references the one with the most right labels counts.
static void the_best_reference_counts(void)
{
    const char *hypothesis = "A B C", *first[] = {"A A A"}, *second[] = {"A B C D"}, *third[] = {"X B C"};
    const char *const *streams[] = {first, second, third};
    const Measure measure = dm_accuracy_measure((MeasureSettings){0});
    double *statistics = dm_statistics(&measure, &(Comparison){&hypothesis, streams, 1, 3});
    CU_ASSERT_DOUBLE_EQUAL(measure.score(&measure, statistics), 75, 1e-9);
    dm_free(statistics);
}

// What is printed behind the score, from the public side: classes in order, each with precision, recall and F1.
static void every_class_has_its_figures(void)
{
    char *said[] = {"B-PER I-PER O O", "B-LOC O O \""}, *wanted[] = {"B-PER I-PER O B-LOC", "B-LOC O B-PER O"},
         *tags[] = {"\" \\ A", "A"}, *wanted_tags[] = {"\" A A", "A"};
    const dm_lines hypotheses = {said, 2}, references = {wanted, 2}, labels = {tags, 2},
                   wanted_labels = {wanted_tags, 2};
    dm_options *options = dm_options_new("score");
    dm_error error = {""};
    dm_metric metric[2];
    CU_ASSERT_EQUAL_FATAL(dm_options_set(options, "metrics", 2, (const char *const[]){"f1", "accuracy"}, &error),
                          DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_score(&hypotheses, &references, 1, options, metric, &error), DM_OK);
    CU_ASSERT_STRING_EQUAL(metric[0].verbose, "(micro = 66.7 macro = 66.7) LOC 100.0/50.0/66.7 PER 100.0/50.0/66.7");
    CU_ASSERT(strstr(metric[0].signature, "nrefs:1|of:entities|average:micro|version:") != NULL);
    CU_ASSERT_STRING_EQUAL(metric[1].verbose, "(right = 5 labels = 8)");
    dm_metrics_free(metric, 2);
    CU_ASSERT_EQUAL_FATAL(dm_score(&labels, &wanted_labels, 1, options, metric, &error), DM_OK);
    CU_ASSERT_STRING_EQUAL(metric[0].verbose,
                           "(micro = 75.0 macro = 60.0) \" 100.0/100.0/100.0 A 100.0/66.7/80.0 \\ 0.0/0.0/0.0");
    CU_ASSERT(strstr(metric[0].json, "macro = 60.0) \\\" 100.0/100.0/100.0 A 100.0/66.7/80.0 \\\\ 0.0") != NULL);
    dm_metrics_free(metric, 2);
    dm_options_free(options);
}

// Lines are drawn anew, of which some have not all classes: the sums are as wide as there are classes in all.
static void resamples_know_all_classes(void)
{
    char *a[40], *b[40], *wanted[40];
    static char room[3][40][16];
    for (int i = 0; i < 40; i++) {
        snprintf(room[0][i], 16, "L%d X", i);
        snprintf(room[1][i], 16, "L%d X", i % 3 ? i : i + 40);
        snprintf(room[2][i], 16, "L%d X", i % 2 ? i : i + 80);
        wanted[i] = room[0][i], a[i] = room[1][i], b[i] = room[2][i];
    }
    const dm_lines systems[] = {{a, 40}, {b, 40}}, references = {wanted, 40};
    static const char *const tests[] = {"paired-bs", "paired-ar"};
    for (int k = 0; k < 2; k++) {
        dm_options *options = dm_options_new("score");
        dm_error error = {""};
        dm_metric metric[2];
        CU_ASSERT_EQUAL_FATAL(dm_options_set(options, "metrics", 1, (const char *const[]){"f1"}, &error), DM_OK);
        CU_ASSERT_EQUAL_FATAL(dm_options_set(options, tests[k], 0, NULL, &error), DM_OK);
        CU_ASSERT_EQUAL_FATAL(dm_compare(systems, 2, &references, 1, options, metric, &error), DM_OK);
        // Of the classes both systems together say what neither reference has: they count where they are said. X is
        // always right, 26 of 40 others of the first, 20 of the second.
        CU_ASSERT_DOUBLE_EQUAL(metric[0].score, 100 * 27. / (41 + 14), 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(metric[1].score, 100 * 21. / (41 + 20), 1e-9);
        CU_ASSERT(metric[1].p_value > 0 && metric[1].p_value <= 1);
        dm_metrics_free(metric, 2);
        dm_options_free(options);
    }
}

const Fact facts[] = {
    FACT(figures_are_what_one_counts_by_hand), FACT(figures_are_those_of_seqeval_and_scikit_learn),
    FACT(the_best_reference_counts),           FACT(every_class_has_its_figures),
    FACT(resamples_know_all_classes),          {NULL, NULL},
};
