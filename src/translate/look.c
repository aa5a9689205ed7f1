// The decoder reads what the search has found once more, as in training, with a tap that keeps the attention.
#include "translate/look.h"

#include <math.h>
#include <string.h>

// All hypotheses of all sentences behind one another, each with an end of sentence; `source` says whose each is.
static Tokens hypotheses_of(Arena *arena, int eos, int n, const Found *found, int **source)
{
    int count = 0, pieces = 0;
    for (int i = 0; i < n; i++) count += found[i].count;
    for (int i = 0; i < n; i++)
        for (int h = 0; h < found[i].count; h++) pieces += found[i].best[h].count + 1;
    int *lengths = dm_arena_take(arena, (size_t)count * sizeof(int));
    int *ids = dm_arena_take(arena, (size_t)pieces * sizeof(int)), *at = ids;
    *source = dm_arena_take(arena, (size_t)count * sizeof(int));
    count = 0;
    for (int i = 0; i < n; i++)
        for (int h = 0; h < found[i].count; h++) {
            const Hypothesis *hypothesis = &found[i].best[h];
            if (hypothesis->count) memcpy(at, hypothesis->ids, (size_t)hypothesis->count * sizeof(int));
            at += hypothesis->count;
            *at++ = eos;
            (*source)[count] = i;
            lengths[count++] = hypothesis->count + 1;
        }
    return dm_tokens(arena, count, lengths, ids);
}

static Look look_of(Arena *arena, const AttentionView *view, const AlignmentHeads *heads, int sequence)
{
    const int steps = view->queries.length[sequence], columns = view->keys.length[sequence];
    Look look = {steps - 1, columns, dm_arena_take(arena, (size_t)(steps * columns) * sizeof(float))};
    for (int row = 0; row < look.rows; row++)
        for (int column = 0; column < columns; column++) {
            float sum = 0;
            for (int i = 0; i < heads->head_count; i++)
                sum += view->probabilities[sequence][(heads->heads[i] * steps + row + heads->shift) * columns + column];
            look.weights[row * columns + column] = sum / (float)heads->head_count;
        }
    return look;
}

Look **dm_looks(Graph *g, const Model *model, const AlignmentHeads *heads, const SearchJob *job, const Found *found)
{
    const Tokens source = job->source;
    const int n = source.spans.n;
    int *whose;
    Memory memory = model->architecture->encode(g, model, source);
    const Tokens written = hypotheses_of(g->arena, model->config.eos, n, found, &whose),
                 known = dm_readable(g->arena, model, written, job->unknown),
                 read = dm_shifted(g->arena, known, model->config.decoder_start);
    int *start = dm_arena_take(g->arena, (size_t)read.spans.n * sizeof(int));
    int *length = dm_arena_take(g->arena, (size_t)read.spans.n * sizeof(int));
    for (int i = 0; i < read.spans.n; i++) {
        start[i] = memory.spans.start[whose[i]];
        length[i] = memory.spans.length[whose[i]];
    }
    AttentionTap tap = {.only_cross = true, .only_layer = heads->layer + 1};
    g->tap = &tap;
    g->whole_target = heads->whole;
    memory.spans = (Spans){read.spans.n, start, length};
    model->architecture->decode(g, model, memory, read);
    g->tap = NULL;
    g->whole_target = false;

    Look **looks = dm_arena_take(g->arena, (size_t)n * sizeof *looks);
    for (int i = 0, sequence = 0; i < n; i++) {
        looks[i] = dm_arena_take(g->arena, (size_t)found[i].count * sizeof **looks);
        for (int h = 0; h < found[i].count; h++) looks[i][h] = look_of(g->arena, tap.first, heads, sequence++);
    }
    return looks;
}

// sum_i log(min(1, sum_j a_ij)) (Wu et al. 2016, equation 14). What nothing looks at counts as 1e-10, not as nothing.
static double coverage(const Look *look)
{
    double sum = 0;
    for (int column = 0; column + 1 < look->columns; column++) {
        double seen = 0;
        for (int row = 0; row < look->rows; row++) seen += (double)look->weights[row * look->columns + column];
        sum += log(fmin(1, fmax(seen, 1e-10)));
    }
    return sum;
}

void dm_rank_by_coverage(const dm_translate_options *options, Found *found, Look *looks)
{
    for (int i = 0; i < found->count; i++) {
        Hypothesis h = found->best[i];
        const Look look = looks[i];
        h.score += options->coverage_penalty * coverage(&look);
        int at = i;
        for (; at > 0 && found->best[at - 1].score < h.score; at--) {
            found->best[at] = found->best[at - 1];
            looks[at] = looks[at - 1];
        }
        found->best[at] = h;
        looks[at] = look;
    }
    const int wanted = options->n_best > 1 ? options->n_best : 1;
    if (found->count > wanted) found->count = wanted;
}
