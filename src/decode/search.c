// Search: beam search, or sampling, over whatever the architecture's step says. One step serves the open hypotheses of
// all sentences of the batch; a sentence that is done leaves the batch.
#include "decode/search.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "decode/search_parts.h"

enum { BLOCK = 64 };  // log probabilities that are compared with the threshold at once

// A hypothesis that came to its end.
typedef struct Ended {
    const Node *end;
    int count, pieces;
    double total, score;
    float last;  // log probability of the end of sentence, where it was reached
} Ended;

// The search of one sentence: its open hypotheses are the slots first ... first + open - 1.
typedef struct Beam {
    int sentence, first, open;
    int limit;
    int ended;
    Ended *ends;  // the best one first
} Beam;

// What is known of every open hypothesis: its last node (NULL at the start), its log probability, its last id, and in
// sampling which sample it is.
typedef struct Slots {
    const Node **end;
    double *total;
    int *id, *sample;
} Slots;

typedef struct Candidate {
    double worth;  // total, less what diversity takes
    double total;
    float log_probability;
    int slot, id;
} Candidate;

typedef struct Search {
    const SearchJob *job;
    const ModelConfig *config;
    int width;   // hypotheses of a sentence: the beam, or the samples
    int length;  // pieces of a hypothesis after this step
    Slots now, next;
    int *from, taken;        // slot i of the next step goes on from slot from[i]; how many there are
    Node *nodes;             // of this step: room for [open sentences * width], ...
    int made;                // ... so many in use; one may outlive its slot, as the end of a finished hypothesis
    Candidate *best, *mine;  // [2 * width] of a sentence, and of one of its hypotheses
    Rules rules;
    Draw draw;
} Search;

static Slots new_slots(Arena *arena, int n)
{
    size_t count = (size_t)n;
    return (Slots){dm_arena_take(arena, count * sizeof(Node *)), dm_arena_take(arena, count * sizeof(double)),
                   dm_arena_take(arena, count * sizeof(int)), dm_arena_take(arena, count * sizeof(int))};
}

static int prefix_length(const SearchJob *job, int sentence)
{
    return job->prefixes ? job->prefixes[sentence].count : 0;
}

static int length_limit(const SearchJob *job, int sentence)
{
    const dm_translate_options *o = job->options;
    const int most = o->max_length > 0 ? o->max_length : job->models[0]->config.max_length;
    double limit = ceil(o->max_length_factor * job->source.spans.length[sentence]) + 10;
    if (limit < prefix_length(job, sentence) + 10) limit = prefix_length(job, sentence) + 10;
    if (most > 0 && limit > most) limit = most;
    return limit < 1 ? 1 : limit > INT_MAX / 2 ? INT_MAX / 2 : (int)limit;
}

// ---- Scores of the next piece -----------------------------------------------------------------------------------

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

static Tensor *next_log_probabilities(Graph *g, const SearchJob *job, SearchState *const *states, const int *ids)
{
    Tensor **member = dm_arena_take(g->arena, (size_t)job->model_count * sizeof(Tensor *));
    for (int m = 0; m < job->model_count; m++) {
        const Model *model = job->models[m];
        const Tensor *features = model->architecture->step(g, states[m], ids);
        member[m] = dm_log_probabilities(g, features, model->output, model->output_bias);
    }
    if (job->model_count > 1) mean_probability(member, job->model_count);
    return member[0];
}

static void apply_rules(Search *s, const Beam *beam, const Tensor *log_probabilities)
{
    int forced = -1;
    if (s->length <= prefix_length(s->job, beam->sentence)) forced = s->job->prefixes[beam->sentence].id[s->length - 1];
    for (int slot = beam->first; slot < beam->first + beam->open; slot++)
        dm_search_rules(&s->rules, dm_row(log_probabilities, slot), s->now.end[slot], s->length, forced);
}

// ---- Beam search ------------------------------------------------------------------------------------------------

static bool any_above(const float *p, int n, float threshold)
{
    int any = 0;
    for (int i = 0; i < n; i++) any |= p[i] > threshold;
    return any;
}

