// N-grams of one segment: how many there are of each order, and how many of them occur in the references too.
// A symbol is a word (BLEU) or a character (chrF), as a number above 0.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { DM_LONGEST_NGRAM = 6 };

typedef struct Symbols {
    uint32_t *symbol;  // [length + 1], the last one 0
    size_t length;
    const uint32_t **sorted;  // [length] where an n-gram starts, in the order of the n-grams
} Symbols;

void dm_symbols_sort(Symbols *symbols);  // fills `sorted` once `symbol` and `length` are there
void dm_symbols_free(Symbols *symbols);

size_t dm_ngram_total(const Symbols *symbols, int order);
// Sum over the different n-grams of min(count in hypothesis, largest count in any one reference).
size_t dm_ngram_matches(const Symbols *hypothesis, const Symbols *references, int reference_count, int order);
