// Decoding piece by piece, for the strategies that do so: one step serves the open hypotheses of all sentences of the
// batch; a sentence that is done leaves the batch. Which hypotheses go on, the strategy chooses. What they go on from
// is begin.c's.
#include "search/stepwise.h"

#include <math.h>

static Slots new_slots(Arena *arena, int n)
{
    size_t count = (size_t)n;
    return (Slots){dm_arena_take(arena, count * sizeof(Node *)), dm_arena_take(arena, count * sizeof(double)),
                   dm_arena_take(arena, count * sizeof(int)), dm_arena_take(arena, count * sizeof(int))};
}

// Whether a sentence that is open has a piece forced on it.
static bool any_is_forced(const Stepwise *s, Sentence *const *alive, int open)
{
    for (int i = 0; i < open; i++)
        if (dm_sentence_forced(s->job, alive[i], s->length).id >= 0) return true;
    return false;
}

// ---- Hypotheses -----------------------------------------------------------------------------------------------------

static void end_slot(const Stepwise *s, Sentence *sentence, const Slots *slots, int slot, int length)
{
    dm_sentence_end(s->job, sentence,
                    (Ended){.end = slots->end[slot], .count = length, .pieces = length, .total = slots->total[slot]});
}

// Of each of `width` hypotheses, one continuation may be the end, and one each of the stops.
int dm_stepwise_candidates(const Stepwise *s)
{
    return (2 + s->job->stop_count) * s->width;
}

void dm_stepwise_cut_off(const Stepwise *s, Sentence *sentence, int slot)
{
    end_slot(s, sentence, &s->now, slot, s->length - 1);
}

void dm_stepwise_end(const Stepwise *s, Sentence *sentence, const Candidate *c)
{
    dm_sentence_end(s->job, sentence,
                    (Ended){.end = s->now.end[c->slot],
                            .count = s->length - 1,
                            .pieces = s->length,
                            .total = c->total,
                            .id = c->id,
                            .last = c->log_probability});
}

void dm_stepwise_continue(Stepwise *s, const Candidate *c, int sample)
{
    Node *node = &s->nodes[s->made++];
    *node = (Node){s->now.end[c->slot], c->id, c->log_probability};
    s->next.end[s->taken] = node;
    s->next.total[s->taken] = c->total;
    s->next.id[s->taken] = c->id;
    s->next.sample[s->taken] = sample;
    s->from[s->taken++] = c->slot;
}

// ---- A step ---------------------------------------------------------------------------------------------------------

// What may follow each hypothesis.
static Scores score(Graph *g, Stepwise *s, const Begun *models, int slots, bool forced)
{
    const int enough = dm_stepwise_candidates(s) + dm_search_most_banned(&s->rules);
    const Decoded *decoded = dm_search_extend(g, s->job, models, &(NewPieces){.ids = s->now.id, .n = slots});
    if (!s->manner->whole_rows && !forced && !dm_search_needs_rows(s->job, enough))
        return dm_search_best(g, s->job, decoded, &(BestAsked){enough, s->output});
    const Scores scores = dm_search_rows(g, s->job, decoded);
    s->rules.vocabulary = scores.rows->cols;
    return scores;
}

static void forbid(Stepwise *s, const Sentence *sentence, const Scores *scores)
{
    const Forced forced = dm_sentence_forced(s->job, sentence, s->length);
    for (int slot = sentence->first; slot < sentence->first + sentence->open; slot++) {
        float *row = dm_row(scores->rows, slot);
        if (forced.id >= 0)
            dm_search_force(&s->rules, row, forced);
        else
            dm_search_forbid(&s->rules, row, s->now.end[slot]);
    }
}

// Whether what has ended is enough, with the open hypotheses in the slots from `first` on. A greedy one has no other.
static bool is_enough(const Stepwise *s, const Sentence *sentence, int first)
{
    const SearchEnd end = s->config->search.end;
    if (!s->manner->ends_when_full || sentence->ended < s->width) return false;
    if (end == DM_END_WHEN_FULL || s->width == 1) return true;
    double best = -INFINITY;
    for (int slot = first; slot < s->taken; slot++) best = fmax(best, s->next.total[slot]);
    const bool gains = end == DM_END_AT_LIMIT && s->job->options->normalize > 0;
    return dm_search_score(s->job, best, gains ? sentence->limit : s->length) <= sentence->ends[s->width - 1].score;
}

