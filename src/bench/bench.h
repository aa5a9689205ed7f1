// What the rooms of this folder share: what is measured and on which shape, and how rounds become figures. This floor
// lies above training and decoding: it runs both as they are, and neither knows of it.
#pragma once
#include "core/cjson.h"

#include "options/options.h"
#include "data/corpus.h"
#include "model/model.h"
#include "ranks/exchange.h"

typedef struct Bench {
    const dm_options *options;
    const dm_observer *observer;
    const char *what;  // "train", "translate", "gemm", "layer"
    int rounds, threads;
    double seconds;  // of a round
    uint64_t seed;
    // of --shape or --model
    const char *shape;
    ModelConfig config;  // owns nothing
    int update_words;
    float dropout;
    Exchange *exchange;  // with the ranks that work on the same updates; NULL: alone
    const GemmBackend *gemm;
    Precision precision;  // of the products
    cJSON *result;
} Bench;

// ---- What is measured: each adds its figures to bench->result -----------------------------------------------------

Status dm_bench_train(Bench *bench, Error *error);
Status dm_bench_translate(Bench *bench, Error *error);
Status dm_bench_gemm(Bench *bench, Error *error);
Status dm_bench_layer(Bench *bench, Error *error);

// ---- Shapes and text (shapes.c) -------------------------------------------------------------------------------------

// The shape of --shape or --model, and the matrix library that goes with it.
Status dm_bench_shape(Bench *bench, Error *error);
Model *dm_bench_model(const Bench *bench);  // of that shape, with random weights
// Of made-up sentences in pieces, their end counted.
enum { DM_MEAN_LENGTH = 14, DM_LONGEST_SENTENCE = 41 };
int dm_bench_longest(const Bench *bench);  // of these sentences; the one of bench layer
// Made-up pairs of sentences (sentences.c): as many as --sentences or --lengths say, else the usual number.
Status dm_bench_text(Corpus *corpus, const Bench *bench, int usual, Error *error);

// ---- Figures (figures.c) ------------------------------------------------------------------------------------------

// What is to be known of several rounds: {"median": m, "min": a, "max": b}.
cJSON *dm_spread(const double *values, int count);
double dm_quantile(const double *values, int count, double share);  // 0.5: the median
// The processor: {"name": ..., "flags": [those that matter for speed], "count": ...}.
cJSON *dm_describe_processor(void);
double dm_peak_memory(void);  // bytes that the process has had resident at most
// For the observer's progress, after a round (from 1; 0: the one that warms up).
void dm_bench_progress(const Bench *bench, int round, const char *format, ...) __attribute__((format(printf, 3, 4)));