// Keeps the candidate if it is among the `room` best, which stay in order; returns how many there are then.
static int keep(Candidate *best, int n, int room, const Candidate *candidate)
{
    if (!(candidate->worth > (n < room ? -INFINITY : best[n - 1].worth))) return n;
    int at = n < room ? n++ : n - 1;
    for (; at > 0 && best[at - 1].worth < candidate->worth; at--) best[at] = best[at - 1];
    best[at] = *candidate;
    return n;
}

// Adds the continuations of a slot to the `room` best, of which there are n: most worth, then lower slot, then lower
// id, which is the order they are met in. What has probability zero, or none at all (NaN), is no continuation. Nearly
// every block of log probabilities lies below the worst one kept and is passed over by one comparison without branches.
static int continue_slot(const Search *s, int slot, const Tensor *log_probabilities, Candidate *best, int n)
{
    const float *row = dm_row(log_probabilities, slot);
    const double total = s->now.total[slot];
    const int room = 2 * s->width, vocabulary = log_probabilities->cols;
    for (int from = 0; from < vocabulary; from += BLOCK) {
        int to = from + BLOCK < vocabulary ? from + BLOCK : vocabulary;
        if (n == room) {
            double gap = best[n - 1].worth - total;
            float below = (float)(gap - 1e-6 * (1 + fabs(gap)));  // room for rounding: the comparison in keep decides
            if (!any_above(row + from, to - from, below)) continue;
        }
        for (int id = from; id < to; id++) {
            double sum = total + (double)row[id];
            if (n < room || sum > best[n - 1].worth) n = keep(best, n, room, &(Candidate){sum, sum, row[id], slot, id});
        }
    }
    return n;
}

// The best continuations of a sentence, in order, into s->best.
static int best_continuations(Search *s, const Beam *beam, const Tensor *log_probabilities)
{
    const double diversity = s->job->options->diversity;
    int n = 0;
    for (int slot = beam->first; slot < beam->first + beam->open; slot++) {
        if (diversity <= 0) {
            n = continue_slot(s, slot, log_probabilities, s->best, n);
            continue;
        }
        const int own = continue_slot(s, slot, log_probabilities, s->mine, 0);
        for (int k = 0; k < own; k++) {
            s->mine[k].worth -= diversity * k;
            n = keep(s->best, n, 2 * s->width, &s->mine[k]);
        }
    }
    return n;
}

// Keeps what has ended in order of the scores, the earlier one first where they are equal.
static void end_hypothesis(const Search *s, Beam *beam, Ended ended)
{
    ended.score = ended.pieces ? ended.total / pow(ended.pieces, s->job->options->normalize) : ended.total;
    int at = beam->ended++;
    for (; at > 0 && beam->ends[at - 1].score < ended.score; at--) beam->ends[at] = beam->ends[at - 1];
    beam->ends[at] = ended;
}

// The hypothesis of a slot ends where it stands, without an end of sentence.
static void end_slot(const Search *s, Beam *beam, const Slots *slots, int slot, int length)
{
    end_hypothesis(s, beam,
                   (Ended){.end = slots->end[slot], .count = length, .pieces = length, .total = slots->total[slot]});
}

static void end_sentence(const Search *s, Beam *beam, const Candidate *c)
{
    end_hypothesis(s, beam,
                   (Ended){.end = s->now.end[c->slot],
                           .count = s->length - 1,
                           .pieces = s->length,
                           .total = c->total,
                           .last = c->log_probability});
}

static void go_on(Search *s, const Candidate *c, int sample)
{
    Node *node = &s->nodes[s->made++];
    *node = (Node){s->now.end[c->slot], c->id, c->log_probability};
    s->next.end[s->taken] = node;
    s->next.total[s->taken] = c->total;
    s->next.id[s->taken] = c->id;
    s->next.sample[s->taken] = sample;
    s->from[s->taken++] = c->slot;
}

static void choose(Search *s, Beam *beam, const Tensor *log_probabilities)
{
    const int size = s->width, first = s->taken, n = best_continuations(s, beam, log_probabilities);
    for (int i = 0; i < n; i++) {
        if (s->best[i].id != s->config->eos) {
            if (s->taken - first < size) go_on(s, &s->best[i], 0);
        } else if (i < size) {
            end_sentence(s, beam, &s->best[i]);
        }
    }
}

