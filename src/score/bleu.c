// BLEU of a corpus (Papineni et al. 2002) with exponential smoothing (NIST's mteval-v13a; method 3 of Chen and Cherry
// 2014), over n-grams of n = 1 ... 4 words:
//   p_n  = 100 * matches_n / total_n, or 100 / (2^k * total_n) for the k-th order without a match
//   BP   = min(1, exp(1 - r/h)), h words in all hypotheses, r in the references closest in length
//   BLEU = BP * exp(mean of log p_n); 0 where nothing matches at all
#include <math.h>

#include "core/error.h"
#include "core/memory.h"
#include "score/score.h"
#include "score/words.h"

enum { ORDER = 4 };
enum { LENGTH, REFERENCE_LENGTH, MATCHES, TOTALS = MATCHES + ORDER, WIDTH = TOTALS + ORDER };  // statistics

// The length of the reference that is closest to the hypothesis's; of two as close, the shorter.
static size_t closest_length(const Symbols *words, int references)
{
    size_t length = words[0].length, closest = 0, least = SIZE_MAX;
    for (int r = 1; r <= references; r++) {
        size_t candidate = words[r].length;
        size_t difference = candidate > length ? candidate - length : length - candidate;
        if (difference < least || (difference == least && candidate < closest)) {
            least = difference;
            closest = candidate;
        }
    }
    return closest;
}

static void count(const Measure *measure, const Comparison *comparison, size_t line, double *statistics)
{
    int references = comparison->reference_count;
    Symbols *words = dm_words(comparison, line, measure->settings.tokenizer->tokenize, measure->settings.lower_case);
    for (int s = 0; s <= references; s++) dm_symbols_sort(&words[s]);
    for (int n = 0; n < ORDER; n++) {
        statistics[MATCHES + n] = (double)dm_ngram_matches(&words[0], words + 1, references, n + 1);
        statistics[TOTALS + n] = (double)dm_ngram_total(&words[0], n + 1);
    }
    statistics[LENGTH] = (double)words[0].length;
    statistics[REFERENCE_LENGTH] = (double)closest_length(words, references);
    dm_words_free(words, comparison);
}

typedef struct Bleu {
    double score;
    double precisions[ORDER];
    double brevity_penalty;
} Bleu;

static double brevity_penalty(double length, double reference_length)
{
    if (length >= reference_length) return 1;
    return length > 0 ? exp(1 - reference_length / length) : 0;
}

static Bleu bleu_of(const double *sums)
{
    Bleu bleu = {.brevity_penalty = brevity_penalty(sums[LENGTH], sums[REFERENCE_LENGTH])};
    if (sums[MATCHES] == 0) return bleu;  // no longer n-gram can match then

    double smooth = 1, sum = 0;
    for (int n = 0; n < ORDER; n++) {
        double matches = sums[MATCHES + n], total = sums[TOTALS + n];
        if (total == 0) return bleu;  // no hypothesis has n words: the mean of the logarithms is minus infinity
        if (matches == 0) smooth *= 2;
        bleu.precisions[n] = matches > 0 ? 100 * matches / total : 100 / (smooth * total);
        sum += log(bleu.precisions[n]);
    }
    bleu.score = bleu.brevity_penalty * exp(sum / ORDER);
    return bleu;
}

double dm_sentence_bleu(const double *statistics)
{
    double sum = 0;
    if (statistics[MATCHES] == 0) return 0;
    for (int n = 0; n < ORDER; n++)
        sum += log((statistics[MATCHES + n] + (n > 0)) / (statistics[TOTALS + n] + (n > 0)));
    return brevity_penalty(statistics[LENGTH], statistics[REFERENCE_LENGTH]) * exp(sum / ORDER);
}

static double score(const Measure *measure, const double *sums)
{
    (void)measure;
    return bleu_of(sums).score;
}

// 54.4/26.6/14.9/8.7 (BP = 1.000 ratio = 1.026 hyp_len = 62880 ref_len = 61287)
static char *verbose(const Measure *measure, const double *sums)
{
    (void)measure;
    Bleu bleu = bleu_of(sums);
    const double *p = bleu.precisions, length = sums[LENGTH], reference_length = sums[REFERENCE_LENGTH];
    return dm_format("%.1f/%.1f/%.1f/%.1f (BP = %.3f ratio = %.3f hyp_len = %.0f ref_len = %.0f)", p[0], p[1], p[2],
                     p[3], bleu.brevity_penalty, reference_length > 0 ? length / reference_length : 0, length,
                     reference_length);
}

Measure dm_bleu_measure(MeasureSettings settings)
{
    return (Measure){.name = "BLEU",
                     .fields = {{"case", settings.lower_case ? "lc" : "mixed"},
                                {"eff", "no"},
                                {"tok", settings.tokenizer->name},
                                {"smooth", "exp"}},
                     .width = WIDTH,
                     .count = count,
                     .score = score,
                     .verbose = verbose,
                     .settings = settings};
}
