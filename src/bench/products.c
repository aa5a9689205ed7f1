// The list of products, from the dimensions of a model, and the clock that times them.
#include "bench/products.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/threads.h"
#include "model/transformer.h"

// ---- The list -----------------------------------------------------------------------------------------------------

const char *dm_pass_name(Pass pass)
{
    static const char *const names[] = {"forward", "input gradient", "weight gradient"};
    return names[pass];
}

// A linear layer of [out, in] over so many rows; the model has it so many times for every source and target piece.
typedef struct Layer {
    const char *name;
    int rows, out, in;
    double source, target;
} Layer;

static void add_product(Products *products, const Layer *layer, Product product)
{
    product.layer = layer->name;
    const double flops = 2.0 * layer->out * layer->in;
    int at = 0;
    for (; at < products->count; at++) {
        const Product *p = &products->list[at];
        if (p->layer == product.layer && p->pass == product.pass && p->m == product.m && p->n == product.n &&
            p->k == product.k)
            break;
    }
    if (at == products->count) {
        products->list = dm_reallocate(products->list, (size_t)at + 1, sizeof *products->list);
        products->list[products->count++] = product;
    }
    products->list[at].source += flops * layer->source;
    products->list[at].target += flops * layer->target;
}

static void add_layer(Products *products, Layer layer, bool backward)
{
    const int rows = layer.rows, out = layer.out, in = layer.in;
    add_product(products, &layer, (Product){.pass = DM_PASS_FORWARD, .m = rows, .n = out, .k = in});
    if (!backward) return;
    add_product(products, &layer, (Product){.pass = DM_PASS_INPUT, .m = rows, .n = in, .k = out});
    add_product(products, &layer, (Product){.pass = DM_PASS_WEIGHT, .m = out, .n = in, .k = rows});
}

// How the rows of a batch come to the layers, and how often for a piece.
typedef struct Rows {
    int source, target, vocabulary;
    double beam;
    bool backward;
} Rows;

static const char qkv[] = "qkv", kv[] = "kv", out[] = "out", fc1[] = "fc1", fc2[] = "fc2", vocabulary[] = "vocabulary";

static Products products_of(const ModelConfig *c, const Rows *rows)
{
    const TransformerShape *t = dm_transformer_shape(c);
    const int d = c->width, encoder_ffn = t->encoder_ffn, decoder_ffn = t->decoder_ffn;
    const double encoder = t->encoder_layers, decoder = t->decoder_layers, steps = decoder * rows->beam;
    const Layer layers[] = {
        {qkv, rows->source, 3 * d, d, encoder, 0},
        {qkv, rows->target, 3 * d, d, 0, steps},
        {kv, rows->source, 2 * d, d, decoder, 0},
        {out, rows->source, d, d, encoder, 0},
        {out, rows->target, d, d, 0, 3 * steps},  // of self-attention; q and out of cross-attention
        {fc1, rows->source, encoder_ffn, d, encoder, 0},
        {fc1, rows->target, decoder_ffn, d, 0, steps},
        {fc2, rows->source, d, encoder_ffn, encoder, 0},
        {fc2, rows->target, d, decoder_ffn, 0, steps},
        {vocabulary, rows->vocabulary, c->target_vocabulary, d, 0, rows->beam},
    };
    Products products = {0};
    for (size_t i = 0; i < DM_COUNT(layers); i++) add_layer(&products, layers[i], rows->backward);
    return products;
}

Products dm_products_of_training(const ModelConfig *config, int rows)
{
    const int chunk = rows < DM_CROSS_ENTROPY_ROWS ? rows : DM_CROSS_ENTROPY_ROWS;
    return products_of(config, &(Rows){rows, rows, chunk, 1, true});
}

Products dm_products_of_search(const ModelConfig *config, int source_rows, int hypotheses, int beam)
{
    return products_of(config, &(Rows){source_rows, hypotheses, hypotheses, beam, false});
}

void dm_products_free(Products *products)
{
    free(products->list);
    *products = (Products){0};
}

static double flops_of(const Product *p, double source_pieces, double target_pieces)
{
    return p->source * source_pieces + p->target * target_pieces;
}

double dm_products_flops(const Products *products, double source_pieces, double target_pieces)
{
    double sum = 0;
    for (int i = 0; i < products->count; i++) sum += flops_of(&products->list[i], source_pieces, target_pieces);
    return sum;
}

double dm_products_rate(const Products *products, const double *rates, double source_pieces, double target_pieces)
{
    double seconds = 0;
    for (int i = 0; i < products->count; i++)
        seconds += flops_of(&products->list[i], source_pieces, target_pieces) / rates[i];
    return dm_products_flops(products, source_pieces, target_pieces) / seconds;
}

// ---- The clock ----------------------------------------------------------------------------------------------------

// Every product has as many turns in a round, spread over it: what disturbs the machine for a moment hits them alike.
enum { PASSES = 4 };

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
                           .stride = p->n};
}

static double time_turn(const GemmClock *clock, int backend, int product, long repetitions, int thread)
{
    const double begin = dm_clock();
    if (clock->packs) {
        const PackedProduct call = packed_call_of(clock, product, thread);
        for (long i = 0; i < repetitions; i++) dm_packed_multiply(clock->packs, &call);
    } else {
        const Gemm call = call_of(clock, &clock->products->list[product], thread);
        for (long i = 0; i < repetitions; i++) clock->backends[backend]->multiply(&call);
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
    size_t weights = 0, a = 0, b = 0, c = 0;
    for (int i = 0; i < clock->products->count; i++) {
        const Product *p = &clock->products->list[i];
        const size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k;
        a = larger(a, m, k);
        c = larger(c, m, n);
        if (p->pass == DM_PASS_WEIGHT)
            b = larger(b, k, n);
        else
            weights = larger(weights, k, n);
    }
    clock->weights = numbers(weights);
    clock->own = dm_allocate((size_t)clock->threads, sizeof *clock->own);
    for (int i = 0; i < clock->threads; i++) clock->own[i] = numbers(a + b + c);
    clock->own_b = a;
    clock->own_c = a + b;
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
    dm_parallel(1, turns, fill_turn, &(Filling){clock, seconds / turns / PASSES});
}

void dm_gemm_clock_free(GemmClock *clock)
{
    for (int i = 0; clock->own && i < clock->threads; i++) free(clock->own[i]);
    for (int i = 0; clock->packing && i < clock->products->count; i++) free(clock->packing[i].data);
    dm_packs_destroy(clock->packs);
    free(clock->packing);
    free(clock->own);
    free(clock->weights);
    free(clock->repetitions);
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
    for (int i = 0; i < PASSES * products * backends; i++) {
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
        const double flops = 2.0 * p->m * p->n * p->k * (double)(clock->repetitions[turn] * PASSES);
        rates[turn] = 0;
        for (int i = 0; i < clock->threads; i++) rates[turn] += flops / (round.seconds[i * turns + turn] + 1e-9);
    }
    free(round.seconds);
}
