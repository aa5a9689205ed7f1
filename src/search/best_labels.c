// Labels: those of a sentence do not hang on one another, so that the best of each are the best of all. The k-th
// hypothesis has of every place the k-th best label, each with its probability: alternatives stand below one another.
#include <math.h>
#include <string.h>

#include "search/search_parts.h"

// The places of all sentences behind one another.
static Tokens places_of(Arena *arena, const SearchJob *job)
{
    const int n = job->source.spans.n;
    int *lengths = dm_arena_take(arena, (size_t)n * sizeof(int)), all = 0;
    for (int i = 0; i < n; i++) all += lengths[i] = job->places[i].count;
    int *places = dm_arena_take(arena, (size_t)all * sizeof(int)), *at = places;
    for (int i = 0; i < n; at += lengths[i++])
        if (lengths[i]) memcpy(at, job->places[i].id, (size_t)lengths[i] * sizeof(int));
    return dm_tokens(arena, n, lengths, places);
}

static Tensor *rows_of(Graph *g, const Model *model, Tokens source, Tokens places)
{
    const Architecture *a = model->architecture;
    const Memory memory = a->encode(g, model, source);
    const Decoded decoded = {.features = a->decode(g, model, memory, places)};
    return model->output.kind->log_probabilities(g, &model->output, &decoded);
}

// Of several models the logarithm of the mean of their probabilities, in the first one's rows.
static Tensor *log_probabilities(Graph *g, const SearchJob *job, Tokens places)
{
    Tensor *mean = rows_of(g, job->models[0], job->source, places);
    const int models = job->model_count;
    for (int m = 1; m < models; m++) {
        const Tensor *other = rows_of(g, job->models[m], job->source, places);
        for (int i = 0; i < mean->rows; i++)
            for (int id = 0; id < mean->cols; id++) {
                float *p = dm_row(mean, i) + id;
                const double sum = (m == 1 ? exp((double)*p) : (double)*p) + exp((double)dm_row(other, i)[id]);
                *p = (float)(m + 1 == models ? log(sum / models) : sum);
            }
    }
    return mean;
}

// The best `count` of a row, in order; among equals the lower id first.
static void best_of(const float *row, int cols, int *best, int count)
{
    int kept = 0;
    for (int id = 0; id < cols; id++) {
        if (kept == count && !(row[id] > row[best[count - 1]])) continue;
        int at = kept < count ? kept++ : count - 1;
        for (; at > 0 && row[id] > row[best[at - 1]]; at--) best[at] = best[at - 1];
        best[at] = id;
    }
}

static Found found_of(Arena *arena, const dm_translate_options *o, const Tensor *rows, int first, int count)
{
    const int asked = o->n_best > 1 ? o->n_best : 1, wanted = asked < rows->cols ? asked : rows->cols;
    Found found = {wanted, dm_arena_take(arena, (size_t)wanted * sizeof(Hypothesis))};
    int *best = dm_arena_take(arena, (size_t)wanted * sizeof(int));
    for (int k = 0; k < wanted; k++)
        found.best[k] = (Hypothesis){.ids = dm_arena_take(arena, (size_t)count * sizeof(int)),
                                     .piece_scores = dm_arena_take(arena, (size_t)count * sizeof(double)),
                                     .count = count,
                                     .pieces = count};
    for (int i = 0; i < count; i++) {
        const float *row = dm_row(rows, first + i);
        best_of(row, rows->cols, best, wanted);
        for (int k = 0; k < wanted; k++) {
            Hypothesis *h = &found.best[k];
            h->ids[i] = best[k];
            h->piece_scores[i] = (double)row[best[k]];
            h->log_probability += h->piece_scores[i];
        }
    }
    for (int k = 0; k < wanted; k++)
        found.best[k].score = count ? found.best[k].log_probability / pow(count, o->normalize) : 0;
    return found;
}

static bool run(Graph *g, const SearchJob *job, Found *found)
{
    if (dm_search_is_stopped(job->options)) return false;
    const Tokens places = places_of(g->arena, job);
    const Tensor *rows = log_probabilities(g, job, places);
    for (int i = 0; i < places.spans.n; i++)
        found[i] = found_of(g->arena, job->options, rows, places.spans.start[i], places.spans.length[i]);
    return true;
}

static bool is_wanted(const SearchJob *job)
{
    return job->places != NULL;
}

const Strategy dm_labels_strategy = {"labels", is_wanted, run};