// ---- Sampling ---------------------------------------------------------------------------------------------------

// From the start, which all samples share, each draws its first piece; later each has a slot of its own.
static void draw(Search *s, Beam *beam, const Tensor *log_probabilities)
{
    const SearchJob *job = s->job;
    const int draws = s->length == 1 ? s->width : beam->open;
    s->draw.line = job->lines ? job->lines[beam->sentence] : (size_t)beam->sentence;
    s->draw.length = s->length;
    for (int i = 0; i < draws; i++) {
        const int slot = s->length == 1 ? beam->first : beam->first + i;
        s->draw.sample = s->length == 1 ? i : s->now.sample[slot];
        const float *row = dm_row(log_probabilities, slot);
        const int id = dm_search_draw(&s->draw, row);
        if (id < 0) {
            end_slot(s, beam, &s->now, slot, s->length - 1);
            continue;
        }
        const double total = s->now.total[slot] + (double)row[id];
        const Candidate drawn = {total, total, row[id], slot, id};
        if (id == s->config->eos)
            end_sentence(s, beam, &drawn);
        else
            go_on(s, &drawn, s->draw.sample);
    }
}

// ---- The steps --------------------------------------------------------------------------------------------------

// Takes the sentence one piece further; its open hypotheses move to the next free slots. False: it is done.
static bool advance(Search *s, Beam *beam, const Tensor *log_probabilities)
{
    const bool sampling = s->job->options->sampling != DM_NO_SAMPLING;
    const int first = s->taken;
    apply_rules(s, beam, log_probabilities);
    (sampling ? draw : choose)(s, beam, log_probabilities);
    const int open = s->taken - first;
    const bool enough = !sampling && beam->ended >= s->width;
    if (!enough && open && s->length < beam->limit) {
        beam->first = first;
        beam->open = open;
        return true;
    }
    if (!enough)  // the limit: the open ones end as they are
        for (int i = first; i < s->taken; i++) end_slot(s, beam, &s->next, i, s->length);
    if (!beam->ended)  // nothing could follow: what there was ends as it is
        for (int i = beam->first; i < beam->first + beam->open; i++) end_slot(s, beam, &s->now, i, s->length - 1);
    s->taken = first;
    return false;
}

static void show_partial(const Search *s, Arena *arena, const Beam *beam)
{
    int *ids = dm_arena_take(arena, (size_t)s->length * sizeof(int));
    dm_search_history(ids, s->next.end[beam->first], s->length);
    s->job->partial(s->job->context, beam->sentence, ids, s->length);
}

static Hypothesis written_out(Arena *arena, const Ended *ended)
{
    Hypothesis h = {.ids = dm_arena_take(arena, (size_t)ended->count * sizeof(int)),
                    .piece_scores = dm_arena_take(arena, (size_t)ended->pieces * sizeof(double)),
                    .count = ended->count,
                    .pieces = ended->pieces,
                    .log_probability = ended->total,
                    .score = ended->score};
    dm_search_history(h.ids, ended->end, h.count);
    const Node *node = ended->end;
    for (int i = h.count; i-- > 0; node = node->parent) h.piece_scores[i] = (double)node->log_probability;
    if (h.pieces > h.count) h.piece_scores[h.count] = (double)ended->last;
    return h;
}

static Found write_out(Arena *arena, const dm_translate_options *options, const Beam *beam)
{
    int wanted = options->n_best > 1 ? options->n_best : 1;
    if (options->coverage_penalty != 0 || wanted > beam->ended) wanted = beam->ended;
    Found found = {wanted, dm_arena_take(arena, (size_t)wanted * sizeof(Hypothesis))};
    for (int i = 0; i < wanted; i++) found.best[i] = written_out(arena, &beam->ends[i]);
    return found;
}

