// Candidates: where the pieces come from that may continue a hypothesis.
#include <math.h>

#include "search/search_parts.h"

enum { BLOCK = 64 };  // log probabilities that are compared with the worst one kept at once

static bool is_better(const Candidate *a, const Candidate *b)
{
    if (a->worth != b->worth) return a->worth > b->worth;
    return a->slot != b->slot ? a->slot < b->slot : a->id < b->id;
}

// What has probability zero, or none at all (NaN), is no continuation.
void dm_search_keep(Best *best, const Candidate *candidate)
{
    if (!(candidate->worth > -INFINITY)) return;
    int at = best->count;
    if (at < best->room)
        best->count++;
    else if (!is_better(candidate, &best->list[--at]))
        return;
    for (; at > 0 && is_better(candidate, &best->list[at - 1]); at--) best->list[at] = best->list[at - 1];
    best->list[at] = *candidate;
}

// log of the mean of the probabilities that the members give, into the first one's.
static void mean_probability(Tensor *const *member, int members)
{
    for (int row = 0; row < member[0]->rows; row++)
        for (int id = 0; id < member[0]->cols; id++) {
            float highest = -INFINITY, sum = 0;
            for (int m = 0; m < members; m++) highest = fmaxf(highest, dm_row(member[m], row)[id]);
            for (int m = 0; m < members; m++) sum += expf(dm_row(member[m], row)[id] - highest);
            dm_row(member[0], row)[id] = highest + logf(sum / (float)members);
        }
}

const Decoded *dm_search_extend(Graph *g, const SearchJob *job, const Begun *models, const NewPieces *pieces)
{
    Decoded *decoded = dm_arena_take(g->arena, (size_t)job->model_count * sizeof *decoded);
    for (int m = 0; m < job->model_count; m++) {
        const Model *model = job->models[m];
        const Tokens read = dm_readable(g->arena, model, (Tokens){.n = pieces->n, .ids = pieces->ids}, job->unknown);
        decoded[m] = dm_extend_rows(g, model, models[m].state, models[m].memory,
                                    job->copies ? job->copies : job->source.ids, read.ids, pieces->lengths);
    }
    return decoded;
}

Scores dm_search_rows(Graph *g, const SearchJob *job, const Decoded *decoded)
{
    Tensor **member = dm_arena_take(g->arena, (size_t)job->model_count * sizeof(Tensor *));
    for (int m = 0; m < job->model_count; m++) {
        const OutputLayer *output = &job->models[m]->output;
        member[m] = output->kind->log_probabilities(g, output, &decoded[m]);
    }
    if (job->model_count > 1) mean_probability(member, job->model_count);
    return (Scores){.rows = member[0]};
}

Scores dm_search_best(Graph *g, const SearchJob *job, const Decoded *decoded, const BestAsked *asked)
{
    const OutputLayer *output = asked->output ? asked->output : &job->models[0]->output;
    return (Scores){.best = output->kind->next_pieces(g, output, decoded, asked->enough)};
}

bool dm_search_needs_rows(const SearchJob *job, int enough)
{
    enum { MANY = 256 };
    return job->model_count > 1 || job->options->no_repeat_ngram || job->models[0]->config.search.renormalize ||
           enough > MANY;
}

static bool any_above(const float *p, int n, float threshold)
{
    int any = 0;
    for (int i = 0; i < n; i++) any |= p[i] > threshold;
    return any;
}

// Nearly every block of a row lies below the worst candidate kept and is passed over by one comparison without
// branches.
static void continue_row(const Tensor *rows, int slot, double total, Best *best)
{
    const float *row = dm_row(rows, slot);
    for (int from = 0; from < rows->cols; from += BLOCK) {
        int to = from + BLOCK < rows->cols ? from + BLOCK : rows->cols;
        if (best->count == best->room) {
            double gap = best->list[best->count - 1].worth - total;
            float below = (float)(gap - 1e-6 * (1 + fabs(gap)));  // room for rounding: dm_search_keep decides
            if (!any_above(row + from, to - from, below)) continue;
        }
        for (int id = from; id < to; id++) {
            double sum = total + (double)row[id];
            if (best->count < best->room || sum > best->list[best->count - 1].worth)
                dm_search_keep(best, &(Candidate){sum, sum, row[id], slot, id});
        }
    }
}

void dm_search_continue(const Scores *scores, const Rules *rules, int slot, double total, Best *best)
{
    if (scores->rows) {
        continue_row(scores->rows, slot, total, best);
        return;
    }
    const NextPieces *next = &scores->best;
    const int *id = next->ids + (size_t)slot * (size_t)next->best;
    for (int k = 0; k < next->best && id[k] >= 0; k++) {
        const float p = dm_row(next->logits, slot)[k] - next->log_sums[slot];
        const double sum = total + (double)p;
        if (best->count == best->room && sum < best->list[best->count - 1].worth) return;  // so are those behind it
        if (!dm_search_is_banned(rules, id[k])) dm_search_keep(best, &(Candidate){sum, sum, p, slot, id[k]});
    }
}
