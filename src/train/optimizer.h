// Optimizers: one pass over the parameter buffer. Lanes are summed by their numbers, so the bytes do not depend on
// threads.
#pragma once
#include "tensor/parameters.h"
#include "tensor/products/precision.h"
#include "tensor/profile.h"
#include "train/lanes.h"
#include "train/slices.h"

typedef struct Optimizer {
    // set by the caller before dm_optimizer_create
    bool adam;  // else plain stochastic gradient descent
    double beta1, beta2, epsilon;
    double decay;      // of the weights, times the rate, in every step (Loshchilov and Hutter 2019); 0: they do not
    double smoothing;  // least share of the new weights in their moving average; 0: there is none
    bool rounds;       // keep `rounded`
    int lane_count;
    int threads;
    Exchange *exchange;  // with the ranks that have the other lanes; NULL: alone
    Profile *profile;  // of the thread that calls; NULL: nobody asks
    // made by dm_optimizer_create
    size_t size;            // trained parameters
    float *first, *second;  // moments of Adam, of this rank's slice (NULL with sgd)
    float *average;         // [parameters.size] moving average of the weights, which begins as the weights; or NULL
    Bf16 *rounded;          // [parameters.size] the weights in bf16, for products in it; or NULL
    Lanes lanes;            // of gradients and statistics; zeroed by dm_optimizer_step
    Slices slices;          // of the trained parameters
    double *squares;        // [blocks] sums of squares, added up in order
    struct Piece *pieces;   // the parts of parameters that lie in one block each, in their order ...
    double *piece_squares;  // ... the sum of squares of each ...
    int *first_piece;       // ... and [ranks + 1] where those of a slice begin
} Optimizer;

void dm_optimizer_create(Optimizer *optimizer, const Parameters *parameters);
void dm_optimizer_free(Optimizer *optimizer);
void dm_optimizer_round(const Optimizer *optimizer, const Parameters *parameters);  // weights that others have set

typedef struct StepResult {
    double gradient_norm;  // before clipping, of the mean over tokens; NaN or infinite: no parameter was changed
} StepResult;

// Sums the lanes, divides by `count` (target tokens), clips to clip_norm (0: off), updates (Kingma and Ba 2015,
// algorithm 1, bias correction by `update`, counted from 1). Frozen rows stay as they are. Statistics follow what was
// seen, and the moving average takes theirs along, for it has to fit the weights that it is of.
typedef struct Step {
    double rate, clip_norm;
    long count, update;
    double *squares;  // [parameters->count] where to leave the squared norm of the gradient of each, before clipping, of
                      // the mean over tokens; NULL: nobody wants to know
} Step;
StepResult dm_optimizer_step(Optimizer *optimizer, Parameters *parameters, const Step *step);

// After a step: a parameter that is not trained has changed, and the moving average follows it as it does the others.
void dm_optimizer_follow(const Optimizer *optimizer, const Parameters *parameters, const Parameter *changed, long update);

// After a step whose norm was not finite: the first parameter with such a gradient, or NULL (the sum overflowed).
const Parameter *dm_optimizer_culprit(const Optimizer *optimizer, const Parameters *parameters);

typedef struct Schedule {
    const char *kind;  // "constant", "inv-sqrt", "linear", "cosine"
    double peak;
    long warmup;  // updates of linear rise from 0 to peak
    long end;     // updates at which linear and cosine reach 0
} Schedule;
bool dm_schedule_ends(const char *kind);  // whether the rate falls to 0 at an end that has to be known
double dm_learn_rate(const Schedule *schedule, long update);  // update counted from 1
