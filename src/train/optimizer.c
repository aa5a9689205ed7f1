// Optimizers: lanes to one gradient, its norm, and Adam or plain descent, in two passes over fixed blocks. Threads take
// blocks; what is summed over blocks is summed in their order.
#include "train/optimizer.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/threads.h"
#include "core/kernels.h"
#include "core/memory.h"
#include "tensor/running_statistics.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-math-errno")  // a root that may set errno is not vectorised
#endif

enum { BLOCK = 8192 };  // floats: a block of every buffer together stays in the cache of one core

static size_t block_count(const Optimizer *o)
{
    return (o->size + BLOCK - 1) / BLOCK;
}

void dm_optimizer_create(Optimizer *o, const Parameters *parameters)
{
    o->size = parameters->trained_size;
    if (o->adam) {
        o->first = dm_allocate(o->size, sizeof(float));
        o->second = dm_allocate(o->size, sizeof(float));
    }
    if (o->smoothing > 0) {
        o->average = dm_allocate(parameters->size, sizeof(float));
        memcpy(o->average, parameters->data, parameters->size * sizeof(float));
    }
    if (o->rounds) o->rounded = dm_allocate(parameters->size, sizeof(Bf16));
    dm_optimizer_round(o, parameters);
    dm_lanes_create(&o->lanes, o->lane_count, dm_lane_size(parameters));
    o->squares = dm_allocate(block_count(o), sizeof(double));
}

void dm_optimizer_round(const Optimizer *o, const Parameters *parameters)
{
    if (o->rounded) dm_round_bf16(parameters->data, o->rounded, parameters->size);
}

void dm_optimizer_free(Optimizer *o)
{
    dm_lanes_free(&o->lanes);
    dm_free(o->first);
    dm_free(o->second);
    dm_free(o->average);
    dm_free(o->rounded);
    dm_free(o->squares);
    *o = (Optimizer){0};
}

static DM_CLONES double sum_of_squares(const float *x, size_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

typedef struct Pass {
    Optimizer *optimizer;
    float *parameters;
    float scale;                                // gradient = scale * sum over tokens: mean and clipping in one
    float rate;                                 // learn rate / (1 - beta1^t)
    float root;                                 // 1 / sqrt(1 - beta2^t)
    float beta1, rest1, beta2, rest2, epsilon;  // rest = 1 - beta
    float keep;                                 // of the weights: 1 - learn rate * decay
    float share;                                // of the new weights in the moving average
} Pass;

static void sum_lanes(void *context, int index, int thread)
{
    (void)thread;
    const Pass *pass = context;
    Optimizer *o = pass->optimizer;
    size_t from = (size_t)index * BLOCK, n = o->size - from < BLOCK ? o->size - from : BLOCK;
    dm_lanes_sum(&o->lanes, from, n);
    o->squares[index] = sum_of_squares(o->lanes.lane[0] + from, n);
}

// Kingma and Ba 2015, algorithm 1, in the order in which PyTorch computes it:
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p = p - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
// and with weight decay apart from the gradient, p = (1 - rate decay) p - ... (Loshchilov and Hutter 2019, "Decoupled
// weight decay regularization", algorithm 2).
static DM_CLONES void adam(float *restrict p, float *restrict sum, float *restrict first, float *restrict second,
                           size_t n, const Pass *pass)
{
    const Pass k = *pass;
    for (size_t i = 0; i < n; i++) {
        float g = k.scale * sum[i];
        float m = k.beta1 * first[i] + k.rest1 * g;
        float v = k.beta2 * second[i] + k.rest2 * g * g;
        p[i] = k.keep * p[i] - k.rate * m / (sqrtf(v) * k.root + k.epsilon);
        first[i] = m;
        second[i] = v;
        sum[i] = 0;
    }
}

static DM_CLONES void descend(float *restrict p, float *restrict sum, size_t n, float rate, float keep)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = keep * p[i] - rate * sum[i];
        sum[i] = 0;
    }
}

// Exponential smoothing: average += share (p - average). As in Marian, share = max(F, 1 - (t + 1) / (t + 10)) with F of
// --exponential-smoothing and t of the update: the average of a young run forgets the weights it began with.
static DM_CLONES void follow(float *restrict average, const float *restrict p, size_t n, float share)
{
    for (size_t i = 0; i < n; i++) average[i] += share * (p[i] - average[i]);
}

static double share_of_new(double smoothing, long update)
{
    double t = (double)update, young = 1 - (t + 1) / (t + 10);
    return young > smoothing ? young : smoothing;
}

