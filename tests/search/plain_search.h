// The reference that search is held against: no caches, no batches, everything sorted.
#pragma once
#include "core/memory.h"
#include "search/search.h"
#include "search/small_model.h"

enum { LONGEST = 64 };

typedef struct Plain {
    int ids[LONGEST], count, pieces;
    double total, score;
} Plain;

typedef struct PlainCandidate {
    double worth, total;
    int hypothesis, id;
} PlainCandidate;

typedef struct PlainSearch {
    const Model *models[2];
    int model_count, length;
    const int *ids, *prefix;
    int prefix_count;
    const dm_translate_options *options;
    Plain *finished;  // in the order of their ends, then of their scores
    int count, limit;
    bool close;  // some choice hung on a difference that rounding may make
} PlainSearch;

static inline int in_order(const void *a, const void *b)
{
    const PlainCandidate *x = a, *y = b;
    if (x->worth != y->worth) return x->worth > y->worth ? -1 : 1;
    if (x->hypothesis != y->hypothesis) return x->hypothesis - y->hypothesis;
    return x->id - y->id;
}

static inline void finish(PlainSearch *s, Plain h, int pieces, double total)
{
    h.pieces = pieces;
    h.total = total;
    h.score = total / pow(pieces, s->options->normalize);
    int at = s->count++;
    for (int i = 0; i < at; i++)
        if (fabs(h.score - s->finished[i].score) < 1e-4) s->close = true;
    for (; at > 0 && s->finished[at - 1].score < h.score; at--) s->finished[at] = s->finished[at - 1];
    s->finished[at] = h;
}

// log softmax in double of what follows a prefix, the whole prefix decoded anew.
static inline void next_log_probabilities(Graph *g, const Model *model, Memory memory, const Plain *h, double *out)
{
    int inputs[LONGEST + 1], length = h->count + 1, vocabulary = model->output.weight.rows;
    inputs[0] = model->config.decoder_start;
    memcpy(inputs + 1, h->ids, (size_t)h->count * sizeof(int));
    const Tensor *features = model->architecture->decode(g, model, memory, dm_tokens(g->arena, 1, &length, inputs));
    const float *x = dm_row(features, h->count);
    double largest = -INFINITY, sum = 0;
    for (int v = 0; v < vocabulary; v++) {
        out[v] = (double)model->output.bias.data[v];
        for (int i = 0; i < features->cols; i++) out[v] += (double)x[i] * (double)dm_row(&model->output.weight, v)[i];
        largest = fmax(largest, out[v]);
    }
    for (int v = 0; v < vocabulary; v++) sum += exp(out[v] - largest);
    for (int v = 0; v < vocabulary; v++) out[v] -= largest + log(sum);
}

// The logarithm of the mean of what the models say.
static inline void ask_all(Arena *arena, const PlainSearch *s, const Plain *h, double *out)
{
    const int vocabulary = s->models[0]->output.weight.rows;
    double *one = dm_allocate((size_t)vocabulary, sizeof *one);
    for (int v = 0; v < vocabulary; v++) out[v] = 0;
    for (int m = 0; m < s->model_count; m++) {
        Graph g = graph_for(arena, s->models[m]);
        const Memory memory =
            s->models[m]->architecture->encode(&g, s->models[m], dm_tokens(arena, 1, &s->length, s->ids));
        next_log_probabilities(&g, s->models[m], memory, h, one);
        for (int v = 0; v < vocabulary; v++) out[v] += exp(one[v]) / s->model_count;
    }
    for (int v = 0; v < vocabulary; v++) out[v] = log(out[v]);
    dm_free(one);
}

static inline bool repeats(const Plain *h, int id, int n)
{
    int ids[LONGEST + 1], count = h->count + 1;
    memcpy(ids, h->ids, sizeof h->ids);
    ids[h->count] = id;
    for (int at = 0; at + n < count; at++)
        if (memcmp(ids + at, ids + count - n, (size_t)n * sizeof(int)) == 0) return true;
    return false;
}

static inline bool may_follow(const PlainSearch *s, const Plain *h, int id)
{
    const ModelConfig *c = &s->models[0]->config;
    if (h->count < s->prefix_count) return id == s->prefix[h->count];
    for (int i = 0; i < c->search.bad_word_count; i++)
        if (id == c->search.bad_words[i]) return false;
    for (int i = 0; i < c->search.bad_first_count && h->count == c->search.says_first; i++)
        if (id == c->search.bad_first[i]) return false;
    if (id == c->pad || (id == c->eos && h->count < s->options->min_length)) return false;
    return id == c->eos || !s->options->no_repeat_ngram || !repeats(h, id, s->options->no_repeat_ngram);
}

// What the folder has at the beginning and at the end of a translation; -1: this is neither.
static inline int certain(const PlainSearch *s, const Plain *h)
{
    const ModelConfig *c = &s->models[0]->config;
    if (c->search.ends_at_limit && h->count + 1 == s->limit && s->limit == c->search.max_length) return c->eos;
    return c->search.says_first && h->count == 0 ? c->search.first : -1;
}

