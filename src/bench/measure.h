// How training and translating are measured: a round to warm up, then rounds that each are followed by one of the
// matrix products alone, so that both meet the machine in the same state and their ratio does not depend on what else
// it does.
#pragma once
#include "bench/bench.h"
#include "bench/products.h"

// What was done in some time.
typedef struct Tally {
    double seconds;
    double source, target;  // pieces read, and written or learnt from; end of sentence counted
    long times;
} Tally;

typedef struct Measurement {
    int threads;
    const Products *products;                                   // what it multiplies ...
    bool packed;                                                // ... with packed weights, where there are such
    Status (*once)(void *context, Tally *tally, Error *error);  // an update, a pass: adds its pieces to the tally
    void (*warm)(void *context);                                // the warm-up is over; or NULL
    void *context;
} Measurement;

// One round: as often as fits its seconds.
Status dm_measure_round(const Bench *bench, const Measurement *measurement, Tally *tally, Error *error);
// Adds the figures of the rounds to bench->result. *whole: the rounds together.
Status dm_measure(const Bench *bench, const Measurement *measurement, Tally *whole, Error *error);
