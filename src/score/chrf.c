// chrF of a corpus (Popović 2015), over n-grams of n = 1 ... 6 characters, white space left out, with beta = 2:
//   P = mean over n of matches_n / hypothesis_n,  R = mean over n of matches_n / reference_n
//   chrF = 100 * (1 + beta^2) * P * R / (beta^2 * P + R)
// where an order counts only if both sides have n-grams of it. Of several references the best one of each line counts.
// chrF+ and chrF++ (Popović 2017) take n-grams of one, or of one and two words into the same means.
#include <assert.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "score/unicode.h"
#include "score/words.h"

enum { CHARACTERS = 6, WORDS = 2 };                  // highest orders
enum { HYPOTHESIS, REFERENCE, MATCHES, PER_ORDER };  // statistics of an order: n-grams of each side, and common

static Symbols characters(const char *line, bool lower_case)
{
    char *lower = lower_case ? dm_lower_case(line) : NULL;
    const char *at = lower ? lower : line;
    Symbols symbols = {.symbol = dm_allocate(strlen(at) + 1, sizeof(uint32_t))};
    while (*at) {
        uint32_t c = dm_utf8_next(&at);
        if (!dm_white_space(c)) symbols.symbol[symbols.length++] = c;
    }
    dm_free(lower);
    dm_symbols_sort(&symbols);
    return symbols;
}

static bool punctuation(char c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// Puts white space between a word and the punctuation mark at its end, or if there is none there, at its beginning. (A
// mark that is a word by itself stays one: there is nothing before it.)
static void set_punctuation_apart(const char *word, size_t length, Text *out)
{
    size_t cut = punctuation(word[length - 1]) ? length - 1 : punctuation(*word) ? 1 : 0;
    dm_text_put(out, word, cut);
    dm_text_put(out, " ", 1);
    dm_text_put(out, word + cut, length - cut);
    dm_text_put(out, " ", 1);
}

static char *words_and_punctuation(const char *line)
{
    Text out = {0};
    dm_text_put(&out, "", 0);
    for (const char *at = dm_skip_white_space(line); *at; at = dm_skip_white_space(at)) {
        const char *word = at, *end = at;
        while (*at && !dm_white_space(dm_utf8_next(&at))) end = at;
        set_punctuation_apart(word, (size_t)(end - word), &out);
    }
    return out.bytes;
}

static void count_ngrams(const Symbols *hypothesis, const Symbols *reference, int orders, double *statistics)
{
    for (int n = 1; n <= orders; n++, statistics += PER_ORDER) {
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
    for (int n = 0; n < CHARACTERS + measure->settings.word_order; n++, sums += PER_ORDER) {
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
    Symbols *words = NULL;
    const bool lower_case = measure->settings.lower_case;
    const int word_order = measure->settings.word_order;
    if (word_order) words = dm_words(comparison, line, words_and_punctuation, lower_case);
    for (int s = 0; words && s <= comparison->reference_count; s++) dm_symbols_sort(&words[s]);
    Symbols hypothesis = characters(comparison->hypotheses[line], lower_case);
    double best = -1;
    for (int r = 0; r < comparison->reference_count; r++) {
        Symbols reference = characters(comparison->references[r][line], lower_case);
        double counts[PER_ORDER * (CHARACTERS + WORDS)];
        count_ngrams(&hypothesis, &reference, CHARACTERS, counts);
        if (words) count_ngrams(&words[0], &words[1 + r], word_order, counts + PER_ORDER * CHARACTERS);
        double f = score(measure, counts);
        if (f > best) {
            best = f;
            memcpy(statistics, counts, (size_t)measure->width * sizeof *counts);
        }
        dm_symbols_free(&reference);
    }
    dm_symbols_free(&hypothesis);
    if (words) dm_words_free(words, comparison);
}

Measure dm_chrf_measure(MeasureSettings settings)
{
    static const char *const names[] = {"chrF2", "chrF2+", "chrF2++"}, *const orders[] = {"0", "1", "2"};
    const int word_order = settings.word_order;
    assert(word_order >= 0 && word_order <= WORDS);
    return (Measure){.name = names[word_order],
                     .fields = {{"case", settings.lower_case ? "lc" : "mixed"},
                                {"eff", "yes"},
                                {"nc", "6"},
                                {"nw", orders[word_order]},
                                {"space", "no"}},
                     .width = PER_ORDER * (CHARACTERS + word_order),
                     .count = count,
                     .score = score,
                     .settings = settings};
}
