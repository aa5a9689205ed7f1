// Scores of translations against references: BLEU (Papineni et al. 2002) and chrF (Popović 2015, 2017), digit for digit
// as sacreBLEU 2.6 computes them. Text is valid UTF-8.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "dragoman/dragoman.h"
#include "score/tokenize.h"

// What is compared: references[r][i] is the r-th reference of hypotheses[i].
typedef struct Comparison {
    const char *const *hypotheses;
    const char *const *const *references;
    size_t count;
    int reference_count;
} Comparison;

// A signature names everything that a score depends on: "nrefs:1|case:mixed|...|version:dragoman-" and the version.
typedef struct Field {
    const char *key, *value;
} Field;

// A measure counts a few numbers in each line, its statistics, and makes a score of their sums. The score of other
// lines, or of the same lines drawn again, is then a sum away.
enum { DM_MOST_STATISTICS = 24, DM_MOST_FIELDS = 6 };
typedef struct Measure Measure;
struct Measure {
    const char *name;              // "BLEU"
    Field fields[DM_MOST_FIELDS];  // its own part of the signature; ends with a key of NULL
    int width;                     // numbers of a line
    void (*count)(const Measure *measure, const Comparison *comparison, size_t line, double *statistics);
    double (*score)(const Measure *measure, const double *sums);  // in percent
    char *(*verbose)(const double *sums);  // what is printed behind the score, for the caller to free; NULL: nothing
    bool lower_case;
    const Tokenizer *tokenizer;  // of BLEU
    int word_order;              // of chrF
};

Measure dm_bleu_measure(const Tokenizer *tokenizer, bool lower_case);
Measure dm_chrf_measure(bool lower_case, int word_order);  // word_order: 0, or 1 or 2 for chrF+ and chrF++
Measure dm_ter_measure(void);

// The statistics of all lines, [comparison->count][width]; the caller frees them.
double *dm_statistics(const Measure *measure, const Comparison *comparison);
// Their sums, [width]. In the order of the lines, so that they are sacreBLEU's to the last bit.
void dm_add_up(const Measure *measure, const double *statistics, size_t count, double *sums);

// Signature, line and json of a result, from its name, score and verbose and the fields of the signature.
void dm_describe(dm_metric *metric, const Field *fields, int count);

// For validation: one reference, mixed case, full precision. tok: a tokenizer's name, or NULL for the one that fits the
// references.
double dm_bleu(const char *const *hypotheses, const char *const *references, size_t count, const char *tok);
double dm_chrf(const char *const *hypotheses, const char *const *references, size_t count);
