// The clock that times products.
#include "bench/gemm_clock.h"

#include "core/clock.h"
#include "core/memory.h"
#include "core/threads.h"

// Every product has as many turns in a round, spread over it: what disturbs the machine for a moment hits them alike.
enum { TURNS = 4 };

static Gemm call_of(const GemmClock *clock, const Product *p, int thread)
{
    float *own = clock->own[thread];
    const bool weight = p->pass == DM_PASS_WEIGHT, forward = p->pass == DM_PASS_FORWARD;
    return (Gemm){.m = p->m,
                  .n = p->n,
                  .k = p->k,
                  .a = own,
                  .lda = weight ? p->m : p->k,
                  .transpose_a = weight,
                  .b = weight ? own + clock->own_b : clock->weights,
                  .ldb = forward ? p->k : p->n,
                  .transpose_b = forward,
                  .c = own + clock->own_c,
                  .ldc = p->n,
                  .beta = forward ? 0 : 1,
                  .precision = clock->precision};
}

// The thread's x and y; the scales of x, where it has some, are the first numbers of x itself.
static PackedProduct packed_call_of(const GemmClock *clock, int product, int thread)
{
    const Product *p = &clock->products->list[product];
    float *own = clock->own[thread];
    return (PackedProduct){.x = own,
                           .scales = clock->precision == DM_PRECISION_INT8 ? own : NULL,
                           .rows = p->m,
                           .weight = &clock->packing[product],
                           .count = p->n,
                           .y = own + clock->own_c,
                           .stride = p->n,
                           .scratch = own + clock->own_scratch};
}

static double time_turn(const GemmClock *clock, int backend, int product, long repetitions, int thread)
{
    const double begin = dm_clock();
    if (clock->packs) {
        const PackedProduct call = packed_call_of(clock, product, thread);
        for (long i = 0; i < repetitions; i++) dm_packed_multiply(clock->packs, &call);
    } else {
        const Gemm call = call_of(clock, &clock->products->list[product], thread);
        for (long i = 0; i < repetitions; i++) clock->backends[backend]->multiply(clock->backends[backend], &call);
    }
    return dm_clock() - begin;
}

static size_t larger(size_t a, size_t rows, size_t cols)
{
    return rows * cols > a ? rows * cols : a;
}

// As float32, and its upper and lower halves as bfloat16, numbers that products do not carry beyond the finite.
static float *numbers(size_t count)
{
    float *made = dm_allocate(count, sizeof *made);
    for (size_t i = 0; i < count; i++) made[i] = (float)(i % 7) - 3;
    return made;
}

static void take_memory(GemmClock *clock)
{
    size_t weights = 0, a = 0, b = 0, c = 0, scratch = 0;
    for (int i = 0; i < clock->products->count; i++) {
        const Product *p = &clock->products->list[i];
        const size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k;
        a = larger(a, clock->packed ? (size_t)dm_operand_rows(p->m) : m, k);
        c = larger(c, m, n);
        if (clock->packed) scratch = larger(scratch, (size_t)dm_packed_scratch(p->m), n);
        if (p->pass == DM_PASS_WEIGHT)
            b = larger(b, k, n);
        else
            weights = larger(weights, k, n);
    }
    clock->weights = numbers(weights);
    clock->own = dm_allocate((size_t)clock->threads, sizeof *clock->own);
    for (int i = 0; i < clock->threads; i++) clock->own[i] = numbers(a + b + c + scratch);
    clock->own_b = a;
    clock->own_c = a + b;
    clock->own_scratch = a + b + c;
}

// Weights of their own for each product: a pack is known by where its weight lies.
static void pack(GemmClock *clock)
{
    const Products *products = clock->products;
    clock->packs = dm_packs_create(clock->backends[0], clock->precision);
    clock->packing = dm_allocate((size_t)products->count, sizeof *clock->packing);
    for (int i = 0; i < products->count; i++) {
        const Product *p = &products->list[i];
        clock->packing[i] =
            (Tensor){.rows = p->n, .cols = p->k, .stride = p->k, .data = numbers((size_t)p->n * (size_t)p->k)};
    }
}

// How many repetitions fill a turn, as one thread finds out. The very first call pays for code that the library makes
// at run time.
static long repetitions_of(const GemmClock *clock, int backend, int product, double turn)
{
    long repetitions = 1;
    time_turn(clock, backend, product, 1, 0);
    double seconds = time_turn(clock, backend, product, 1, 0);
    while (seconds < turn / 8 && repetitions < 1000000000) {
        repetitions *= 4;
        seconds = time_turn(clock, backend, product, repetitions, 0);
    }
    const double fill = (double)repetitions * turn / (seconds + 1e-9);
    return fill < 1 ? 1 : (long)fill;
}

typedef struct Filling {
    GemmClock *clock;
    double turn;  // seconds
} Filling;

static void fill_turn(void *context, int index, int thread)
{
    (void)thread;
    const Filling *filling = context;
    GemmClock *clock = filling->clock;
    const int products = clock->products->count;
    clock->repetitions[index] = repetitions_of(clock, index / products, index % products, filling->turn);
}

void dm_gemm_clock_create(GemmClock *clock, double seconds)
{
    const int turns = clock->products->count * clock->backend_count;
    take_memory(clock);
    if (clock->packed) pack(clock);
    clock->repetitions = dm_allocate((size_t)turns, sizeof *clock->repetitions);
    dm_parallel(1, turns, fill_turn, &(Filling){clock, seconds / turns / TURNS});
}

void dm_gemm_clock_free(GemmClock *clock)
{
    for (int i = 0; clock->own && i < clock->threads; i++) dm_free(clock->own[i]);
    for (int i = 0; clock->packing && i < clock->products->count; i++) dm_free(clock->packing[i].data);
    dm_packs_destroy(clock->packs);
    dm_free(clock->packing);
    dm_free(clock->own);
    dm_free(clock->weights);
    dm_free(clock->repetitions);
    *clock = (GemmClock){0};
}

typedef struct Round {
    const GemmClock *clock;
    double *seconds;  // [threads][backends][products]
} Round;

static void run_turns(void *context, int index, int thread)
{
    (void)thread;
    const Round *round = context;
    const GemmClock *clock = round->clock;
    const int products = clock->products->count, backends = clock->backend_count;
    double *seconds = round->seconds + (size_t)index * (size_t)(backends * products);
    for (int i = 0; i < TURNS * products * backends; i++) {
        const int product = i / backends % products, backend = i % backends, turn = backend * products + product;
        seconds[turn] += time_turn(clock, backend, product, clock->repetitions[turn], index);
    }
}

// A thread goes from turn to turn without waiting for the others, and its rate is that of its own time: what the
// threads need to begin and to end together is not the library's.
void dm_gemm_clock_round(const GemmClock *clock, double *rates)
{
    const int products = clock->products->count, turns = products * clock->backend_count;
    Round round = {clock, dm_allocate((size_t)(turns * clock->threads), sizeof *round.seconds)};
    dm_parallel(clock->threads, clock->threads, run_turns, &round);
    for (int turn = 0; turn < turns; turn++) {
        const Product *p = &clock->products->list[turn % products];
        const double flops = 2.0 * p->m * p->n * p->k * (double)(clock->repetitions[turn] * TURNS);
        rates[turn] = 0;
        for (int i = 0; i < clock->threads; i++) rates[turn] += flops / (round.seconds[i * turns + turn] + 1e-9);
    }
    dm_free(round.seconds);
}
