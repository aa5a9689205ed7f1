// The rounds, and the figures that come of them.
#include "bench/measure.h"

#include "bench/gemm_clock.h"
#include "core/clock.h"
#include "core/memory.h"

// Ranks begin a round together, and rank 0 says when it is over.
Status dm_measure_round(const Bench *bench, const Measurement *m, Tally *tally, Error *error)
{
    dm_exchange_any(bench->exchange, false);
    const double start = dm_clock();
    *tally = (Tally){0};
    do {
        Status status = m->once(m->context, tally, error);
        if (status) return status;
        tally->times++;
        tally->seconds = dm_clock() - start;
        dm_exchange_broadcast(bench->exchange, &tally->seconds, sizeof tally->seconds);
    } while (tally->seconds < bench->seconds);
    return DM_OK;
}

// An entry for each round.
typedef struct Figures {
    double *source, *target;          // pieces a second
    double *gflops, *gemm, *percent;  // reached; by the products alone; the one of the other
} Figures;

// rates: of one rank, and the others are as fast.
static void add_round(const Figures *f, int round, const Tally *tally, const Products *products, const double *rates,
                      int ranks)
{
    f->source[round] = tally->source / tally->seconds;
    f->target[round] = tally->target / tally->seconds;
    f->gflops[round] = 1e-9 * dm_products_flops(products, tally->source, tally->target) / tally->seconds;
    f->gemm[round] = 1e-9 * ranks * dm_products_rate(products, rates, tally->source, tally->target);
    f->percent[round] = 100 * f->gflops[round] / f->gemm[round];
}

static void describe(const Bench *bench, const Figures *f, const Tally *whole, const Products *products)
{
    const double flops = dm_products_flops(products, whole->source, whole->target);
    cJSON *result = bench->result;
    cJSON_AddNumberToObject(result, "source_tokens", whole->source);
    cJSON_AddNumberToObject(result, "target_tokens", whole->target);
    cJSON_AddItemToObject(result, "source_tokens_per_second", dm_spread(f->source, bench->rounds));
    cJSON_AddItemToObject(result, "target_tokens_per_second", dm_spread(f->target, bench->rounds));
    cJSON_AddNumberToObject(result, "gflop_per_target_token", 1e-9 * flops / whole->target);
    cJSON_AddItemToObject(result, "gflops", dm_spread(f->gflops, bench->rounds));
    cJSON_AddItemToObject(result, "gemm_gflops", dm_spread(f->gemm, bench->rounds));
    cJSON_AddItemToObject(result, "percent_of_gemm", dm_spread(f->percent, bench->rounds));
}

Status dm_measure(const Bench *bench, const Measurement *m, Tally *whole, Error *error)
{
    const size_t rounds = (size_t)bench->rounds;
    double *memory = dm_allocate(5 * rounds + (size_t)m->products->count, sizeof *memory), *rates = memory + 5 * rounds;
    const Figures figures = {memory, memory + rounds, memory + 2 * rounds, memory + 3 * rounds, memory + 4 * rounds};
    GemmClock clock = {.products = m->products,
                       .backends = &bench->gemm,
                       .backend_count = 1,
                       .threads = m->threads,
                       .precision = bench->precision,
                       .packed = m->packed};
    Tally tally;
    *whole = (Tally){0};
    Status status = dm_measure_round(bench, m, &tally, error);
    if (!status) dm_bench_progress(bench, 0, "%.0f target tokens/s", tally.target / tally.seconds);
    if (!status && m->warm) m->warm(m->context);
    for (int round = 0; round < bench->rounds && !status; round++) {
        status = dm_measure_round(bench, m, &tally, error);
        if (status) break;
        if (round == 0) {  // the products have memory of their own, which does not count
            cJSON_AddNumberToObject(bench->result, "peak_memory_bytes", dm_peak_memory());
            dm_gemm_clock_create(&clock, bench->seconds / 4);
            if (clock.packs) cJSON_AddStringToObject(bench->result, "packed_by", dm_packs_kernels(clock.packs));
        }
        dm_gemm_clock_round(&clock, rates);
        add_round(&figures, round, &tally, m->products, rates, dm_ranks(bench->exchange));
        dm_bench_progress(bench, round + 1, "%.0f target tokens/s, %.0f%% of the matrix library", figures.target[round],
                          figures.percent[round]);
        whole->seconds += tally.seconds, whole->times += tally.times;
        whole->source += tally.source, whole->target += tally.target;
    }
    if (!status) describe(bench, &figures, whole, m->products);
    dm_gemm_clock_free(&clock);
    dm_free(memory);
    return status;
}
