// Expectation, pair by pair, and its sums, whose order does not depend on the threads.
#include "data/expectation.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/threads.h"

Workspace *dm_workspaces_make(int threads)
{
    Workspace *all = dm_allocate((size_t)threads, sizeof *all);
    for (int k = 0; k < threads; k++) {
        dm_diagonal_make(&all[k].diagonal);
        all[k].chance = dm_allocate((MOST_WORDS + 1) * (MOST_WORDS + 1), sizeof(BothWays));
        all[k].column = dm_allocate(MOST_WORDS + 1, sizeof(BothWays));
    }
    return all;
}

void dm_workspaces_free(Workspace *all, int threads)
{
    for (int k = 0; k < threads; k++) {
        dm_diagonal_free(&all[k].diagonal);
        dm_free(all[k].chance);
        dm_free(all[k].column);
    }
    dm_free(all);
}

// ---- A pair ---------------------------------------------------------------------------------------------------------

// The sum of logarithms, with few logarithms.
typedef struct LogSum {
    double sum, product;
} LogSum;

static void take_log(LogSum *l, double factor)
{
    l->product *= factor;
    if (l->product > 1e-200) return;
    l->sum += log(l->product);
    l->product = 1;
}

static double log_of(const LogSum *l)
{
    return l->sum + log(l->product);
}

// Of NULL's own row and column, and of words that nobody knows, nothing is shared out.
static double inverse(double sum)
{
    return sum > 0 ? 1 / sum : 0;
}

static void expect_gathered(BothWays *share, const Lexicon *lexicon, Workspace *w, const PiecePair *pair,
                            PairSums *sums)
{
    const int n = pair->sources, m = pair->targets;
    dm_diagonal_set(&w->diagonal, n, m, lexicon->tension);
    const BothWays *prior = w->diagonal.prior;
    BothWays *column = w->column;
    double row[MOST_WORDS + 1];
    size_t cell = 0;
    memset(column, 0, (size_t)(m + 1) * sizeof *column);
    for (int j = 0; j <= n; j++) {
        row[j] = 0;
        for (int i = 0; i <= m; i++, cell++) {
            const BothWays *t = &w->chance[cell];
            share[cell].of[DM_SOURCE] = prior[cell].of[DM_SOURCE] * t->of[DM_SOURCE];
            share[cell].of[DM_TARGET] = prior[cell].of[DM_TARGET] * t->of[DM_TARGET];
            row[j] += share[cell].of[DM_SOURCE];
            column[i].of[DM_TARGET] += share[cell].of[DM_TARGET];
        }
    }
    if (sums) {
        LogSum source = {0, 1}, target = {0, 1};
        for (int j = 0; j < n; j++) take_log(&source, row[j]);
        for (int i = 0; i < m; i++) take_log(&target, column[i].of[DM_TARGET]);
        sums->log_likelihood.of[DM_SOURCE] += log_of(&source);
        sums->log_likelihood.of[DM_TARGET] += log_of(&target);
    }
    for (int i = 0; i <= m; i++) column[i].of[DM_TARGET] = inverse(column[i].of[DM_TARGET]);
    BothWays distance = {{0, 0}};
    cell = 0;
    for (int j = 0; j <= n; j++) {
        const double scale = inverse(row[j]);
        for (int i = 0; i <= m; i++, cell++) {
            share[cell].of[DM_SOURCE] *= scale;
            share[cell].of[DM_TARGET] *= column[i].of[DM_TARGET];
            distance.of[DM_SOURCE] += share[cell].of[DM_SOURCE] * w->diagonal.distance[cell];
            distance.of[DM_TARGET] += share[cell].of[DM_TARGET] * w->diagonal.distance[cell];
        }
    }
    if (!sums) return;
    for (Side side = DM_SOURCE; side <= DM_TARGET; side++) {
        sums->distance.of[side] += distance.of[side];
        sums->mean.of[side] += w->diagonal.mean.of[side];
        sums->variance.of[side] += w->diagonal.variance.of[side];
    }
    for (int j = 0; j < n; j++) sums->words.of[DM_SOURCE] += 1 - share[j * (m + 1) + m].of[DM_SOURCE];
    for (int i = 0; i < m; i++) sums->words.of[DM_TARGET] += 1 - share[n * (m + 1) + i].of[DM_TARGET];
}

static void gather(Workspace *w, const Lexicon *lexicon, const PiecePair *p, const uint32_t *entry)
{
    const size_t cells = dm_pair_meetings(p);
    if (entry) {
        for (size_t cell = 0; cell < cells; cell++) w->chance[cell] = lexicon->chance[entry[cell]];
        return;
    }
    const Meetings *m = &lexicon->meetings;
    BothWays *chance = w->chance;
    for (int j = 0; j <= p->sources; j++)
        for (int i = 0; i <= p->targets; i++) {
            const int source = j < p->sources ? p->source[j] : m->sources;
            const int target = i < p->targets ? p->target[i] : m->targets;
            // A word that is not known at all is not the NULL that stands behind those that are.
            const bool unknown = (j < p->sources && source >= m->sources) || (i < p->targets && target >= m->targets);
            const size_t e = unknown ? DM_NEVER_MET : dm_meetings_entry(m, source, target);
            *chance++ = e == DM_NEVER_MET ? (BothWays){{0, 0}} : lexicon->chance[e];
        }
}

