// Scores of translations against references: BLEU (Papineni et al. 2002) and chrF (Popović 2015), digit for digit as
// sacreBLEU 2.6 computes them. Text is valid UTF-8.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "score/tokenize.h"

// What is compared: references[r][i] is the r-th reference of hypotheses[i].
typedef struct Comparison {
    const char *const *hypotheses;
    const char *const *const *references;
    size_t count;
    int reference_count;
    bool lower_case;
} Comparison;

enum { DM_BLEU_ORDER = 4 };

typedef struct Bleu {
    double score;                      // 0 ... 100
    double precisions[DM_BLEU_ORDER];  // 0 ... 100
    double brevity_penalty;
    size_t length, reference_length;  // in tokens
} Bleu;

Bleu dm_bleu_compare(const Comparison *comparison, const Tokenizer *tokenizer);
double dm_chrf_compare(const Comparison *comparison);

// For validation: one reference, mixed case, full precision. tok: a tokenizer's name, or NULL for the one that fits the
// references.
double dm_bleu(const char *const *hypotheses, const char *const *references, size_t count, const char *tok);
double dm_chrf(const char *const *hypotheses, const char *const *references, size_t count);