// The start of every sentence: one slot each. At most `width` hypotheses end at a step, before it there were less, and
// at the limit the open ones come on top.
static Search begin(Arena *arena, const SearchJob *job, Beam *beams)
{
    const dm_translate_options *o = job->options;
    const int sentences = job->source.spans.n, vocabulary = job->models[0]->output->rows;
    const int width = o->sampling == DM_NO_SAMPLING ? o->beam_size : o->n_best > 1 ? o->n_best : 1;
    const size_t slots = (size_t)sentences * (size_t)width;
    Search s = {.job = job,
                .config = &job->models[0]->config,
                .width = width,
                .now = new_slots(arena, (int)slots),
                .next = new_slots(arena, (int)slots),
                .from = dm_arena_take(arena, slots * sizeof(int)),
                .best = dm_arena_take(arena, 2 * (size_t)width * sizeof(Candidate)),
                .mine = dm_arena_take(arena, 2 * (size_t)width * sizeof(Candidate)),
                .draw = {.options = o, .vocabulary = vocabulary}};
    int longest = 0;
    for (int i = 0; i < sentences; i++) {
        beams[i] = (Beam){.sentence = i,
                          .first = i,
                          .open = 1,
                          .limit = length_limit(job, i),
                          .ends = dm_arena_take(arena, 3 * (size_t)width * sizeof(Ended))};
        s.now.end[i] = NULL;
        s.now.total[i] = 0;
        s.now.id[i] = s.config->decoder_start;
        if (beams[i].limit > longest) longest = beams[i].limit;
    }
    s.rules = (Rules){s.config, o, vocabulary, NULL};
    if (o->no_repeat_ngram) s.rules.history = dm_arena_take(arena, (size_t)longest * sizeof(int));
    if (o->sampling != DM_NO_SAMPLING) {
        s.draw.order = dm_arena_take(arena, (size_t)vocabulary * sizeof(int));
        s.draw.weight = dm_arena_take(arena, (size_t)vocabulary * sizeof(double));
    }
    return s;
}

// One piece more for all sentences that are alive; returns how many are so afterwards.
static int step(Graph *g, Search *s, SearchState *const *states, Beam **alive, int open)
{
    s->length++;
    s->taken = s->made = 0;
    s->nodes = dm_arena_take(g->arena, (size_t)open * (size_t)s->width * sizeof(Node));  // before the mark: they stay
    ArenaMark mark = dm_arena_mark(g->arena);
    const Tensor *log_probabilities = next_log_probabilities(g, s->job, states, s->now.id);
    int going_on = 0;
    for (int i = 0; i < open; i++)
        if (advance(s, alive[i], log_probabilities)) alive[going_on++] = alive[i];
    for (int i = 0; i < going_on && s->job->partial && s->width == 1; i++) show_partial(s, g->arena, alive[i]);
    dm_arena_release(g->arena, mark);
    Slots spent = s->now;
    s->now = s->next;
    s->next = spent;
    return going_on;
}

bool dm_search(Graph *g, const SearchJob *job, Found *found)
{
    const int sentences = job->source.spans.n, models = job->model_count;
    if (!sentences) return true;
    const dm_translate_options *o = job->options;
    SearchState **states = dm_arena_take(g->arena, (size_t)models * sizeof *states);
    for (int m = 0; m < models; m++) {
        const Architecture *architecture = job->models[m]->architecture;
        states[m] = architecture->start(g, job->models[m], architecture->encode(g, job->models[m], job->source));
    }
    Beam *beams = dm_arena_take(g->arena, (size_t)sentences * sizeof *beams);
    Beam **alive = dm_arena_take(g->arena, (size_t)sentences * sizeof *alive);
    for (int i = 0; i < sentences; i++) alive[i] = &beams[i];
    Search s = begin(g->arena, job, beams);
    int open = sentences;
    bool stopped = false;
    while (open && !stopped) {
        open = step(g, &s, states, alive, open);
        for (int m = 0; m < models && open; m++) job->models[m]->architecture->reorder(states[m], s.from, s.taken);
        stopped = open && o->stop && o->stop(o->context);
    }
    for (int m = 0; m < models; m++) job->models[m]->architecture->finish(states[m]);
    for (int i = 0; i < sentences && !stopped; i++) found[i] = write_out(g->arena, o, &beams[i]);
    return !stopped;
}
