// dragoman bench gemm: how fast each library is at the products of training and of decoding.
#include <string.h>

#include "core/memory.h"
#include "bench/bench.h"
#include "bench/gemm_clock.h"
#include "train/defaults.h"

// Products that are used together: those of training, or those of a step of the search.
typedef struct Use {
    const char *name;
    int rows;
    Products products;
    GemmClock clock;
    double *rates;  // [rounds][backends][products]
} Use;

enum { USES = 4 };

// A step of the search for one sentence, greedily or with five hypotheses, and of greedy search for a batch.
static const int decoding_rows[USES - 1] = {1, 5, 32};

static Status make_uses(Use *uses, const Bench *bench, Error *error)
{
    const int asked = (int)dm_options_number(bench->options, "shard-words"),
              rows = asked ? asked : dm_default_shard_words(bench->update_words, bench->config.architecture->stepwise);
    uses[0] = (Use){.name = "training", .rows = rows};
    Status status = dm_products_of_training(&uses[0].products, &bench->config, rows, DM_MEAN_LENGTH, error);
    for (int i = 1; i < USES && !status; i++) {
        Use *use = &uses[i];
        *use = (Use){.name = "decoding", .rows = decoding_rows[i - 1]};
        status = dm_products_of_search(&use->products, &bench->config, 0, use->rows, 1, error);
    }
    return status;
}

static void start_clocks(Use *uses, const Bench *bench, const GemmBackend *const *backends, int count)
{
    int products = 0;
    for (int i = 0; i < USES; i++) products += uses[i].products.count;
    for (int i = 0; i < USES; i++) {
        Use *use = &uses[i];
        use->clock = (GemmClock){.products = &use->products,
                                 .backends = backends,
                                 .backend_count = count,
                                 .threads = bench->threads,
                                 .precision = bench->precision};
        use->rates = dm_allocate((size_t)(bench->rounds * count * use->products.count), sizeof(double));
        dm_gemm_clock_create(&use->clock, bench->seconds * use->products.count / products);
    }
}

static double *rates_of(const Use *use, int round, int backend)
{
    return use->rates + (round * use->clock.backend_count + backend) * use->products.count;
}

// What each library gave in the rounds: for one product, or (-1) for all of them together, a source piece and a target
// piece each.
static cJSON *spreads(const Use *use, int rounds, int product)
{
    cJSON *libraries = cJSON_CreateObject();
    double *gflops = dm_allocate((size_t)rounds, sizeof *gflops);
    for (int backend = 0; backend < use->clock.backend_count; backend++) {
        for (int round = 0; round < rounds; round++) {
            const double *rates = rates_of(use, round, backend);
            gflops[round] = 1e-9 * (product < 0 ? dm_products_rate(&use->products, rates, 1, 1) : rates[product]);
        }
        cJSON_AddItemToObject(libraries, use->clock.backends[backend]->name, dm_spread(gflops, rounds));
    }
    dm_free(gflops);
    return libraries;
}

static cJSON *describe_use(const Use *use, int rounds)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "use", use->name);
    cJSON_AddNumberToObject(object, "rows", use->rows);
    cJSON_AddItemToObject(object, "gflops", spreads(use, rounds, -1));
    cJSON *list = cJSON_AddArrayToObject(object, "products");
    const double whole = dm_products_flops(&use->products, 1, 1);
    for (int i = 0; i < use->products.count; i++) {
        const Product *p = &use->products.list[i];
        cJSON *product = cJSON_CreateObject();
        cJSON_AddStringToObject(product, "layer", p->layer);
        cJSON_AddStringToObject(product, "pass", dm_pass_name(p->pass));
        cJSON_AddNumberToObject(product, "m", p->m);
        cJSON_AddNumberToObject(product, "n", p->n);
        cJSON_AddNumberToObject(product, "k", p->k);
        cJSON_AddNumberToObject(product, "share", (p->source + p->target) / whole);
        cJSON_AddItemToObject(product, "gflops", spreads(use, rounds, i));
        cJSON_AddItemToArray(list, product);
    }
    return object;
}

Status dm_bench_gemm(Bench *bench, Error *error)
{
    const bool all =
        strcmp(dm_options_text(bench->options, "gemm", 0), "auto") == 0 && bench->precision == DM_PRECISION_FP32;
    const GemmBackend *const *backends = all ? dm_gemm_backends : &bench->gemm;
    int count = 1;
    while (all && backends[count]) count++;
    Use uses[USES] = {0};
    Status status = make_uses(uses, bench, error);
    if (status) goto done;
    dm_bench_progress(bench, 0, "each product");
    start_clocks(uses, bench, backends, count);
    for (int round = 0; round < bench->rounds; round++) {
        for (int i = 0; i < USES; i++) dm_gemm_clock_round(&uses[i].clock, rates_of(&uses[i], round, 0));
        dm_bench_progress(bench, round + 1, "%.1f GFLOP/s in training, with %s",
                          1e-9 * dm_products_rate(&uses[0].products, rates_of(&uses[0], round, 0), 1, 1),
                          backends[0]->name);
    }
    cJSON *list = cJSON_AddArrayToObject(bench->result, "uses");
    for (int i = 0; i < USES; i++) cJSON_AddItemToArray(list, describe_use(&uses[i], bench->rounds));
done:
    for (int i = 0; i < USES; i++) {
        dm_gemm_clock_free(&uses[i].clock);
        dm_products_free(&uses[i].products);
        dm_free(uses[i].rates);
    }
    return status;
}
