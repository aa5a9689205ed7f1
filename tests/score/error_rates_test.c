// Error rates: by hand where one can count, and against the plain table of Levenshtein 1966 on text drawn at random.
#include "core/memory.h"
#include "core/random.h"
#include "core/utf8.h"
#include "score/score.h"
#include "test.h"

static double score(const char *metric, const char *hypothesis, const char *const *references, int count, bool lower)
{
    const Measure measure = dm_measure_of(metric)->measure((MeasureSettings){.lower_case = lower});
    const char *const *streams[4];
    for (int r = 0; r < count; r++) streams[r] = &references[r];
    double *statistics = dm_statistics(&measure, &(Comparison){&hypothesis, streams, 1, count}),
           figure = measure.score(&measure, statistics);
    dm_free(statistics);
    return figure;
}

static void rates_are_what_one_counts_by_hand(void)
{
    static const struct {
        const char *metric, *hypothesis, *references[3];
        double wanted;
        bool lower_case;
    } cases[] = {
        {"wer", "a b c d", {"a b c d"}, 0, false},
        {"wer", "a c d", {"a b c d"}, 25, false},
        {"wer", "a x b c d", {"a b c d"}, 25, false},
        {"wer", "a B c d", {"a b c d"}, 25, false},
        {"wer", "a B c d", {"a b c d"}, 0, true},
        {"wer", "  a\tb\u3000c d ", {"a b c d"}, 0, false},
        {"wer", "", {"a b"}, 100, false},
        {"wer", "a b", {""}, 100, false},
        {"wer", "", {""}, 0, false},
        {"wer", "x y z a b c", {"a b"}, 200, false},
        {"wer", "a b c", {"x y z", "a b d", "a b c e"}, 25, false},  // two of them need one edit: the longer one counts
        {"wer", "a b c", {"a b", "q", "a b c"}, 0, false},
        // The shortest way goes far from the diagonal.
        {"cer", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN", {"0123456789abcdefghijklmnopqrstuvwxyzABCD"}, 50, false},
        {"cer", "kitten", {"sitting"}, 300. / 7, false},
        {"cer", "学习", {"学校"}, 50, false},
        {"cer", " a  b ", {"a b"}, 0, false},
        {"cer", "ab", {"a b"}, 100. / 3, false},
        {"cer", "\u00c4", {"\u00e4"}, 0, true},
        {"exact", "a b", {"a c", "a  b "}, 100, false},
        {"exact", "a b", {"ab", "a b c"}, 0, false},
        {"exact", "", {""}, 100, false},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int count = 0;
        while (count < 3 && cases[k].references[count]) count++;
        const double got = score(cases[k].metric, cases[k].hypothesis, cases[k].references, count, cases[k].lower_case);
        CU_ASSERT_DOUBLE_EQUAL(got, cases[k].wanted, 1e-9);
        if (got != cases[k].wanted) fprintf(stderr, "\ncase %zu: %g, not %g\n", k, got, cases[k].wanted);
    }
}

enum { LONGEST = 60, KINDS = 3 };

static int table_of_levenshtein(const char *a, const char *b)
{
    static int distance[LONGEST + 1][LONGEST + 1];
    const int n = (int)strlen(a), m = (int)strlen(b);
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            int least = i && j ? distance[i - 1][j - 1] + (a[i - 1] != b[j - 1]) : i + j;
            if (i && distance[i - 1][j] + 1 < least) least = distance[i - 1][j] + 1;
            if (j && distance[i][j - 1] + 1 < least) least = distance[i][j - 1] + 1;
            distance[i][j] = least;
        }
    return distance[n][m];
}

// A text of few kinds of letters; every third is the one before with few changes, so that bands of all widths are met.
static void draw(char *text, const char *before, uint64_t number)
{
    Random random = dm_random(number, 0, 0, 0);
    int length = (int)dm_random_below(&random, LONGEST + 1);
    if (number % 3 == 0) length = (int)strlen(before);
    for (int i = 0; i < length; i++) {
        const uint32_t word = dm_random_next(&random);
        text[i] = number % 3 == 0 && word % 8 ? before[i] : (char)('a' + word / 8 % KINDS);
    }
    text[length] = '\0';
}

static void distances_are_those_of_the_whole_table(void)
{
    char text[2][LONGEST + 1] = {"", ""};
    for (uint64_t n = 1; n <= 3000; n++) {
        char *a = text[n % 2], *b = text[(n + 1) % 2];
        draw(a, b, n);
        if (!*b) continue;
        const char *reference = b;
        const double edits = score("cer", a, &reference, 1, false) * (double)strlen(b) / 100;
        CU_ASSERT_DOUBLE_EQUAL(edits, table_of_levenshtein(a, b), 1e-6);
    }
}

static void a_corpus_adds_edits_and_lengths(void)
{
    const char *hypotheses[] = {"a b", "x", ""}, *references[] = {"a c", "x y z w", "q q"};
    const double wanted[] = {0, 100. * (1 + 3 + 2) / (2 + 4 + 2), 100. * (1 + 6 + 3) / (3 + 7 + 3)};
    for (int k = 0; k < 3; k++) {
        const Measure measure = dm_measures[3 + k].measure((MeasureSettings){0});
        CU_ASSERT_DOUBLE_EQUAL(dm_score_of(measure, hypotheses, references, 3), wanted[k], 1e-9);
    }
}

const Fact facts[] = {
    FACT(rates_are_what_one_counts_by_hand),
    FACT(distances_are_those_of_the_whole_table),
    FACT(a_corpus_adds_edits_and_lengths),
    {NULL, NULL},
};
