// Sampling: the next piece is drawn, not searched for. The random number is a function of (seed, line, sample, length)
// alone, so what shares a batch does not matter.
#include <math.h>
#include <stdlib.h>

#include "core/random.h"
#include "search/stepwise.h"

typedef struct Draw {
    const dm_translate_options *options;
    size_t line;
    int sample, length;
    int vocabulary;
    int *order;      // [vocabulary] scratch
    double *weight;  // [vocabulary] scratch
} Draw;

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

// -1: none is possible.
static int draw_piece(const Draw *draw, const float *log_probabilities)
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

// From the start, which all samples share, each draws its first piece; later each has a slot of its own.
static void choose(Stepwise *s, Sentence *sentence, const Scores *scores)
{
    const SearchJob *job = s->job;
    const int draws = s->length == 1 ? s->width : sentence->open;
    Draw *draw = s->own;
    draw->line = job->lines ? job->lines[sentence->index] : (size_t)sentence->index;
    draw->length = s->length;
    draw->vocabulary = scores->rows->cols;
    for (int i = 0; i < draws; i++) {
        const int slot = s->length == 1 ? sentence->first : sentence->first + i;
        draw->sample = s->length == 1 ? i : s->now.sample[slot];
        const float *row = dm_row(scores->rows, slot);
        const int id = draw_piece(draw, row);
        if (id < 0) {
            dm_stepwise_cut_off(s, sentence, slot);
            continue;
        }
        const double total = s->now.total[slot] + (double)row[id];
        const Candidate drawn = {total, total, row[id], slot, id};
        if (dm_stepwise_ends(s, id))
            dm_stepwise_end(s, sentence, &drawn);
        else
            dm_stepwise_continue(s, &drawn, draw->sample);
    }
}

static bool run(Graph *g, const SearchJob *job, Found *found)
{
    static const Manner manner = {.choose = choose, .whole_rows = true};
    const dm_translate_options *o = job->options;
    const int vocabulary = dm_search_reach(job);
    Draw draw = {.options = o,
                 .vocabulary = vocabulary,
                 .order = dm_arena_take(g->arena, (size_t)vocabulary * sizeof(int)),
                 .weight = dm_arena_take(g->arena, (size_t)vocabulary * sizeof(double))};
    const int samples = o->n_best > 1 ? o->n_best : 1;
    return dm_stepwise_run(g, &(Stepwise){.job = job, .manner = &manner, .width = samples, .own = &draw}, found);
}

static bool is_wanted(const SearchJob *job)
{
    return job->options->sampling != DM_NO_SAMPLING;
}

const Strategy dm_sample_strategy = {"sample", is_wanted, run};