// Takes the sentence one piece further; its open hypotheses move to the next free slots. False: it is done.
static bool extend_sentence(Stepwise *s, Sentence *sentence, const Scores *scores)
{
    const int first = s->taken;
    if (scores->rows) forbid(s, sentence, scores);
    s->manner->choose(s, sentence, scores);
    const int open = s->taken - first;
    const bool enough = is_enough(s, sentence, first);
    if (!enough && open && s->length < sentence->limit) {
        sentence->first = first;
        sentence->open = open;
        return true;
    }
    if (!enough)  // the limit: the open ones end as they are
        for (int i = first; i < s->taken; i++) end_slot(s, sentence, &s->next, i, s->length);
    if (!sentence->ended)  // nothing could follow: what there was ends as it is
        for (int i = sentence->first; i < sentence->first + sentence->open; i++) dm_stepwise_cut_off(s, sentence, i);
    s->taken = first;
    return false;
}

static void show_partial(const Stepwise *s, Arena *arena, const Sentence *sentence)
{
    int *ids = dm_arena_take(arena, (size_t)s->length * sizeof(int));
    dm_search_history(ids, s->next.end[sentence->first], s->length);
    s->job->partial(s->job->context, sentence->index, ids, s->length);
}

// One piece more for all sentences that are alive; returns how many are so afterwards.
static int extend_all(Graph *g, Stepwise *s, const Begun *models, Sentence **alive, int open)
{
    int slots = 0;
    for (int i = 0; i < open; i++) slots += alive[i]->open;
    s->rules.length = ++s->length;
    s->taken = s->made = 0;
    s->nodes = dm_arena_take(g->arena, (size_t)open * (size_t)s->width * sizeof(Node));  // before the mark: they stay
    ArenaMark mark = dm_arena_mark(g->arena);
    const Scores scores = score(g, s, models, slots, any_is_forced(s, alive, open));
    int going_on = 0;
    for (int i = 0; i < open; i++)
        if (extend_sentence(s, alive[i], &scores)) alive[going_on++] = alive[i];
    for (int i = 0; i < going_on && s->job->partial && s->width == 1; i++) show_partial(s, g->arena, alive[i]);
    dm_arena_release(g->arena, mark);
    Slots spent = s->now;
    s->now = s->next;
    s->next = spent;
    return going_on;
}

// ---- From the start to the end --------------------------------------------------------------------------------------

// One slot for each sentence.
static void begin_sentences(Arena *arena, Stepwise *s, Sentence *sentences)
{
    const SearchJob *job = s->job;
    const dm_translate_options *o = job->options;
    const int count = job->source.spans.n;
    const size_t slots = (size_t)count * (size_t)s->width;
    s->config = &job->models[0]->config;
    s->now = new_slots(arena, (int)slots);
    s->next = new_slots(arena, (int)slots);
    s->from = dm_arena_take(arena, slots * sizeof(int));
    int longest = 0;
    for (int i = 0; i < count; i++) {
        sentences[i] = dm_sentence_begin(arena, job, i, s->width);
        sentences[i].first = i;
        sentences[i].open = 1;
        s->now.end[i] = NULL;
        s->now.total[i] = 0;
        s->now.id[i] = dm_first_read(s->config, job->source, i);
        if (sentences[i].limit > longest) longest = sentences[i].limit;
    }
    s->rules = (Rules){.config = s->config, .options = o, .vocabulary = dm_search_reach(job)};
    if (o->no_repeat_ngram) s->rules.history = dm_arena_take(arena, (size_t)longest * sizeof(int));
}

bool dm_stepwise_run(Graph *g, Stepwise *s, Found *found)
{
    const SearchJob *job = s->job;
    const int count = job->source.spans.n, models = job->model_count;
    const dm_translate_options *o = job->options;
    Begun *begun = dm_arena_take(g->arena, (size_t)models * sizeof *begun);
    for (int m = 0; m < models; m++) begun[m] = dm_search_begin(g, job, m, NULL);
    Sentence *sentences = dm_arena_take(g->arena, (size_t)count * sizeof *sentences);
    Sentence **alive = dm_arena_take(g->arena, (size_t)count * sizeof *alive);
    for (int i = 0; i < count; i++) alive[i] = &sentences[i];
    begin_sentences(g->arena, s, sentences);
    if (job->shortlist && models == 1) s->output = dm_shortlist_output(job->shortlist, g, job->models[0], job->source);
    int open = count;
    bool stopped = false;
    while (open && !stopped) {
        open = extend_all(g, s, begun, alive, open);
        for (int m = 0; m < models && open; m++)
            job->models[m]->architecture->keep(begun[m].state, s->from, NULL, s->taken, 1);
        stopped = open && dm_search_is_stopped(o);
    }
    for (int m = 0; m < models && !job->states; m++) job->models[m]->architecture->finish(begun[m].state);
    dm_short_output_free(s->output);
    for (int i = 0; i < count && !stopped; i++) found[i] = dm_sentence_found(g->arena, job, &sentences[i]);
    return !stopped;
}
