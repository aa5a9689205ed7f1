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

enum { ORDER = 6 };

typedef struct Counts {
    size_t hypothesis[ORDER], reference[ORDER], matches[ORDER];
} Counts;

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

static Counts count_ngrams(const Symbols *hypothesis, const Symbols *reference)
{
    Counts counts;
    for (int n = 1; n <= ORDER; n++) {
        size_t in_reference = dm_ngram_total(reference, n);
        counts.reference[n - 1] = in_reference;
        // sacreBLEU: what no n-gram of the reference could have matched is not held against the hypothesis.
        counts.hypothesis[n - 1] = in_reference ? dm_ngram_total(hypothesis, n) : 0;
        counts.matches[n - 1] = dm_ngram_matches(hypothesis, reference, 1, n);
    }
    return counts;
}

// In the order of operations of sacreBLEU, since a tie between references hangs on the last bit.
static double f_score(const Counts *counts)
{
    const double factor = 4;  // beta^2
    double precision = 0, recall = 0;
    int orders = 0;
    for (int n = 0; n < ORDER; n++) {
        if (!counts->hypothesis[n] || !counts->reference[n]) continue;
        precision += (double)counts->matches[n] / (double)counts->hypothesis[n];
        recall += (double)counts->matches[n] / (double)counts->reference[n];
        orders++;
    }
    if (orders) {
        precision /= orders;
        recall /= orders;
    }
    if (precision + recall == 0) return 0;
    return 100 * ((1 + factor) * precision * recall / (factor * precision + recall));
}

static void add_segment(const Comparison *comparison, size_t line, Counts *sum)
{
    Symbols hypothesis = characters(comparison->hypotheses[line], comparison->lower_case);
    Counts best = {0};
    double best_score = -1;
    for (int r = 0; r < comparison->reference_count; r++) {
        Symbols reference = characters(comparison->references[r][line], comparison->lower_case);
        Counts counts = count_ngrams(&hypothesis, &reference);
        double score = f_score(&counts);
        if (score > best_score) {
            best_score = score;
            best = counts;
        }
        dm_symbols_free(&reference);
    }
    dm_symbols_free(&hypothesis);
    for (int n = 0; n < ORDER; n++) {
        sum->hypothesis[n] += best.hypothesis[n];
        sum->reference[n] += best.reference[n];
        sum->matches[n] += best.matches[n];
    }
}

double dm_chrf_compare(const Comparison *comparison)
{
    Counts sum = {0};
    for (size_t i = 0; i < comparison->count; i++) add_segment(comparison, i, &sum);
    return f_score(&sum);
}

double dm_chrf(const char *const *hypotheses, const char *const *references, size_t count)
{
    return dm_chrf_compare(&(Comparison){hypotheses, &references, count, 1, false});
}
