// Scores of translations against references: BLEU (Papineni et al. 2002), chrF (Popović 2015, 2017) and TER (Snover et
// al. 2006), digit for digit as sacreBLEU 2.6 computes them, and error rates. Text is valid UTF-8.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
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

// What can be set of measures; each takes what concerns it.
typedef struct MeasureSettings {
    const Tokenizer *tokenizer;  // of BLEU
    bool lower_case;             // before text is compared; TER always does
    int word_order;              // of chrF: 0, or 1 or 2 for chrF+ and chrF++
} MeasureSettings;

// A measure counts a few numbers in each line, its statistics, and makes a score of their sums. The score of other
// lines, or of the same lines drawn again, is then a sum away.
enum { DM_MOST_FIELDS = 6 };
typedef struct Measure Measure;
struct Measure {
    const char *name;              // "BLEU"
    Field fields[DM_MOST_FIELDS];  // its own part of the signature; ends with a key of NULL
    int width;                     // numbers of a line
    // Whether a line, of either side, is what it compares, which is then not text. NULL: it compares text. Such a measure
    // has one reference, and no other beside it.
    Status (*check)(const Measure *measure, const char *line, Error *error);
    // Before lines are counted, of each text that is compared: what has to be known of all of it, which may decide width
    // and fields. NULL: nothing has. What it keeps is `own`, which `forget` frees.
    void (*look)(Measure *measure, const Comparison *comparison);
    void (*forget)(Measure *measure);
    void *own;
    void (*count)(const Measure *measure, const Comparison *comparison, size_t line, double *statistics);
    double (*score)(const Measure *measure, const double *sums);  // in percent
    // What is printed behind the score, for the caller to free; NULL: nothing.
    char *(*verbose)(const Measure *measure, const double *sums);
    MeasureSettings settings;
};

Measure dm_bleu_measure(MeasureSettings settings);
Measure dm_chrf_measure(MeasureSettings settings);
Measure dm_ter_measure(MeasureSettings settings);
Measure dm_exact_measure(MeasureSettings settings);
Measure dm_wer_measure(MeasureSettings settings);
Measure dm_cer_measure(MeasureSettings settings);
Measure dm_accuracy_measure(MeasureSettings settings);
Measure dm_f1_measure(MeasureSettings settings);
Measure dm_aer_measure(MeasureSettings settings);

// The measures that score --metrics knows.
typedef struct MeasureRow {
    const char *name, *about;
    Measure (*measure)(MeasureSettings settings);
} MeasureRow;

extern const MeasureRow dm_measures[];         // ends with a name of NULL
const MeasureRow *dm_measure_of(const char *name);  // NULL: no such measure
Choice dm_measure_choice(int index);

void dm_measure_look(Measure *measure, const Comparison *comparison);  // at each text that is compared, first of all
void dm_measure_forget(Measure *measure);
// The statistics of all lines, [comparison->count][width]; the caller frees them.
double *dm_statistics(const Measure *measure, const Comparison *comparison);
// Their sums, [width]. In the order of the lines, so that they are sacreBLEU's to the last bit.
void dm_add_up(const Measure *measure, const double *statistics, size_t count, double *sums);

// Signature, line and json of a result, from its name, score and verbose and the fields of the signature.
void dm_describe(dm_metric *metric, const Field *fields, int count);

// BLEU of one line, from 0 to 1, of its statistics by dm_bleu_measure: 1 is added to the matches and the totals of 2 to 4
// words (Lin and Och 2004, "ORANGE: a method for evaluating automatic evaluation metrics").
double dm_sentence_bleu(const double *statistics);

// The score of a text that has one reference, in full precision.
double dm_score_of(Measure measure, const char *const *hypotheses, const char *const *references, size_t count);
