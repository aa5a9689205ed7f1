// BLEU of a corpus (Papineni et al. 2002) with exponential smoothing (NIST's mteval-v13a; method 3 of Chen and Cherry
// 2014), over n-grams of n = 1 ... 4 words:
//   p_n  = 100 * matches_n / total_n, or 100 / (2^k * total_n) for the k-th order without a match
//   BP   = min(1, exp(1 - r/h)), h words in all hypotheses, r in the references closest in length
//   BLEU = BP * exp(mean of log p_n); 0 where nothing matches at all
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/utf8.h"
#include "score/ngrams.h"
#include "score/score.h"
#include "score/unicode.h"

typedef struct Word {
    const char *text;
    size_t length;
    int stream;    // whose word it is: 0 the hypothesis, then the references
    size_t place;  // in its stream
} Word;

// One segment: all that is kept while its hypothesis and references are compared.
typedef struct Segment {
    char **text;       // [streams] tokenized
    Symbols *symbols;  // [streams]
    Word *words;       // of all streams
    size_t word_count, word_room;
    int streams;
} Segment;

typedef struct Counts {
    size_t matches[DM_BLEU_ORDER], totals[DM_BLEU_ORDER];
    size_t length, reference_length;
} Counts;

static void add_words(Segment *segment, int stream)
{
    const char *at = dm_skip_white_space(segment->text[stream]);
    size_t place = 0;
    while (*at) {
        const char *start = at, *end = at;
        while (*at && !dm_white_space(dm_utf8_next(&at))) end = at;
        if (segment->word_count == segment->word_room) {
            segment->word_room = 2 * segment->word_room + 64;
            segment->words = dm_reallocate(segment->words, segment->word_room, sizeof *segment->words);
        }
        segment->words[segment->word_count++] = (Word){start, (size_t)(end - start), stream, place++};
        at = dm_skip_white_space(at);
    }
    segment->symbols[stream].length = place;
}

static int compare_words(const void *first, const void *second)
{
    const Word *a = first, *b = second;
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    return memcmp(a->text, b->text, a->length);
}

// Numbers the different words of the segment, so that equal words are equal symbols.
static void number_words(Segment *segment)
{
    for (int s = 0; s < segment->streams; s++)
        segment->symbols[s].symbol = dm_allocate(segment->symbols[s].length + 1, sizeof(uint32_t));
    if (segment->word_count) qsort(segment->words, segment->word_count, sizeof *segment->words, compare_words);
    uint32_t number = 0;
    for (size_t i = 0; i < segment->word_count; i++) {
        const Word *word = &segment->words[i];
        if (i == 0 || compare_words(word - 1, word) != 0) number++;
        segment->symbols[word->stream].symbol[word->place] = number;
    }
}

static char *tokenize(const Comparison *comparison, const Tokenizer *tokenizer, const char *line)
{
    if (!comparison->lower_case) return tokenizer->tokenize(line);
    char *lower = dm_lower_case(line), *text = tokenizer->tokenize(lower);
    free(lower);
    return text;
}

// The length of the reference that is closest to the hypothesis's; of two as close, the shorter.
static size_t closest_length(const Segment *segment)
{
    size_t length = segment->symbols[0].length, closest = 0, least = SIZE_MAX;
    for (int s = 1; s < segment->streams; s++) {
        size_t candidate = segment->symbols[s].length;
        size_t difference = candidate > length ? candidate - length : length - candidate;
        if (difference < least || (difference == least && candidate < closest)) {
            least = difference;
            closest = candidate;
        }
    }
    return closest;
}

static void count_segment(const Comparison *comparison, const Tokenizer *tokenizer, size_t line, Counts *counts)
{
    Segment segment = {.streams = comparison->reference_count + 1};
    segment.text = dm_allocate((size_t)segment.streams, sizeof *segment.text);
    segment.symbols = dm_allocate((size_t)segment.streams, sizeof *segment.symbols);
    for (int s = 0; s < segment.streams; s++) {
        const char *text = s == 0 ? comparison->hypotheses[line] : comparison->references[s - 1][line];
        segment.text[s] = tokenize(comparison, tokenizer, text);
        add_words(&segment, s);
    }
    number_words(&segment);
    for (int s = 0; s < segment.streams; s++) dm_symbols_sort(&segment.symbols[s]);

    for (int n = 1; n <= DM_BLEU_ORDER; n++) {
        counts->totals[n - 1] += dm_ngram_total(&segment.symbols[0], n);
        counts->matches[n - 1] +=
            dm_ngram_matches(&segment.symbols[0], segment.symbols + 1, comparison->reference_count, n);
    }
    counts->length += segment.symbols[0].length;
    counts->reference_length += closest_length(&segment);

    for (int s = 0; s < segment.streams; s++) {
        free(segment.text[s]);
        dm_symbols_free(&segment.symbols[s]);
    }
    free(segment.text);
    free(segment.symbols);
    free(segment.words);
}

static double brevity_penalty(double length, double reference_length)
{
    if (length >= reference_length) return 1;
    return length > 0 ? exp(1 - reference_length / length) : 0;
}

static Bleu bleu_of(const Counts *counts)
{
    Bleu bleu = {.length = counts->length, .reference_length = counts->reference_length};
    bleu.brevity_penalty = brevity_penalty((double)counts->length, (double)counts->reference_length);
    if (counts->matches[0] == 0) return bleu;  // no longer n-gram can match then

    double smooth = 1, sum = 0;
    for (int n = 0; n < DM_BLEU_ORDER; n++) {
        double matches = (double)counts->matches[n], total = (double)counts->totals[n];
        if (total == 0) return bleu;  // no hypothesis has n words: the mean of the logarithms is minus infinity
        if (matches == 0) smooth *= 2;
        bleu.precisions[n] = matches > 0 ? 100 * matches / total : 100 / (smooth * total);
        sum += log(bleu.precisions[n]);
    }
    bleu.score = bleu.brevity_penalty * exp(sum / DM_BLEU_ORDER);
    return bleu;
}

Bleu dm_bleu_compare(const Comparison *comparison, const Tokenizer *tokenizer)
{
    Counts counts = {0};
    for (size_t i = 0; i < comparison->count; i++) count_segment(comparison, tokenizer, i, &counts);
    return bleu_of(&counts);
}

double dm_bleu(const char *const *hypotheses, const char *const *references, size_t count, const char *tok)
{
    const Tokenizer *tokenizer = tok ? dm_tokenizer(tok) : dm_tokenizer_for(references, count);
    assert(tokenizer);
    return dm_bleu_compare(&(Comparison){hypotheses, &references, count, 1, false}, tokenizer).score;
}
