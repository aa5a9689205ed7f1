// The words of one line as numbers, those of its hypothesis and of its references: equal words have equal numbers.
#pragma once
#include "score/ngrams.h"
#include "score/score.h"

// [1 + references]: the hypothesis, then its references; not sorted yet. `tokenize` puts white space between words
// (NULL: what the line has already), lower_case goes before it. The caller frees it with dm_words_free.
Symbols *dm_words(const Comparison *comparison, size_t line, Tokenize *tokenize, bool lower_case);
void dm_words_free(Symbols *words, const Comparison *comparison);

// The words of one text: copies, in one piece of memory. The caller frees it with dm_cut_free.
typedef struct Cut {
    char *text;
    const char **word;  // [count] into text
    size_t count;
} Cut;
Cut dm_cut_words(const char *line);
void dm_cut_free(Cut *cut);
