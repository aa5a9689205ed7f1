// Validation: cost on held-out text, and BLEU and chrF of its greedy translation.
#pragma once
#include "options/options.h"
#include "data/corpus.h"
#include "score/metrics.h"
#include "translate/translator.h"
#include "train/update.h"

enum { SAMPLES = 3 };

typedef struct Validator Validator;

// The best value of a metric so far; of the first one, `stalled` is what early stopping counts.
typedef struct Best {
    double value;
    long update;   // 0: there is none yet
    long stalled;  // validations since then
} Best;

typedef struct Validation {
    int metrics;
    const Metric *metric[DM_MOST_METRICS];  // as in --valid-metrics
    double value[DM_MOST_METRICS];
    int samples;
    const char *source[SAMPLES], *reference[SAMPLES];
    char *hypothesis[SAMPLES];  // dm_validation_free
} Validation;

typedef struct ValidatorSetup {
    const dm_options *options;
    Bitext *text;  // stays the caller's; the validator changes what suits it
    const Segmenter *segmenter;
    const Model *model;
    const GemmBackend *gemm;
    bool pieces;  // segmenter "space"
    int threads, shard_words;
    Stop *stop;
} ValidatorSetup;

// *validator stays NULL where the text has no lines.
Status dm_validator_open(Validator **validator, const ValidatorSetup *setup, Error *error);
void dm_validator_close(Validator *validator);
const Corpus *dm_validator_corpus(const Validator *validator);
// The tokenizer by which it measures BLEU; NULL where it does not.
const char *dm_validator_tok(const Validator *validator);

// The model as it is now. workers: what evaluates the shards, and whether to stop: false then, and *out is empty.
bool dm_validate(const Validator *validator, Workers *workers, Validation *out);
void dm_validation_free(Validation *validation);

// Takes a validation into account, metric by metric: true if it is a new best by the first. What says nothing of the
// model, a perplexity that is infinite or no number, or a score of 0, is never the best; and nothing stalls before
// there is one, so that patience is not spent on a model that cannot translate yet.
bool dm_best_update(Best best[DM_MOST_METRICS], const Validation *validation, long update);
