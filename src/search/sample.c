// Sampling: the next piece is drawn, not searched for.
#include <math.h>
#include <stdlib.h>

#include "core/random.h"
#include "search/search_parts.h"

static int by_weight(const void *a, const void *b, void *context)
{
    const double *weight = context;
    const int x = *(const int *)a, y = *(const int *)b;
    if (weight[x] != weight[y]) return weight[x] > weight[y] ? -1 : 1;
    return x - y;
}

// How many of the first pieces in the order may be drawn, and what they weigh together.
static int allowed(const Draw *draw, int possible, double all, double *sum)
{
    const dm_translate_options *o = draw->options;
    const double mass = o->sampling == DM_SAMPLE_TOPP ? o->sampling_limit * all : all;
    const int most = o->sampling == DM_SAMPLE_TOPK && o->sampling_limit < possible ? (int)o->sampling_limit : possible;
    int n = 0;
    *sum = 0;
    while (n < most && (n == 0 || *sum < mass)) *sum += draw->weight[draw->order[n++]];
    return n;
}

int dm_search_draw(const Draw *draw, const float *log_probabilities)
{
    const dm_translate_options *o = draw->options;
    float highest = -INFINITY;
    int possible = 0;
    double all = 0, sum;
    for (int id = 0; id < draw->vocabulary; id++)
        if (log_probabilities[id] > highest) highest = log_probabilities[id];
    if (!isfinite(highest)) return -1;
    for (int id = 0; id < draw->vocabulary; id++) {
        if (!(log_probabilities[id] > -INFINITY)) continue;  // forbidden, or no number
        draw->weight[id] = exp((double)(log_probabilities[id] - highest) / o->temperature);
        draw->order[possible++] = id;
        all += draw->weight[id];
    }
    if (o->sampling != DM_SAMPLE_FULL) qsort_r(draw->order, (size_t)possible, sizeof(int), by_weight, draw->weight);
    const int n = allowed(draw, possible, all, &sum);
    Random random = dm_random(o->seed, (uint32_t)draw->line, (uint32_t)draw->sample, (uint32_t)draw->length);
    double point = dm_random_uniform(&random) * sum;
    int at = 0;
    while (at + 1 < n && (point -= draw->weight[draw->order[at]]) >= 0) at++;
    return draw->order[at];
}
