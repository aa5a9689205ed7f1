// IBM Model 1 with a prior that favours the diagonal, learnt by EM: fast_align (Dyer, Chahuneau and Smith 2013). The
// likelihood of the target words of a pair is the product over i of the sum over j of d(j | i, m, n) t(target_i |
// source_j), where d is the diagonal (diagonal.h) and one j stands for NULL; of the source words the other way round.
// Both ways are learnt at once, from one table.
#include "data/lexicon.h"

#include <math.h>

#include "core/memory.h"
#include "data/expectation.h"

// The tension begins next to nothing, so that the words decide first, and grows with what they have decided, not at
// once: likelihood alone would have it high, even of text whose order changes, and then words are held to their place.
static const double least_tension = 0.1, most_tension = 50, growth = 3;
static const double concentration = 0.01;  // alpha of the Dirichlet prior that t has

PiecePair dm_lexicon_pair(const Corpus *corpus, int pair)
{
    return (PiecePair){corpus->ids + corpus->source[pair], corpus->ids + corpus->target[pair],
                       corpus->source_length[pair] - 1, corpus->target_length[pair] - 1};
}

static size_t count_meetings(const Corpus *corpus, int every)
{
    size_t sum = 0;
    for (int p = 0; p < corpus->pairs; p += every) {
        const PiecePair pair = dm_lexicon_pair(corpus, p);
        if (dm_is_met(&pair)) sum += dm_pair_meetings(&pair);
    }
    return sum;
}

PiecePair *dm_lexicon_pairs(const Corpus *corpus, int *count)
{
    enum { ENOUGH = 1 << 25 };  // meetings
    int every = 1;
    while (count_meetings(corpus, every) > ENOUGH) every++;
    PiecePair *pairs = dm_allocate((size_t)corpus->pairs, sizeof *pairs);
    *count = 0;
    for (int p = 0; p < corpus->pairs; p += every) pairs[(*count)++] = dm_lexicon_pair(corpus, p);
    return pairs;
}

// ---- Maximisation ---------------------------------------------------------------------------------------------------

// exp(digamma(x)), x > 0: what variational Bayes makes of a count (Johnson 2007, "Why doesn't EM find good HMM
// POS-taggers?"). By digamma(x) = digamma(x + 1) - 1 / x, and for large x by a series (Abramowitz and Stegun, 6.3.18).
static double exp_digamma(double x)
{
    double below = 0;
    for (; x < 6; x++) below += 1 / x;
    const double y = 1 / (x * x);
    return x * exp(-0.5 / x - y * (1. / 12 - y * (1. / 120 - y * (1. / 252 - y * (1. / 240 - y / 132)))) - below);
}

// One step of Newton's method up the likelihood of each way's tension: its slope is what the distances are in
// expectation under the prior less what they are.
static void learn_tension(Lexicon *lexicon, const PairSums *sums)
{
    for (Side side = DM_SOURCE; side <= DM_TARGET; side++) {
        double words = 0, *tension = &lexicon->tension[side];
        const Meetings *m = &lexicon->meetings;
        for (int p = 0; p < m->pairs; p++) words += side == DM_SOURCE ? m->pair[p].sources : m->pair[p].targets;
        const double linked = sums->words.of[side] / words;
        const double slope = linked * sums->mean.of[side] - sums->distance.of[side],
                     bend = linked * sums->variance.of[side];
        if (!(bend > 0)) continue;
        *tension = fmin(fmax(*tension + slope / bend, *tension / growth), *tension * growth);
        *tension = fmin(fmax(*tension, least_tension), most_tension);
    }
}

static void maximise(Lexicon *lexicon, const BothWays *count)
{
    const Meetings *m = &lexicon->meetings;
    double *column = dm_allocate((size_t)m->targets + 1, sizeof *column);
    for (size_t e = 0; e < m->row[m->sources]; e++) column[m->target[e]] += count[e].of[DM_SOURCE] + concentration;
    for (int t = 0; t <= m->targets; t++)
        if (column[t] > 0) column[t] = 1 / exp_digamma(column[t]);
    for (int s = 0; s <= m->sources; s++) {
        double sum = 0;
        for (size_t e = m->row[s]; e < m->row[s + 1]; e++)
            if (m->target[e] < m->targets) sum += count[e].of[DM_TARGET] + concentration;
        sum = sum > 0 ? 1 / exp_digamma(sum) : 0;
        for (size_t e = m->row[s]; e < m->row[s + 1]; e++) {
            const int t = m->target[e];
            lexicon->chance[e].of[DM_TARGET] =
                t < m->targets ? exp_digamma(count[e].of[DM_TARGET] + concentration) * sum : 0;
            lexicon->chance[e].of[DM_SOURCE] =
                s < m->sources ? exp_digamma(count[e].of[DM_SOURCE] + concentration) * column[t] : 0;
        }
    }
    dm_free(column);
}

// ---- EM -------------------------------------------------------------------------------------------------------------

static void begin(Lexicon *lexicon)
{
    const Meetings *m = &lexicon->meetings;
    const size_t entries = m->row[m->sources + 1];
    lexicon->chance = dm_allocate(entries, sizeof *lexicon->chance);
    for (size_t e = 0; e < entries; e++) {
        lexicon->chance[e].of[DM_TARGET] = 1.0 / m->targets;
        lexicon->chance[e].of[DM_SOURCE] = 1.0 / m->sources;
    }
    lexicon->tension[DM_SOURCE] = lexicon->tension[DM_TARGET] = least_tension;
}

bool dm_lexicon_fit(Lexicon *lexicon, const PiecePair *pairs, int count, int threads, Stop *stop)
{
    *lexicon = (Lexicon){.meetings = dm_meetings_find(pairs, count, MOST_MEETINGS)};
    begin(lexicon);
    const Meetings *m = &lexicon->meetings;
    BothWays *counts = dm_allocate(m->row[m->sources + 1], sizeof *counts);
    Workspace *workspaces = dm_workspaces_make(threads);
    PairSums *sums = dm_allocate(1, sizeof *sums);
    for (int round = 0; round < LEXICON_ROUNDS && !dm_stop_asked(stop); round++) {
        dm_expect(counts, sums, lexicon, workspaces, threads, stop);
        for (Side side = DM_SOURCE; side <= DM_TARGET; side++)
            lexicon->log_likelihood[side][round] = sums->log_likelihood.of[side];
        maximise(lexicon, counts);
        if (round) learn_tension(lexicon, sums);
    }
    dm_free(sums);
    dm_workspaces_free(workspaces, threads);
    dm_free(counts);
    return !dm_stop_asked(stop);
}

void dm_lexicon_free(Lexicon *lexicon)
{
    dm_meetings_free(&lexicon->meetings);
    dm_free(lexicon->chance);
    *lexicon = (Lexicon){0};
}

BothWays dm_lexicon_chance(const Lexicon *lexicon, int source, int target)
{
    const Meetings *m = &lexicon->meetings;
    if (source >= m->sources || target >= m->targets) return (BothWays){{0, 0}};
    const size_t e = dm_meetings_entry(m, source < 0 ? m->sources : source, target < 0 ? m->targets : target);
    return e == DM_NEVER_MET ? (BothWays){{0, 0}} : lexicon->chance[e];
}
