// Alignments of pairs by a lexicon.
#include "core/memory.h"
#include "core/threads.h"
#include "data/expectation.h"

// ---- A pair ---------------------------------------------------------------------------------------------------------

// What both ways say of a link is the product of its shares; NULL has one way's alone, whose square it is. Of the words
// of a side, step cells apart, each takes the best of `others`, which are other_step apart, the last of them being
// NULL.
static void take_best(int *from, const BothWays *share, Side side, int words, size_t step, int others,
                      size_t other_step)
{
    for (int k = 0; k < words && from; k++) {
        const BothWays *cell = share + (size_t)k * step;
        const double alone = cell[(size_t)others * other_step].of[side];
        double best = alone * alone;
        from[k] = DM_NO_PIECE;
        for (int other = 0; other < others; other++, cell += other_step) {
            const double both = cell->of[DM_SOURCE] * cell->of[DM_TARGET];
            if (both > best) best = both, from[k] = other;
        }
    }
}

// Of a pair with at most MOST_WORDS on either side.
static void align_short(const Lexicon *lexicon, Workspace *w, BothWays *share, const PiecePair *p,
                        const uint32_t *entry, int *const from[2])
{
    const size_t width = (size_t)p->targets + 1;
    dm_expect_pair(share, lexicon, w, p, entry, NULL);
    take_best(from[DM_TARGET], share, DM_TARGET, p->targets, 1, p->sources, width);
    take_best(from[DM_SOURCE], share, DM_SOURCE, p->sources, width, p->targets, 1);
}

// Where part k of so many begins, of so many words.
static int cut(int words, int k, int parts)
{
    return (int)((long)words * k / parts);
}

static void move_on(int *from, int count, int by)
{
    for (int k = 0; k < count && from; k++)
        if (from[k] != DM_NO_PIECE) from[k] += by;
}

static void align_parts(const Lexicon *lexicon, Workspace *w, BothWays *share, const PiecePair *p, int *const from[2])
{
    const int longer = p->sources > p->targets ? p->sources : p->targets,
              parts = (longer + MOST_WORDS - 1) / MOST_WORDS;
    for (int k = 0; k < parts && p->sources && p->targets; k++) {
        const int j = cut(p->sources, k, parts), i = cut(p->targets, k, parts);
        const int sources = cut(p->sources, k + 1, parts) - j, targets = cut(p->targets, k + 1, parts) - i;
        const PiecePair some = {p->source + j, p->target + i, sources ? sources : 1, targets ? targets : 1};
        int *const here[2] = {from[DM_SOURCE] ? from[DM_SOURCE] + j : NULL,
                              from[DM_TARGET] ? from[DM_TARGET] + i : NULL};
        align_short(lexicon, w, share, &some, NULL, here);
        move_on(here[DM_SOURCE], some.sources, i);
        move_on(here[DM_TARGET], some.targets, j);
    }
    for (int j = 0; j < p->sources && !p->targets && from[DM_SOURCE]; j++) from[DM_SOURCE][j] = DM_NO_PIECE;
    for (int i = 0; i < p->targets && !p->sources && from[DM_TARGET]; i++) from[DM_TARGET][i] = DM_NO_PIECE;
}

enum { MOST_CELLS = (MOST_WORDS + 1) * (MOST_WORDS + 1) };

void dm_lexicon_align(const Lexicon *lexicon, const PiecePair *pair, int *const from[2])
{
    Workspace *w = dm_workspaces_make(1);
    BothWays *share = dm_allocate(MOST_CELLS, sizeof *share);
    align_parts(lexicon, w, share, pair, from);
    dm_free(share);
    dm_workspaces_free(w, 1);
}

// ---- All pairs ------------------------------------------------------------------------------------------------------

enum { JOB_PAIRS = 64 };

typedef struct Aligning {
    const Lexicon *lexicon;
    int *const *const *from;
    Workspace *workspaces;
    BothWays **share;  // [threads]
    int part;
} Aligning;

static void align_some(void *context, int index, int thread)
{
    const Aligning *a = context;
    const Meetings *m = &a->lexicon->meetings;
    const int first = m->part[a->part] + index * JOB_PAIRS,
              end = first + JOB_PAIRS < m->part[a->part + 1] ? first + JOB_PAIRS : m->part[a->part + 1];
    for (int p = first; p < end; p++) {
        int *const from[2] = {a->from[DM_SOURCE][m->number[p]], a->from[DM_TARGET][m->number[p]]};
        align_short(a->lexicon, &a->workspaces[thread], a->share[thread], &m->pair[p], dm_meetings_of(m, p), from);
    }
}

void dm_lexicon_align_all(Lexicon *lexicon, const PiecePair *pairs, int count, int *const *const from[2], int threads)
{
    Meetings *m = &lexicon->meetings;
    Aligning a = {lexicon, from, dm_workspaces_make(threads), dm_allocate((size_t)threads, sizeof *a.share), 0};
    for (int k = 0; k < threads; k++) a.share[k] = dm_allocate(MOST_CELLS, sizeof **a.share);
    for (a.part = 0; a.part < m->parts; a.part++) {
        dm_meetings_load(m, a.part);
        dm_parallel(threads, (m->part[a.part + 1] - m->part[a.part] + JOB_PAIRS - 1) / JOB_PAIRS, align_some, &a);
    }
    for (int p = 0; p < count; p++) {
        int *const here[2] = {from[DM_SOURCE][p], from[DM_TARGET][p]};
        if (!dm_is_met(&pairs[p])) align_parts(lexicon, &a.workspaces[0], a.share[0], &pairs[p], here);
    }
    for (int k = 0; k < threads; k++) dm_free(a.share[k]);
    dm_free(a.share);
    dm_workspaces_free(a.workspaces, threads);
}
