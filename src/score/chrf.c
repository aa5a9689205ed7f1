// chrF of a corpus (Popović 2015), over n-grams of n = 1 ... 6 characters, white space left out, with beta = 2:
//   P = mean over n of matches_n / hypothesis_n,  R = mean over n of matches_n / reference_n
//   chrF = 100 * (1 + beta^2) * P * R / (beta^2 * P + R)
// where an order counts only if both sides have n-grams of it. Of several references the best one of each line counts.
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/utf8.h"
#include "score/ngrams.h"
#include "score/score.h"
#include "score/unicode.h"

enum { ORDER = 6, HYPOTHESIS = 0, REFERENCE = 1, MATCHES = 2, WIDTH = 3 * ORDER };  // three numbers an order

static Symbols characters(const char *line, bool lower_case)
{
    char *lower = lower_case ? dm_lower_case(line) : NULL;
    const char *at = lower ? lower : line;
    Symbols symbols = {.symbol = dm_allocate(strlen(at) + 1, sizeof(uint32_t))};
    while (*at) {
        uint32_t c = dm_utf8_next(&at);
        if (!dm_white_space(c)) symbols.symbol[symbols.length++] = c;
    }
    free(lower);
    dm_symbols_sort(&symbols);
    return symbols;
}

static void count_ngrams(const Symbols *hypothesis, const Symbols *reference, int orders, double *statistics)
{
    for (int n = 1; n <= orders; n++, statistics += 3) {
        size_t in_reference = dm_ngram_total(reference, n);
        statistics[REFERENCE] = (double)in_reference;
        // sacreBLEU: what no n-gram of the reference could have matched is not held against the hypothesis.
        statistics[HYPOTHESIS] = in_reference ? (double)dm_ngram_total(hypothesis, n) : 0;
        statistics[MATCHES] = (double)dm_ngram_matches(hypothesis, reference, 1, n);
    }
}

// In the order of operations of sacreBLEU, since a tie between references hangs on the last bit.
static double score(const Measure *measure, const double *sums)
{
    const double factor = 4;  // beta^2
    double precision = 0, recall = 0;
    int orders = 0;
    for (int n = 0; n < measure->width / 3; n++, sums += 3) {
        if (sums[HYPOTHESIS] == 0 || sums[REFERENCE] == 0) continue;
        precision += sums[MATCHES] / sums[HYPOTHESIS];
        recall += sums[MATCHES] / sums[REFERENCE];
        orders++;
    }
    if (orders) {
        precision /= orders;
        recall /= orders;
    }
    if (precision + recall == 0) return 0;
    return 100 * ((1 + factor) * precision * recall / (factor * precision + recall));
}

static void count(const Measure *measure, const Comparison *comparison, size_t line, double *statistics)
{
    Symbols hypothesis = characters(comparison->hypotheses[line], measure->lower_case);
    double best = -1;
    for (int r = 0; r < comparison->reference_count; r++) {
        Symbols reference = characters(comparison->references[r][line], measure->lower_case);
        double counts[WIDTH];
        count_ngrams(&hypothesis, &reference, ORDER, counts);
        double f = score(measure, counts);
        if (f > best) {
            best = f;
            memcpy(statistics, counts, (size_t)measure->width * sizeof *counts);
        }
        dm_symbols_free(&reference);
    }
    dm_symbols_free(&hypothesis);
}

Measure dm_chrf_measure(bool lower_case)
{
    return (Measure){
        .name = "chrF2",
        .fields = {{"case", lower_case ? "lc" : "mixed"}, {"eff", "yes"}, {"nc", "6"}, {"nw", "0"}, {"space", "no"}},
        .width = WIDTH,
        .count = count,
        .score = score,
        .lower_case = lower_case};
}
