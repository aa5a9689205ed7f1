// Error rates, for texts that have few right answers (pronunciations, transliterations, recognised speech):
//   WER = 100 * sum over lines of edits / sum over lines of the reference's words
//   CER = the same over characters (code points, white space as one space between words and none at the ends)
//   Exact = 100 * lines that are equal to one of their references / lines
// An edit puts in, leaves out or replaces one word or character (Levenshtein 1966). Of several references the one that
// needs the fewest edits counts, of two the longer one. What white space there is between words makes no difference.
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "score/score.h"
#include "score/unicode.h"
#include "score/words.h"

enum { EDITS, REFERENCE_LENGTH, RATE_WIDTH };  // statistics of an error rate
enum { RIGHT, LINES, EXACT_WIDTH };            // and of Exact
enum { NARROWEST = 8 };                        // distance that is tried first

// ---- Edit distance --------------------------------------------------------------------------------------------------

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// The distance, if it is at most `most`, else something above it: all that is nearer to the diagonal than `most` is
// filled in, for no shorter way leaves that band. Row i, column j: of the first i symbols of a and the first j of b.
// row: [b->length + 1], for use inside.
static size_t distance_within(const Symbols *a, const Symbols *b, size_t most, size_t *row)
{
    const size_t far = a->length + b->length + 1;
    for (size_t j = 0; j <= b->length; j++) row[j] = j <= most ? j : far;
    for (size_t i = 1; i <= a->length; i++) {
        const size_t first = i > most ? i - most : 0, last = least(b->length, i + most);
        size_t diagonal = row[first ? first - 1 : 0], left = first ? far : i;
        row[first ? first - 1 : 0] = left;
        for (size_t j = first ? first : 1; j <= last; j++) {
            const size_t above = row[j], replaced = diagonal + (a->symbol[i - 1] != b->symbol[j - 1]);
            diagonal = above;
            left = row[j] = least(least(above, left) + 1, replaced);
        }
    }
    return row[b->length];
}

static size_t edit_distance(const Symbols *a, const Symbols *b)
{
    const size_t longer = a->length > b->length ? a->length : b->length, apart = longer - least(a->length, b->length);
    size_t *row = dm_allocate(b->length + 1, sizeof *row);
    size_t most = apart + NARROWEST, distance;
    while ((distance = distance_within(a, b, most, row)) > most && most < longer) most *= 2;
    dm_free(row);
    return distance;
}

// ---- Measures -------------------------------------------------------------------------------------------------------

static void count_edits(const Symbols *hypothesis, const Symbols *references, int count, double *statistics)
{
    size_t fewest = SIZE_MAX, length = 0;
    for (int r = 0; r < count; r++) {
        const size_t edits = edit_distance(hypothesis, &references[r]);
        if (edits < fewest || (edits == fewest && references[r].length > length)) {
            fewest = edits;
            length = references[r].length;
        }
    }
    statistics[EDITS] = (double)fewest;
    statistics[REFERENCE_LENGTH] = (double)length;
}

static double rate(const Measure *measure, const double *sums)
{
    (void)measure;
    if (sums[REFERENCE_LENGTH] > 0) return 100 * sums[EDITS] / sums[REFERENCE_LENGTH];
    return sums[EDITS] > 0 ? 100 : 0;
}

static char *edits_of(const Measure *measure, const double *sums)
{
    (void)measure;
    return dm_format("(edits = %.0f ref_len = %.0f)", sums[EDITS], sums[REFERENCE_LENGTH]);
}

static void count_words(const Measure *measure, const Comparison *comparison, size_t line, double *statistics)
{
    Symbols *words = dm_words(comparison, line, NULL, measure->settings.lower_case);
    count_edits(&words[0], &words[1], comparison->reference_count, statistics);
    dm_words_free(words, comparison);
}

Measure dm_wer_measure(MeasureSettings settings)
{
    return (Measure){.name = "WER",
                     .fields = {{"case", settings.lower_case ? "lc" : "mixed"}, {"tok", "none"}},
                     .width = RATE_WIDTH,
                     .count = count_words,
                     .score = rate,
                     .verbose = edits_of,
                     .settings = settings};
}

static Symbols characters(const char *line, bool lower_case)
{
    char *lower = lower_case ? dm_lower_case(line) : NULL;
    const char *at = dm_skip_white_space(lower ? lower : line);
    Symbols symbols = {.symbol = dm_allocate(strlen(at) + 1, sizeof(uint32_t))};
    while (*at) {
        const uint32_t c = dm_utf8_next(&at);
        const bool space = dm_white_space(c);
        if (space) at = dm_skip_white_space(at);
        if (space && !*at) break;
        symbols.symbol[symbols.length++] = space ? ' ' : c;
    }
    dm_free(lower);
    return symbols;
}

static void count_characters(const Measure *measure, const Comparison *comparison, size_t line, double *statistics)
{
    const int count = comparison->reference_count;
    Symbols hypothesis = characters(comparison->hypotheses[line], measure->settings.lower_case),
            *references = dm_allocate((size_t)count, sizeof *references);
    for (int r = 0; r < count; r++)
        references[r] = characters(comparison->references[r][line], measure->settings.lower_case);
    count_edits(&hypothesis, references, count, statistics);
    for (int r = 0; r < count; r++) dm_symbols_free(&references[r]);
    dm_free(references);
    dm_symbols_free(&hypothesis);
}

Measure dm_cer_measure(MeasureSettings settings)
{
    return (Measure){.name = "CER",
                     .fields = {{"case", settings.lower_case ? "lc" : "mixed"}, {"space", "yes"}},
                     .width = RATE_WIDTH,
                     .count = count_characters,
                     .score = rate,
                     .verbose = edits_of,
                     .settings = settings};
}

static bool equal(const Symbols *a, const Symbols *b)
{
    return a->length == b->length && memcmp(a->symbol, b->symbol, a->length * sizeof *a->symbol) == 0;
}

static void count_right(const Measure *measure, const Comparison *comparison, size_t line, double *statistics)
{
    Symbols *words = dm_words(comparison, line, NULL, measure->settings.lower_case);
    statistics[RIGHT] = 0;
    for (int r = 1; r <= comparison->reference_count; r++)
        if (equal(&words[0], &words[r])) statistics[RIGHT] = 1;
    statistics[LINES] = 1;
    dm_words_free(words, comparison);
}

static double share(const Measure *measure, const double *sums)
{
    (void)measure;
    return sums[LINES] > 0 ? 100 * sums[RIGHT] / sums[LINES] : 0;
}

static char *lines_of(const Measure *measure, const double *sums)
{
    (void)measure;
    return dm_format("(right = %.0f lines = %.0f)", sums[RIGHT], sums[LINES]);
}

Measure dm_exact_measure(MeasureSettings settings)
{
    return (Measure){.name = "Exact",
                     .fields = {{"case", settings.lower_case ? "lc" : "mixed"}},
                     .width = EXACT_WIDTH,
                     .count = count_right,
                     .score = share,
                     .verbose = lines_of,
                     .settings = settings};
}
