// Search: beam search, or sampling, over whatever the architecture's step says. One step serves the open hypotheses of
// all sentences of the batch; a sentence that is done leaves the batch.
#include "search/search.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "search/search_parts.h"

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

typedef struct Search {
    const SearchJob *job;
    const ModelConfig *config;
    int width;   // hypotheses of a sentence: the beam, or the samples
    int length;  // pieces of a hypothesis after this step
    Slots now, next;
    int *from, taken;     // slot i of the next step goes on from slot from[i]; how many there are
    Node *nodes;          // of this step: room for [open sentences * width], ...
    int made;             // ... so many in use; one may outlive its slot, as the end of a finished hypothesis
    Best best, mine;      // continuations: 2 * width of a sentence, and of one of its hypotheses
    ShortOutput *output;  // NULL: all pieces are looked at
    Rules rules;
    Draw draw;
    int longest_prefix;
} Search;

static Slots new_slots(Arena *arena, int n)
{
    size_t count = (size_t)n;
    return (Slots){dm_arena_take(arena, count * sizeof(Node *)), dm_arena_take(arena, count * sizeof(double)),
                   dm_arena_take(arena, count * sizeof(int)), dm_arena_take(arena, count * sizeof(int))};
}

static Best new_best(Arena *arena, int room)
{
    return (Best){dm_arena_take(arena, (size_t)room * sizeof(Candidate)), 0, room};
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

static bool is_sampling(const Search *s)
{
    return s->job->options->sampling != DM_NO_SAMPLING;
}

// ---- Beam search ------------------------------------------------------------------------------------------------

// The best continuations of a sentence, in order, into s->best.
static void find_best(Search *s, const Beam *beam, const Scores *scores)
{
    const double diversity = s->job->options->diversity;
    s->best.count = 0;
    for (int slot = beam->first; slot < beam->first + beam->open; slot++) {
        if (diversity <= 0) {
            dm_search_continue(scores, &s->rules, slot, s->now.total[slot], &s->best);
            continue;
        }
        s->mine.count = 0;
        dm_search_continue(scores, &s->rules, slot, s->now.total[slot], &s->mine);
        for (int k = 0; k < s->mine.count; k++) {
            s->mine.list[k].worth -= diversity * k;
            dm_search_keep(&s->best, &s->mine.list[k]);
        }
    }
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

static void choose(Search *s, Beam *beam, const Scores *scores)
{
    const int size = s->width, first = s->taken;
    find_best(s, beam, scores);
    for (int i = 0; i < s->best.count; i++) {
        const Candidate *c = &s->best.list[i];
        if (c->id != s->config->eos) {
            if (s->taken - first < size) go_on(s, c, 0);
        } else if (i < size) {
            end_sentence(s, beam, c);
        }
    }
}

// ---- Sampling ---------------------------------------------------------------------------------------------------

// From the start, which all samples share, each draws its first piece; later each has a slot of its own.
static void draw(Search *s, Beam *beam, const Scores *scores)
{
    const SearchJob *job = s->job;
    const int draws = s->length == 1 ? s->width : beam->open;
    s->draw.line = job->lines ? job->lines[beam->sentence] : (size_t)beam->sentence;
    s->draw.length = s->length;
    for (int i = 0; i < draws; i++) {
        const int slot = s->length == 1 ? beam->first : beam->first + i;
        s->draw.sample = s->length == 1 ? i : s->now.sample[slot];
        const float *row = dm_row(scores->rows, slot);
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

// What may follow each hypothesis. All that somebody may ask of a piece that is not among the best ones takes whole
// rows; so does a very wide beam, since to keep many pieces in order costs more than to look through all.
static Scores score(Graph *g, Search *s, SearchState *const *states)
{
    enum { MANY = 256 };
    const dm_translate_options *o = s->job->options;
    const int enough = 2 * s->width + dm_search_most_banned(&s->rules);
    const bool whole = is_sampling(s) || s->job->model_count > 1 || o->no_repeat_ngram ||
                       s->length <= s->longest_prefix || enough > MANY;
    return whole ? dm_search_rows(g, s->job, states, s->now.id)
                 : dm_search_best(g, s->job, states[0], s->now.id, enough, s->output);
}

static void forbid(Search *s, const Beam *beam, const Scores *scores)
{
    int forced = -1;
    if (s->length <= prefix_length(s->job, beam->sentence)) forced = s->job->prefixes[beam->sentence].id[s->length - 1];
    for (int slot = beam->first; slot < beam->first + beam->open; slot++)
        dm_search_forbid(&s->rules, dm_row(scores->rows, slot), s->now.end[slot], forced);
}

// Takes the sentence one piece further; its open hypotheses move to the next free slots. False: it is done.
static bool advance(Search *s, Beam *beam, const Scores *scores)
{
    const int first = s->taken;
    if (scores->rows) forbid(s, beam, scores);
    (is_sampling(s) ? draw : choose)(s, beam, scores);
    const int open = s->taken - first;
    const bool enough = !is_sampling(s) && beam->ended >= s->width;
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
                .best = new_best(arena, 2 * width),
                .mine = new_best(arena, 2 * width),
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
        if (prefix_length(job, i) > s.longest_prefix) s.longest_prefix = prefix_length(job, i);
    }
    s.rules = (Rules){.config = s.config, .options = o, .vocabulary = vocabulary};
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
    s->rules.length = ++s->length;
    s->taken = s->made = 0;
    s->nodes = dm_arena_take(g->arena, (size_t)open * (size_t)s->width * sizeof(Node));  // before the mark: they stay
    ArenaMark mark = dm_arena_mark(g->arena);
    const Scores scores = score(g, s, states);
    int going_on = 0;
    for (int i = 0; i < open; i++)
        if (advance(s, alive[i], &scores)) alive[going_on++] = alive[i];
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
    if (job->shortlist && models == 1) s.output = dm_shortlist_output(job->shortlist, g, job->models[0], job->source);
    int open = sentences;
    bool stopped = false;
    while (open && !stopped) {
        open = step(g, &s, states, alive, open);
        for (int m = 0; m < models && open; m++) job->models[m]->architecture->reorder(states[m], s.from, s.taken);
        stopped = open && o->stop && o->stop(o->context);
    }
    for (int m = 0; m < models; m++) job->models[m]->architecture->finish(states[m]);
    dm_short_output_free(s.output);
    for (int i = 0; i < sentences && !stopped; i++) found[i] = write_out(g->arena, o, &beams[i]);
    return !stopped;
}
