// Accuracy, of texts whose words are labels:
//   Accuracy = 100 * labels that are equal to the reference's in their place / places
// A line has as many places as the longer one of the two has labels: what is missing is wrong, and what is too much. Of
// several references the one of which the most is right counts, of two the first.
#include "core/error.h"
#include "core/memory.h"
#include "score/score.h"
#include "score/words.h"

enum { RIGHT, PLACES, WIDTH };  // statistics

static void count(const Measure *measure, const Comparison *comparison, size_t line, double *statistics)
{
    (void)measure;
    Symbols *words = dm_words(comparison, line, NULL, false);
    for (int r = 1; r <= comparison->reference_count; r++) {
        const size_t a = words[0].length, b = words[r].length, both = a < b ? a : b;
        size_t right = 0;
        for (size_t i = 0; i < both; i++) right += words[0].symbol[i] == words[r].symbol[i];
        if (r > 1 && (double)right <= statistics[RIGHT]) continue;
        statistics[RIGHT] = (double)right;
        statistics[PLACES] = (double)(a > b ? a : b);
    }
    dm_words_free(words, comparison);
}

static double score(const Measure *measure, const double *sums)
{
    (void)measure;
    return sums[PLACES] > 0 ? 100 * sums[RIGHT] / sums[PLACES] : 0;
}

static char *verbose(const Measure *measure, const double *sums)
{
    (void)measure;
    return dm_format("(right = %.0f labels = %.0f)", sums[RIGHT], sums[PLACES]);
}

Measure dm_accuracy_measure(MeasureSettings settings)
{
    return (Measure){
        .name = "Accuracy", .width = WIDTH, .count = count, .score = score, .verbose = verbose, .settings = settings};
}
