// Optimizers: lanes to one gradient, its norm, and Adam or plain descent, in two passes over fixed blocks. Threads take
// blocks, ranks slices of them (train/slices.h); what is summed over blocks is summed in their order.
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

// The part of a parameter that lies in a block: its norm is the sum over them, in their order.
typedef struct Piece {
    int parameter;
    size_t from, n;
} Piece;

static int block_count(const Optimizer *o)
{
    return dm_slices_first_block(&o->slices, o->slices.ranks);
}

typedef struct Stretch {
    size_t from, n;
} Stretch;

static Stretch block(const Optimizer *o, int index)
{
    const size_t from = (size_t)index * DM_BLOCK, left = o->size - from;
    return (Stretch){from, left < DM_BLOCK ? left : DM_BLOCK};
}

// The sum of all lanes, of a slice that is this rank's.
static float *sum_at(const Optimizer *o, size_t from)
{
    return o->slices.sum[0] + (from - o->slices.from);
}

static void list_pieces(Optimizer *o, const Parameters *parameters)
{
    int count = 0;
    o->pieces = dm_allocate((size_t)(parameters->count + block_count(o)), sizeof *o->pieces);
    for (int i = 0; i < parameters->count; i++) {
        const Parameter *p = &parameters->list[i];
        size_t from = p->offset, end = from + dm_parameter_size(p);
        while (p->kind == DM_TRAINED && from < end) {
            const size_t next = (from / DM_BLOCK + 1) * DM_BLOCK, n = (next < end ? next : end) - from;
            o->pieces[count++] = (Piece){i, from, n};
            from += n;
        }
    }
    o->piece_squares = dm_allocate((size_t)count, sizeof *o->piece_squares);
    o->first_piece = dm_allocate((size_t)o->slices.ranks + 1, sizeof *o->first_piece);
    for (int i = 1; i <= o->slices.ranks; i++) {
        int *first = &o->first_piece[i];
        for (*first = first[-1]; *first < count && o->pieces[*first].from < o->slices.start[i];) ++*first;
    }
}

void dm_optimizer_create(Optimizer *o, const Parameters *parameters)
{
    const int rank = dm_rank(o->exchange), ranks = dm_ranks(o->exchange);
    o->size = parameters->trained_size;
    dm_lanes_create(&o->lanes, o->lane_count, rank, ranks, dm_lane_size(parameters));
    dm_slices_create(&o->slices, o->exchange, &o->lanes, o->size);
    if (o->adam) {
        o->first = dm_allocate(o->slices.end - o->slices.from, sizeof(float));
        o->second = dm_allocate(o->slices.end - o->slices.from, sizeof(float));
    }
    if (o->smoothing > 0) {
        o->average = dm_allocate(parameters->size, sizeof(float));
        memcpy(o->average, parameters->data, parameters->size * sizeof(float));
    }
    if (o->rounds) o->rounded = dm_allocate(parameters->size, sizeof(Bf16));
    dm_optimizer_round(o, parameters);
    o->squares = dm_allocate((size_t)block_count(o), sizeof(double));
    list_pieces(o, parameters);
}

void dm_optimizer_round(const Optimizer *o, const Parameters *parameters)
{
    if (o->rounded) dm_round_bf16(parameters->data, o->rounded, parameters->size);
}

void dm_optimizer_free(Optimizer *o)
{
    dm_slices_free(&o->slices);
    dm_lanes_free(&o->lanes);
    dm_free(o->pieces);
    dm_free(o->piece_squares);
    dm_free(o->first_piece);
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
    int first_block;
    float scale;                                // gradient = scale * sum over tokens: mean and clipping in one
    float rate;                                 // learn rate / (1 - beta1^t)
    float root;                                 // 1 / sqrt(1 - beta2^t)
    float beta1, rest1, beta2, rest2, epsilon;  // rest = 1 - beta
    float keep;                                 // of the weights: 1 - learn rate * decay
    float share;                                // of the new weights in the moving average
} Pass;

// ---- The sum of the lanes -------------------------------------------------------------------------------------------

static void sum_block(void *context, int index, int thread)
{
    (void)thread;
    const Pass *pass = context;
    Optimizer *o = pass->optimizer;
    const Stretch b = block(o, pass->first_block + index);
    dm_lanes_sum(&o->lanes, b.from, b.n);
    if (!o->exchange) o->squares[pass->first_block + index] = sum_of_squares(sum_at(o, b.from), b.n);
}

