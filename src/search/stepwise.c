// Decoding piece by piece, for the strategies that do so: one step serves the open hypotheses of all sentences of the
// batch; a sentence that is done leaves the batch. Which hypotheses go on, the strategy chooses. What they go on from
// is begin.c's.
#include "search/stepwise.h"

#include <limits.h>
#include <math.h>
#include <string.h>

// Room for hypotheses that ended, in widths. Where the search ends once `width` of them have: at most `width` end at a
// step, before it there were less, and at the limit the open ones come on top.
enum { ENDS = 3 };

static Slots new_slots(Arena *arena, int n)
{
    size_t count = (size_t)n;
    return (Slots){dm_arena_take(arena, count * sizeof(Node *)), dm_arena_take(arena, count * sizeof(double)),
                   dm_arena_take(arena, count * sizeof(int)), dm_arena_take(arena, count * sizeof(int))};
}

// ---- The beginning and the end that a sentence has to have ----------------------------------------------------------

// What the folder has every translation begin with, where the prefix does not begin so itself.
static int pieces_before_prefix(const SearchJob *job, int sentence)
{
    const SearchDefaults *d = &job->models[0]->config.search;
    const Ids *prefix = job->prefixes ? &job->prefixes[sentence] : NULL;
    return d->says_first && !(prefix && prefix->count && prefix->id[0] == d->first);
}

static int prefix_length(const SearchJob *job, int sentence)
{
    return (job->prefixes ? job->prefixes[sentence].count : 0) + pieces_before_prefix(job, sentence);
}

// What all of the models can write, and after it read with an end of sentence behind it; behind a text what its places
// leave.
static int most_pieces(const SearchJob *job, int sentence)
{
    int most = INT_MAX;
    for (int m = 0; m < job->model_count; m++) {
        const Model *model = job->models[m];
        const int longest = model->architecture->longest(&model->config);
        if (longest < most) most = longest;
    }
    return most - (dm_search_goes_on(job) ? dm_search_behind(job, sentence) : 1);
}

static void set_limit(const SearchJob *job, Sentence *sentence)
{
    const dm_translate_options *o = job->options;
    const SearchDefaults *d = &job->models[0]->config.search;
    if (job->limits) {
        sentence->limit = job->limits[sentence->index];
        return;
    }
    const bool own = o->max_length <= 0, alone = dm_search_goes_on(job);
    const int most = own ? d->max_length : o->max_length, prefix = prefix_length(job, sentence->index),
              able = most_pieces(job, sentence->index);
    double limit = alone ? INT_MAX : ceil(o->max_length_factor * job->source.spans.length[sentence->index]) + 10;
    if (limit < prefix + 10) limit = prefix + 10;
    if (limit < o->min_length) limit = o->min_length;
    sentence->ends_there = own && d->ends_at_limit && most > 0 && limit >= most && !alone;
    if (most > 0 && limit > most) limit = most;
    if (o->length_high) {
        limit = o->length_high + 1;
        sentence->ends_there = true;
    }
    if (limit > able) {
        limit = able;
        sentence->ends_there = false;
    }
    sentence->limit = limit < 1 ? 1 : limit > INT_MAX / 2 ? INT_MAX / 2 : (int)limit;
}

static Forced forced_piece(const Stepwise *s, const Sentence *sentence)
{
    const SearchDefaults *d = &s->config->search;
    const int before = pieces_before_prefix(s->job, sentence->index);
    if (sentence->ends_there && s->length == sentence->limit) return (Forced){s->config->eos, true};
    if (s->length == 1 && d->says_first) return (Forced){d->first, true};
    if (s->length > prefix_length(s->job, sentence->index)) return (Forced){-1, false};
    return (Forced){s->job->prefixes[sentence->index].id[s->length - 1 - before], false};
}

// Whether a sentence that is open has a piece forced on it.
static bool any_is_forced(const Stepwise *s, Sentence *const *alive, int open)
{
    for (int i = 0; i < open; i++)
        if (forced_piece(s, alive[i]).id >= 0) return true;
    return false;
}

// ---- Hypotheses -----------------------------------------------------------------------------------------------------

static double score_of(const Stepwise *s, double total, int pieces)
{
    return pieces ? total / pow(pieces, s->job->options->normalize) : total;
}

// Keeps what has ended in order of the scores, the earlier one first where they are equal. The worst goes where there
// is no room.
static void keep_ended(const Stepwise *s, Sentence *sentence, Ended ended)
{
    ended.score = score_of(s, ended.total, ended.pieces);
    int at = sentence->ended;
    if (at < ENDS * s->width)
        sentence->ended++;
    else if (!(sentence->ends[--at].score < ended.score))
        return;
    for (; at > 0 && sentence->ends[at - 1].score < ended.score; at--) sentence->ends[at] = sentence->ends[at - 1];
    sentence->ends[at] = ended;
}