// log of the probability that pieces have which may follow.
static inline double allowed(const PlainSearch *s, const Plain *h, const double *scores)
{
    double sum = 0;
    for (int v = 0; v < s->models[0]->output.weight.rows; v++)
        if (may_follow(s, h, v)) sum += exp(scores[v]);
    return s->models[0]->config.search.renormalize && h->count >= s->prefix_count ? log(sum) : 0;
}

// The ways to continue a hypothesis, the best first, each by `diversity` worse than the one before.
static inline int continue_one(Arena *arena, PlainSearch *s, const Plain *h, int hypothesis, PlainCandidate *out)
{
    const int vocabulary = s->models[0]->output.weight.rows;
    double *scores = dm_allocate((size_t)vocabulary, sizeof *scores);
    int n = 0;
    ask_all(arena, s, h, scores);
    const double all = allowed(s, h, scores);
    const int only = certain(s, h);
    for (int v = 0; v < vocabulary; v++) {
        const double total = h->total + (only < 0 ? scores[v] - all : 0);
        if (only < 0 ? may_follow(s, h, v) : v == only) out[n++] = (PlainCandidate){total, total, hypothesis, v};
    }
    qsort(out, (size_t)n, sizeof *out, in_order);
    for (int i = 0; i < n && i < 2 * s->options->beam_size; i++) {
        if (i + 1 < n && out[i].total - out[i + 1].total < 1e-4) s->close = true;
        out[i].worth -= s->options->diversity * i;
    }
    dm_free(scores);
    return n < 2 * s->options->beam_size ? n : 2 * s->options->beam_size;
}

// Whether the best of the open ones, which are in order, is no better than the worst of those that are wanted.
static inline bool no_better_comes(PlainSearch *s, const Plain *open, int count, int length)
{
    const SearchEnd end = s->models[0]->config.search.end;
    const int size = s->options->beam_size;
    if (s->count < size) return false;
    if (end == DM_END_WHEN_FULL || size == 1 || !count) return true;
    const bool far = end == DM_END_AT_LIMIT && s->options->normalize > 0;
    const double best = open[0].total / pow(far ? s->limit : length, s->options->normalize);
    s->close = s->close || fabs(best - s->finished[size - 1].score) < 1e-4;
    return best <= s->finished[size - 1].score;
}

static inline void plain_search(PlainSearch *s)
{
    const dm_translate_options *o = s->options;
    Arena arena = {0};
    int vocabulary = s->models[0]->output.weight.rows, size = o->beam_size, open = 1, at = 0;
    int limit = (int)ceil(o->max_length_factor * s->length) + 10;
    if (limit < s->prefix_count + 10) limit = s->prefix_count + 10;
    const int most = o->max_length ? o->max_length : s->models[0]->config.search.max_length;
    if (most && limit > most) limit = most;
    s->limit = limit;
    s->finished = dm_allocate(((size_t)limit + 2) * (size_t)size, sizeof *s->finished);
    Plain *now = dm_allocate((size_t)size, sizeof *now), *next = dm_allocate((size_t)size, sizeof *next);
    PlainCandidate *all = dm_allocate((size_t)(size * vocabulary), sizeof *all);
    bool done = false;
    while (open && !done && at < limit) {
        int n = 0, kept = 0;
        for (int h = 0; h < open; h++) {
            dm_arena_reset(&arena);
            n += continue_one(&arena, s, &now[h], h, all + n);
        }
        qsort(all, (size_t)n, sizeof *all, in_order);
        at++;
        for (int i = 0; i < n && i < 2 * size; i++) {
            const Plain *from = &now[all[i].hypothesis];
            if (i + 1 < n && all[i].worth - all[i + 1].worth < 1e-4) s->close = true;
            if (all[i].id == s->models[0]->config.eos) {
                if (i < size) finish(s, *from, at, all[i].total);
            } else if (kept < size) {
                next[kept] = *from;
                next[kept].total = all[i].total;
                next[kept].ids[next[kept].count++] = all[i].id;
                kept++;
            }
        }
        Plain *swapped = now;
        now = next;
        next = swapped;
        open = kept;
        done = no_better_comes(s, now, open, at);
    }
    if (!done)
        for (int h = 0; h < open; h++) finish(s, now[h], now[h].count, now[h].total);
    if (s->count > 3 * size) s->count = 3 * size;
    dm_free(now);
    dm_free(next);
    dm_free(all);
    dm_arena_destroy(&arena);
}

static inline PlainSearch plain_search_of(const Model *model, int length, const int *ids,
                                          const dm_translate_options *options)
{
    PlainSearch s = {.models = {model}, .model_count = 1, .length = length, .ids = ids, .options = options};
    plain_search(&s);
    return s;
}