void dm_expect_pair(BothWays *share, const Lexicon *lexicon, Workspace *w, const PiecePair *pair, const uint32_t *entry,
                    PairSums *sums)
{
    gather(w, lexicon, pair, entry);
    expect_gathered(share, lexicon, w, pair, sums);
}

// ---- All pairs ------------------------------------------------------------------------------------------------------

enum {
    JOB_PAIRS = 64,            // that a thread takes at once, and whose sums are added up together
    BLOCK_MEETINGS = 1 << 16,  // of which the shares are held at a time, for each thread, about
};

// A block of jobs: first each job is done by one thread, then each entry of the table is counted by one thread, in the
// order of the meetings.
typedef struct Block {
    const Lexicon *lexicon;
    Workspace *workspaces;
    int threads;
    int from, to;     // pairs
    BothWays *share;  // [meetings of the block]
    PairSums *sums;   // [jobs of the block]
    BothWays *count;
} Block;

static void expect_some(void *context, int index, int thread)
{
    const Block *b = context;
    const Meetings *m = &b->lexicon->meetings;
    const int first = b->from + index * JOB_PAIRS, end = first + JOB_PAIRS < b->to ? first + JOB_PAIRS : b->to;
    PairSums *sums = &b->sums[index];
    *sums = (PairSums){0};
    for (int p = first; p < end; p++)
        dm_expect_pair(b->share + (m->first[p] - m->first[b->from]), b->lexicon, &b->workspaces[thread], &m->pair[p],
                       dm_meetings_of(m, p), sums);
}

// Entries of this one's part of the table.
static void count_some(void *context, int index, int thread)
{
    (void)thread;
    const Block *b = context;
    const Meetings *m = &b->lexicon->meetings;
    const size_t entries = m->row[m->sources + 1], cells = m->first[b->to] - m->first[b->from];
    const size_t first = entries * (size_t)index / (size_t)b->threads,
                 end = entries * (size_t)(index + 1) / (size_t)b->threads;
    const uint32_t *entry = dm_meetings_of(m, b->from);
    for (size_t c = 0; c < cells; c++) {
        const size_t e = entry[c];
        if (e < first || e >= end) continue;
        b->count[e].of[DM_SOURCE] += b->share[c].of[DM_SOURCE];
        b->count[e].of[DM_TARGET] += b->share[c].of[DM_TARGET];
    }
}

static void add_numbers(void *sum, const void *more, size_t count)
{
    double *a = sum;
    const double *b = more;
    for (size_t k = 0; k < count; k++) a[k] += b[k];
}

// Whole jobs that have about as many meetings as there is room for, and at least one.
static int end_of_block(const Meetings *m, int from, int end, size_t room)
{
    int to = from;
    do {
        to = end - to > JOB_PAIRS ? to + JOB_PAIRS : end;
    } while (to < end && m->first[to] - m->first[from] < room);
    return to;
}

static void expect_part(Block *b, Lexicon *lexicon, PairSums *sums, int part)
{
    Meetings *m = &lexicon->meetings;
    const size_t room = (size_t)BLOCK_MEETINGS * (size_t)b->threads;
    dm_meetings_load(m, part);
    for (b->from = m->part[part]; b->from < m->part[part + 1]; b->from = b->to) {
        b->to = end_of_block(m, b->from, m->part[part + 1], room);
        const int jobs = (b->to - b->from + JOB_PAIRS - 1) / JOB_PAIRS;
        b->share = dm_allocate(m->first[b->to] - m->first[b->from], sizeof *b->share);
        b->sums = dm_allocate((size_t)jobs, sizeof *b->sums);
        dm_parallel(b->threads, jobs, expect_some, b);
        dm_parallel(b->threads, b->threads, count_some, b);
        for (int k = 0; k < jobs; k++) add_numbers(sums, &b->sums[k], sizeof *sums / sizeof(double));
        dm_free(b->share);
        dm_free(b->sums);
    }
}

void dm_expect(BothWays *count, PairSums *sums, Lexicon *lexicon, Workspace *workspaces, int threads, Stop *stop)
{
    const Meetings *m = &lexicon->meetings;
    Block block = {.lexicon = lexicon, .workspaces = workspaces, .threads = threads, .count = count};
    memset(count, 0, m->row[m->sources + 1] * sizeof *count);
    *sums = (PairSums){0};
    for (int part = 0; part < m->parts && !dm_stop_asked(stop); part++) expect_part(&block, lexicon, sums, part);
}