static void end_slot(const Stepwise *s, Sentence *sentence, const Slots *slots, int slot, int length)
{
    keep_ended(s, sentence,
               (Ended){.end = slots->end[slot], .count = length, .pieces = length, .total = slots->total[slot]});
}

bool dm_stepwise_ends(const Stepwise *s, int id)
{
    const SearchJob *job = s->job;
    bool stops = id == s->config->eos;
    for (int i = 0; i < job->stop_count && !stops; i++) stops = id == job->stops[i];
    return stops;
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
    keep_ended(s, sentence,
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

// What may follow each hypothesis. All that somebody may ask of a piece that is not among the best ones takes whole
// rows; so does a very wide beam, since to keep many pieces in order costs more than to look through all.
static Scores score(Graph *g, Stepwise *s, const Begun *models, int slots, bool forced)
{
    enum { MANY = 256 };
    const dm_translate_options *o = s->job->options;
    const int enough = dm_stepwise_candidates(s) + dm_search_most_banned(&s->rules);
    const bool whole = s->manner->whole_rows || s->job->model_count > 1 || o->no_repeat_ngram ||
                       s->config->search.renormalize || forced || enough > MANY;
    if (!whole) return dm_search_best(g, s->job, models, s->now.id, slots, &(BestAsked){enough, s->output});
    const Scores scores = dm_search_rows(g, s->job, models, s->now.id, slots);
    s->rules.vocabulary = scores.rows->cols;
    return scores;
}

static void forbid(Stepwise *s, const Sentence *sentence, const Scores *scores)
{
    const Forced forced = forced_piece(s, sentence);
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
    return score_of(s, best, gains ? sentence->limit : s->length) <= sentence->ends[s->width - 1].score;
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
        sentences[i] = (Sentence){
            .index = i, .first = i, .open = 1, .ends = dm_arena_take(arena, ENDS * (size_t)s->width * sizeof(Ended))};
        set_limit(job, &sentences[i]);
        s->now.end[i] = NULL;
        s->now.total[i] = 0;
        s->now.id[i] = dm_first_read(s->config, job->source, i);
        if (sentences[i].limit > longest) longest = sentences[i].limit;
    }
    s->rules = (Rules){.config = s->config, .options = o, .vocabulary = dm_search_reach(job)};
    if (o->no_repeat_ngram) s->rules.history = dm_arena_take(arena, (size_t)longest * sizeof(int));
}

static Hypothesis written_out(Arena *arena, const Ended *ended, int eos)
{
    const int count = ended->count;
    Hypothesis h = {.ids = dm_arena_take(arena, ((size_t)count + 1) * sizeof(int)),
                    .piece_scores = dm_arena_take(arena, (size_t)ended->pieces * sizeof(double)),
                    .count = count,
                    .pieces = ended->pieces,
                    .log_probability = ended->total,
                    .score = ended->score};
    dm_search_history(h.ids, ended->end, count);
    const Node *node = ended->end;
    for (int i = count; i-- > 0; node = node->parent) h.piece_scores[i] = (double)node->log_probability;
    if (h.pieces == count) return h;
    h.piece_scores[count] = (double)ended->last;
    if (ended->id != eos) h.ids[h.count++] = ended->id;
    return h;
}

static Found write_out(Arena *arena, const Stepwise *s, const Sentence *sentence)
{
    const dm_translate_options *options = s->job->options;
    int wanted = options->n_best > 1 ? options->n_best : 1;
    if (options->coverage_penalty != 0 || wanted > sentence->ended) wanted = sentence->ended;
    Found found = {wanted, dm_arena_take(arena, (size_t)wanted * sizeof(Hypothesis))};
    for (int i = 0; i < wanted; i++) found.best[i] = written_out(arena, &sentence->ends[i], s->config->eos);
    return found;
}

bool dm_stepwise_run(Graph *g, Stepwise *s, Found *found)
{
    const SearchJob *job = s->job;
    const int count = job->source.spans.n, models = job->model_count;
    const dm_translate_options *o = job->options;
    Begun *begun = dm_arena_take(g->arena, (size_t)models * sizeof *begun);
    for (int m = 0; m < models; m++) begun[m] = dm_search_begin(g, job, m);
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
    for (int i = 0; i < count && !stopped; i++) found[i] = write_out(g->arena, s, &sentences[i]);
    return !stopped;
}