static void join_block(void *context, int index, int thread)
{
    (void)thread;
    const Pass *pass = context;
    Optimizer *o = pass->optimizer;
    const Stretch b = block(o, pass->first_block + index);
    float *sum[DM_MOST_LANES];
    for (int i = 0; i < o->lanes.count; i++)
        sum[i] = o->slices.sum[i] ? o->slices.sum[i] + (b.from - o->slices.from) : NULL;
    dm_lanes_join(sum, o->lanes.count, o->slices.ranks, b.n);
    o->squares[pass->first_block + index] = sum_of_squares(sum_at(o, b.from), b.n);
}

static void in_blocks_of(Optimizer *o, Pass *pass, int rank, Job *job)
{
    pass->first_block = dm_slices_first_block(&o->slices, rank);
    dm_parallel(o->threads, dm_slices_first_block(&o->slices, rank + 1) - pass->first_block, job, pass);
}

// The gradient of this rank's slice, and the squares of all blocks. What is sent goes while the next slice is summed.
static void sum_lanes(Optimizer *o, Pass *pass)
{
    const Slices *s = &o->slices;
    if (o->exchange) dm_slices_receive(s, &o->lanes);
    for (int i = 1; i <= s->ranks; i++) {
        const int to = (s->rank + i) % s->ranks;
        in_blocks_of(o, pass, to, sum_block);
        if (to != s->rank) dm_slices_send(s, &o->lanes, to);
    }
    if (!o->exchange) return;
    dm_exchange_wait(o->exchange);
    in_blocks_of(o, pass, s->rank, join_block);
    int *first = dm_allocate((size_t)s->ranks + 1, sizeof *first);
    for (int i = 0; i <= s->ranks; i++) first[i] = dm_slices_first_block(s, i);
    dm_slices_gather_doubles(s, o->squares, first);
    dm_free(first);
}

// ---- The step -------------------------------------------------------------------------------------------------------

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

// What goes by the new weights.
static void follow_block(const Pass *pass, Stretch b)
{
    const Optimizer *o = pass->optimizer;
    if (o->rounded) dm_round_bf16(pass->parameters + b.from, o->rounded + b.from, b.n);
    if (o->average) follow(o->average + b.from, pass->parameters + b.from, b.n, pass->share);
}

static void change_block(void *context, int index, int thread)
{
    (void)thread;
    const Pass *pass = context;
    Optimizer *o = pass->optimizer;
    const Stretch b = block(o, pass->first_block + index);
    const size_t own = b.from - o->slices.from;
    if (o->adam)
        adam(pass->parameters + b.from, sum_at(o, b.from), o->first + own, o->second + own, b.n, pass);
    else
        descend(pass->parameters + b.from, sum_at(o, b.from), b.n, pass->rate * pass->scale, pass->keep);
    follow_block(pass, b);
}

// Another rank has changed it: the sums that this one has sent are done with.
static void take_block(void *context, int index, int thread)
{
    (void)thread;
    const Pass *pass = context;
    const Optimizer *o = pass->optimizer;
    const Stretch b = block(o, pass->first_block + index);
    int roots[DM_MOST_SUBTREES];
    const int subtrees = dm_lanes_subtrees(o->lanes.count, o->slices.rank, o->slices.ranks, roots);
    for (int i = 0; i < subtrees; i++) memset(o->lanes.lane[roots[i]] + b.from, 0, b.n * sizeof(float));
    follow_block(pass, b);
}

static void change_parameters(Optimizer *o, Pass *pass)
{
    in_blocks_of(o, pass, o->slices.rank, change_block);
    dm_slices_gather(&o->slices, pass->parameters);
    for (int i = 0; i < o->slices.ranks; i++)
        if (i != o->slices.rank) in_blocks_of(o, pass, i, take_block);
}

static void clear_frozen_rows(const Optimizer *o, const Parameters *parameters)
{
    for (int i = 0; i < parameters->count; i++) {
        const Parameter *p = &parameters->list[i];
        if (p->kind != DM_TRAINED || p->frozen_row < 0) continue;
        size_t width = (size_t)p->tensor.cols, row = p->offset + (size_t)p->frozen_row * width;
        for (int lane = o->lanes.first; lane < o->lanes.last; lane++)
            memset(o->lanes.lane[lane] + row, 0, width * sizeof(float));
    }
}

