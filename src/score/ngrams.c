// N-grams by sorting: all starting places of a segment, ordered by the symbols that follow, are in the order of their
// n-grams for every n at once. Equal n-grams are neighbours, and two segments are compared in one walk along both.
#include "score/ngrams.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/memory.h"

// The order of two n-grams. Both end before the 0 behind their segment, or there.
static int compare(const uint32_t *a, const uint32_t *b, int order)
{
    for (int i = 0; i < order; i++) {
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
        if (!a[i]) return 0;
    }
    return 0;
}

static int compare_starts(const void *a, const void *b)
{
    return compare(*(const uint32_t *const *)a, *(const uint32_t *const *)b, DM_LONGEST_NGRAM);
}

void dm_symbols_sort(Symbols *symbols)
{
    symbols->sorted = dm_allocate(symbols->length, sizeof *symbols->sorted);
    for (size_t i = 0; i < symbols->length; i++) symbols->sorted[i] = symbols->symbol + i;
    qsort(symbols->sorted, symbols->length, sizeof *symbols->sorted, compare_starts);
}

void dm_symbols_free(Symbols *symbols)
{
    dm_free(symbols->symbol);
    dm_free(symbols->sorted);
    *symbols = (Symbols){0};
}

size_t dm_ngram_total(const Symbols *symbols, int order)
{
    return symbols->length >= (size_t)order ? symbols->length - (size_t)order + 1 : 0;
}

// Whether a whole n-gram starts here, and not only the last symbols of the segment.
static bool whole(const Symbols *symbols, size_t i, int order)
{
    return symbols->sorted[i] + order <= symbols->symbol + symbols->length;
}

// Counts the n-grams that equal `ngram`, from place *at on; smaller ones are passed over, and so are the last symbols
// of the segment where no whole n-gram starts. *at ends behind them.
static size_t count_equal(const Symbols *symbols, size_t *at, const uint32_t *ngram, int order)
{
    size_t count = 0;
    for (; *at < symbols->length; ++*at) {
        int difference = compare(symbols->sorted[*at], ngram, order);
        if (difference > 0) break;
        if (difference == 0) count++;
    }
    return count;
}

size_t dm_ngram_matches(const Symbols *hypothesis, const Symbols *references, int reference_count, int order)
{
    assert(order >= 1 && order <= DM_LONGEST_NGRAM);
    size_t matches = 0, here = 0;
    size_t *there = dm_allocate((size_t)reference_count, sizeof *there);
    while (here < hypothesis->length) {
        if (!whole(hypothesis, here, order)) {
            here++;
            continue;
        }
        const uint32_t *ngram = hypothesis->sorted[here];
        size_t count = count_equal(hypothesis, &here, ngram, order), most = 0;
        for (int r = 0; r < reference_count; r++) {
            size_t found = count_equal(&references[r], &there[r], ngram, order);
            if (found > most) most = found;
        }
        matches += count < most ? count : most;
    }
    dm_free(there);
    return matches;
}
