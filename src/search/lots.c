// Lots: what sampling draws the next piece from, at its temperature and without what its limit takes away.
#include <math.h>
#include <stdlib.h>

#include "search/lots.h"

static int by_weight(const void *a, const void *b, void *context)
{
    const double *weight = context;
    const int x = *(const int *)a, y = *(const int *)b;
    if (weight[x] != weight[y]) return weight[x] > weight[y] ? -1 : 1;
    return x - y;
}

Lots dm_lots(Arena *arena, const SearchJob *job)
{
    const size_t reach = (size_t)dm_search_reach(job);
    return (Lots){.options = job->options,
                  .order = dm_arena_take(arena, reach * sizeof(int)),
                  .weight = dm_arena_take(arena, reach * sizeof(double))};
}

// Cuts off what may not be drawn, of pieces that weigh `all` together.
static void cut_off(Lots *lots, double all)
{
    const dm_translate_options *o = lots->options;
    const int possible = lots->count;
    const double mass = o->sampling == DM_SAMPLE_TOPP ? o->sampling_limit * all : all;
    const int most = o->sampling == DM_SAMPLE_TOPK && o->sampling_limit < possible ? (int)o->sampling_limit : possible;
    int n = 0;
    lots->sum = 0;
    while (n < most && (n == 0 || lots->sum < mass)) lots->sum += lots->weight[lots->order[n++]];
    for (int i = n; i < possible; i++) lots->weight[lots->order[i]] = 0;
    lots->count = n;
}

void dm_lots_weigh(Lots *lots, const float *log_probabilities, int vocabulary)
{
    const dm_translate_options *o = lots->options;
    float highest = -INFINITY;
    double all = 0;
    lots->count = 0;
    for (int id = 0; id < vocabulary; id++)
        if (log_probabilities[id] > highest) highest = log_probabilities[id];
    for (int id = 0; id < vocabulary; id++) {
        lots->weight[id] = 0;
        if (!isfinite(highest) || !(log_probabilities[id] > -INFINITY)) continue;  // forbidden, or no number
        lots->weight[id] = exp((double)(log_probabilities[id] - highest) / o->temperature);
        lots->order[lots->count++] = id;
        all += lots->weight[id];
    }
    if (o->sampling != DM_SAMPLE_FULL) qsort_r(lots->order, (size_t)lots->count, sizeof(int), by_weight, lots->weight);
    if (lots->count) cut_off(lots, all);
}

double dm_lots_probability(const Lots *lots, int id)
{
    return lots->weight[id] / lots->sum;
}

int dm_lots_draw(const Lots *lots, double uniform)
{
    double point = uniform * lots->sum;
    int at = 0;
    while (at + 1 < lots->count && (point -= lots->weight[lots->order[at]]) >= 0) at++;
    return lots->order[at];
}

bool dm_lots_less(Lots *lots, const double *probabilities)
{
    double sum = 0;
    for (int i = 0; i < lots->count; i++) {
        const double left = lots->weight[lots->order[i]] / lots->sum - probabilities[lots->order[i]];
        sum += left > 0 ? left : 0;
    }
    if (!(sum > 0)) return false;
    for (int i = 0; i < lots->count; i++) {
        double *weight = &lots->weight[lots->order[i]];
        const double left = *weight / lots->sum - probabilities[lots->order[i]];
        *weight = left > 0 ? left : 0;
    }
    lots->sum = sum;
    return true;
}
