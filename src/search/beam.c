// Beam search: at each step the 2 * beam best continuations of a sentence (ties: the lower hypothesis, then the lower
// id; more where other pieces may end one) are gone through in order; those that end among the first `beam` are
// finished, the first `beam` others go on. It ends when `beam` hypotheses are finished, or at the length limit, where
// the open ones end as they are. Greedy search is a beam of one.
#include "search/stepwise.h"

typedef struct Beam {
    Best best, mine;  // continuations: of a sentence, and of one of its hypotheses
} Beam;

static Best new_best(Arena *arena, int room)
{
    return (Best){dm_arena_take(arena, (size_t)room * sizeof(Candidate)), 0, room};
}

// The best continuations of a sentence, in order.
static const Best *find_best(const Stepwise *s, const Sentence *sentence, const Scores *scores)
{
    const double diversity = s->job->options->diversity;
    Beam *beam = s->own;
    beam->best.count = 0;
    for (int slot = sentence->first; slot < sentence->first + sentence->open; slot++) {
        if (diversity <= 0) {
            dm_search_continue(scores, &s->rules, slot, s->now.total[slot], &beam->best);
            continue;
        }
        beam->mine.count = 0;
        dm_search_continue(scores, &s->rules, slot, s->now.total[slot], &beam->mine);
        for (int k = 0; k < beam->mine.count; k++) {
            beam->mine.list[k].worth -= diversity * k;
            dm_search_keep(&beam->best, &beam->mine.list[k]);
        }
    }
    return &beam->best;
}

static void choose(Stepwise *s, Sentence *sentence, const Scores *scores)
{
    const int size = s->width, first = s->taken;
    const Best *best = find_best(s, sentence, scores);
    for (int i = 0; i < best->count; i++) {
        const Candidate *c = &best->list[i];
        if (!dm_search_ends(s->job, c->id)) {
            if (s->taken - first < size) dm_stepwise_continue(s, c, 0);
        } else if (i < size) {
            dm_stepwise_end(s, sentence, c);
        }
    }
}

static bool run(Graph *g, const SearchJob *job, Found *found)
{
    static const Manner manner = {.choose = choose, .ends_when_full = true};
    const int width = job->options->beam_size;
    Stepwise s = {.job = job, .manner = &manner, .width = width};
    const int room = dm_stepwise_candidates(&s);
    Beam beam = {new_best(g->arena, room), new_best(g->arena, room)};
    s.own = &beam;
    return dm_stepwise_run(g, &s, found);
}

static bool is_wanted(const SearchJob *job)
{
    (void)job;
    return true;
}

const Strategy dm_beam_strategy = {"beam", is_wanted, run};
