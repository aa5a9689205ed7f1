// Loads of experts: counts, and the biases that follow them.
#include "train/expert_loads.h"

#include <math.h>

#include "core/memory.h"

static const double unit = 1 << 20;  // of entropies

static long long value(const atomic_llong *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void add(atomic_llong *count, long long more)
{
    atomic_fetch_add_explicit(count, more, memory_order_relaxed);
}

void dm_expert_loads_create(ExpertLoads *loads, const Model *model)
{
    const Parameter *bias;
    *loads = (ExpertLoads){0};
    for (; (bias = dm_router_bias(&model->parameters, loads->routers)); loads->routers++)
        loads->experts = bias->tensor.cols;
    const size_t routers = (size_t)loads->routers;
    if (!routers) return;
    loads->chosen = dm_allocate(routers * (size_t)loads->experts, sizeof *loads->chosen);
    loads->tokens = dm_allocate(routers, sizeof *loads->tokens);
    loads->entropies = dm_allocate(routers, sizeof *loads->entropies);
}

void dm_expert_loads_free(ExpertLoads *loads)
{
    dm_free(loads->chosen);
    dm_free(loads->tokens);
    dm_free(loads->entropies);
    *loads = (ExpertLoads){0};
}

void dm_expert_loads_clear(ExpertLoads *loads)
{
    for (int i = 0; i < loads->routers * loads->experts; i++) atomic_init(&loads->chosen[i], 0);
    for (int i = 0; i < loads->routers; i++) atomic_init(&loads->tokens[i], 0), atomic_init(&loads->entropies[i], 0);
}

void dm_expert_loads_add(ExpertLoads *loads, const RouteTap *tap)
{
    for (const Routing *r = tap->first; r; r = r->next) {
        atomic_llong *chosen = loads->chosen + r->router * loads->experts;
        for (int e = 0; e < r->experts; e++) add(&chosen[e], r->start[e + 1] - r->start[e]);
        add(&loads->tokens[r->router], r->logits->rows);
        const double entropy = dm_entropy(r);
        add(&loads->entropies[r->router], isfinite(entropy) ? llround(entropy * unit) : 0);
    }
}

// All counts in a row.
static atomic_llong *count_at(const ExpertLoads *loads, int i)
{
    const int choices = loads->routers * loads->experts;
    return i < choices                    ? &loads->chosen[i]
           : i < choices + loads->routers ? &loads->tokens[i - choices]
                                          : &loads->entropies[i - choices - loads->routers];
}

void dm_expert_loads_gather(ExpertLoads *loads, Exchange *exchange)
{
    if (!exchange || !loads->routers) return;
    const int count = loads->routers * (loads->experts + 2), ranks = dm_ranks(exchange);
    long long *all = dm_allocate((size_t)(ranks * count), sizeof *all), *own = all + dm_rank(exchange) * count;
    for (int i = 0; i < count; i++) own[i] = value(count_at(loads, i));
    dm_exchange_gather_each(exchange, all, (size_t)count * sizeof *all);
    for (int i = 0; i < ranks * count; i++)
        if (i / count != dm_rank(exchange)) add(count_at(loads, i % count), all[i]);
    dm_free(all);
}

static long long choices_of(const ExpertLoads *loads, int router)
{
    long long sum = 0;
    for (int e = 0; e < loads->experts; e++) sum += value(&loads->chosen[router * loads->experts + e]);
    return sum;
}

double dm_expert_load(const ExpertLoads *loads, int router, int expert)
{
    const long long all = choices_of(loads, router);
    return all ? (double)value(&loads->chosen[router * loads->experts + expert]) / (double)all : 0;
}

double dm_router_entropy(const ExpertLoads *loads, int router)
{
    const long long tokens = value(&loads->tokens[router]);
    return tokens ? (double)value(&loads->entropies[router]) / unit / (double)tokens : 0;
}

void dm_expert_loads_even_out(const ExpertLoads *loads, Parameters *p, double rate)
{
    for (int router = 0; router < loads->routers; router++) {
        float *bias = p->data + dm_router_bias(p, router)->offset;
        const long long all = choices_of(loads, router);
        for (int e = 0; e < loads->experts; e++) {
            const long long load = loads->experts * value(&loads->chosen[router * loads->experts + e]);
            bias[e] += (float)((load < all) - (load > all)) * (float)rate;
        }
    }
}