void dm_optimizer_follow(const Optimizer *o, const Parameters *parameters, const Parameter *changed, long update)
{
    if (o->average)
        follow(o->average + changed->offset, parameters->data + changed->offset, dm_parameter_size(changed),
               (float)share_of_new(o->smoothing, update));
}

static void change_parameters(void *context, int index, int thread)
{
    (void)thread;
    const Pass *pass = context;
    Optimizer *o = pass->optimizer;
    size_t from = (size_t)index * BLOCK, n = o->size - from < BLOCK ? o->size - from : BLOCK;
    if (o->adam)
        adam(pass->parameters + from, o->lanes.lane[0] + from, o->first + from, o->second + from, n, pass);
    else
        descend(pass->parameters + from, o->lanes.lane[0] + from, n, pass->rate * pass->scale, pass->keep);
    if (o->rounded) dm_round_bf16(pass->parameters + from, o->rounded + from, n);
    if (o->average) follow(o->average + from, pass->parameters + from, n, pass->share);
}

static void clear_frozen_rows(const Optimizer *o, const Parameters *parameters)
{
    for (int i = 0; i < parameters->count; i++) {
        const Parameter *p = &parameters->list[i];
        if (p->kind != DM_TRAINED || p->frozen_row < 0) continue;
        size_t width = (size_t)p->tensor.cols, row = p->offset + (size_t)p->frozen_row * width;
        for (int lane = 0; lane < o->lanes.count; lane++) memset(o->lanes.lane[lane] + row, 0, width * sizeof(float));
    }
}

static void follow_statistics(const Optimizer *o, const Parameters *parameters, float share)
{
    if (!parameters->statistic_size) return;
    dm_lanes_sum(&o->lanes, o->size, o->lanes.size - o->size);
    dm_statistics_follow(parameters, o->lanes.lane[0]);
    if (o->average) follow(o->average + o->size, parameters->data + o->size, parameters->statistic_size, share);
}

typedef struct Squares {
    const Optimizer *optimizer;
    const Parameters *parameters;
    const Step *step;
} Squares;

static void square_parameter(void *context, int index, int thread)
{
    (void)thread;
    const Squares *of = context;
    const Parameter *p = &of->parameters->list[index];
    const double count = (double)of->step->count;
    of->step->squares[index] = 0;
    if (p->kind == DM_TRAINED)
        of->step->squares[index] =
            sum_of_squares(of->optimizer->lanes.lane[0] + p->offset, dm_parameter_size(p)) / (count * count);
}

StepResult dm_optimizer_step(Optimizer *o, Parameters *parameters, const Step *step)
{
    int blocks = (int)block_count(o);
    Pass pass = {.optimizer = o, .parameters = parameters->data};
    dm_profile_turn(o->profile, DM_SPENT_LANE_SUMS);
    clear_frozen_rows(o, parameters);
    dm_parallel(o->threads, blocks, sum_lanes, &pass);
    double squares = 0;
    for (int i = 0; i < blocks; i++) squares += o->squares[i];
    StepResult result = {sqrt(squares) / (double)step->count};
    dm_profile_turn(o->profile, DM_SPENT_STEP);
    if (!isfinite(result.gradient_norm)) return result;
    if (step->squares) dm_parallel(o->threads, parameters->count, square_parameter, &(Squares){o, parameters, step});

    double scale = 1 / (double)step->count, rate = step->rate;
    if (step->clip_norm > 0 && result.gradient_norm > step->clip_norm) scale *= step->clip_norm / result.gradient_norm;
    if (o->adam) {
        rate /= 1 - pow(o->beta1, (double)step->update);
        pass.root = (float)(1 / sqrt(1 - pow(o->beta2, (double)step->update)));
    }
    pass.keep = (float)(1 - step->rate * o->decay);
    pass.scale = (float)scale;
    pass.rate = (float)rate;
    pass.beta1 = (float)o->beta1, pass.rest1 = (float)(1 - o->beta1);
    pass.beta2 = (float)o->beta2, pass.rest2 = (float)(1 - o->beta2);
    pass.epsilon = (float)o->epsilon;
    pass.share = (float)share_of_new(o->smoothing, step->update);
    dm_parallel(o->threads, blocks, change_parameters, &pass);
    follow_statistics(o, parameters, pass.share);
    return result;
}

const Parameter *dm_optimizer_culprit(const Optimizer *o, const Parameters *parameters)
{
    for (int i = 0; i < parameters->count; i++) {
        const Parameter *p = &parameters->list[i];
        if (p->kind == DM_TRAINED && !dm_parameter_is_finite(p, o->lanes.lane[0])) return p;
    }
    return NULL;
}
