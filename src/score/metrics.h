// The metrics of a validation: a row each of dm_metrics.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/choice.h"

// What there is to measure: the negative log-likelihood of the text, and translations of its source.
typedef struct Measured {
    double nll;                                         // in nats, summed ...
    long pieces;                                        // ... over so many
    const char *const *hypotheses, *const *references;  // [lines]; only where translations are asked for
    size_t lines;
    const char *tok;  // of BLEU; NULL: the tokenizer that fits the references
} Measured;

typedef struct Metric {
    const char *name;
    bool falls;            // less is better
    bool of_translations;  // it needs hypotheses ...
    bool tokenizes;        // ... and cuts them into words: `tok` says how
    double (*measure)(const Measured *measured);
} Metric;

enum { DM_MOST_METRICS = 8 };  // of a validation

extern const Metric dm_metrics[];              // ends with a name of NULL
const Metric *dm_metric_of(const char *name);  // NULL: no such metric
Choice dm_metric_choice(int index);