// Statistics are few: every rank gets what the lanes of all have seen, and adds it.
static void follow_all_seen(const Optimizer *o, const Parameters *parameters)
{
    const size_t n = o->lanes.size - o->size, lanes = (size_t)o->lanes.count;
    const int ranks = o->slices.ranks;
    float *seen = dm_allocate(lanes * n, sizeof *seen);
    Lanes all = {o->lanes.count, 0, o->lanes.count, n, dm_allocate(lanes, sizeof *all.lane)};
    size_t *start = dm_allocate((size_t)ranks + 1, sizeof *start);
    for (size_t i = 0; i < lanes; i++) all.lane[i] = seen + i * n;
    for (int i = 0; i <= ranks; i++) start[i] = (size_t)dm_lanes_start(o->lanes.count, i, ranks) * n * sizeof *seen;
    for (int i = o->lanes.first; i < o->lanes.last; i++) {
        memcpy(all.lane[i], o->lanes.lane[i] + o->size, n * sizeof *seen);
        memset(o->lanes.lane[i] + o->size, 0, n * sizeof *seen);
    }
    dm_exchange_gather(o->exchange, seen, start);
    dm_lanes_sum(&all, 0, n);
    dm_statistics_follow(parameters, all.lane[0]);
    dm_free(all.lane);
    dm_free(seen);
    dm_free(start);
}

static void follow_statistics(const Optimizer *o, const Parameters *parameters, float share)
{
    if (!parameters->statistic_size) return;
    if (o->exchange) {
        follow_all_seen(o, parameters);
    } else {
        dm_lanes_sum(&o->lanes, o->size, o->lanes.size - o->size);
        dm_statistics_follow(parameters, o->lanes.lane[0] + o->size);
    }
    if (o->average) follow(o->average + o->size, parameters->data + o->size, parameters->statistic_size, share);
}

static void square_piece(void *context, int index, int thread)
{
    (void)thread;
    const Optimizer *o = context;
    index += o->first_piece[o->slices.rank];
    const Piece *piece = &o->pieces[index];
    o->piece_squares[index] = sum_of_squares(sum_at(o, piece->from), piece->n);
}

static void square_parameters(const Optimizer *o, const Parameters *parameters, const Step *step)
{
    const int *first = o->first_piece + o->slices.rank, pieces = o->first_piece[o->slices.ranks];
    const double count = (double)step->count;
    dm_parallel(o->threads, first[1] - first[0], square_piece, (void *)(uintptr_t)o);
    dm_slices_gather_doubles(&o->slices, o->piece_squares, o->first_piece);
    for (int i = 0; i < parameters->count; i++) step->squares[i] = 0;
    for (int i = 0; i < pieces; i++) step->squares[o->pieces[i].parameter] += o->piece_squares[i];
    for (int i = 0; i < parameters->count; i++) step->squares[i] /= count * count;
}

StepResult dm_optimizer_step(Optimizer *o, Parameters *parameters, const Step *step)
{
    const int blocks = block_count(o);
    Pass pass = {.optimizer = o, .parameters = parameters->data};
    dm_profile_turn(o->profile, DM_SPENT_LANE_SUMS);
    clear_frozen_rows(o, parameters);
    sum_lanes(o, &pass);
    double squares = 0;
    for (int i = 0; i < blocks; i++) squares += o->squares[i];
    StepResult result = {sqrt(squares) / (double)step->count};
    dm_profile_turn(o->profile, DM_SPENT_STEP);
    if (!isfinite(result.gradient_norm)) return result;
    if (step->squares) square_parameters(o, parameters, step);

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
    change_parameters(o, &pass);
    follow_statistics(o, parameters, pass.share);
    return result;
}

static bool is_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

// Each rank looks through its slice: the first piece of all is the lowest.
const Parameter *dm_optimizer_culprit(const Optimizer *o, const Parameters *parameters)
{
    const int ranks = o->slices.ranks, rank = o->slices.rank, pieces = o->first_piece[ranks];
    int *place = dm_allocate((size_t)ranks + 1, sizeof *place);
    double *found = dm_allocate((size_t)ranks, sizeof *found);
    int piece = o->first_piece[rank];
    for (int i = 0; i <= ranks; i++) place[i] = i;
    while (piece < o->first_piece[rank + 1] && is_finite(sum_at(o, o->pieces[piece].from), o->pieces[piece].n)) piece++;
    found[rank] = piece < o->first_piece[rank + 1] ? piece : pieces;
    dm_slices_gather_doubles(&o->slices, found, place);
    int first = pieces;
    for (int i = ranks - 1; i >= 0; i--)
        if (found[i] < pieces) first = (int)found[i];
    dm_free(place);
    dm_free(found);
    return first < pieces ? &parameters->list[o->pieces[first].parameter] : NULL;
}
