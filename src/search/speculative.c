// Search by drafts (Leviathan et al. 2023, "Fast inference from Transformers via speculative decoding"; Xia et al.
// 2023): somebody guesses how a text goes on (drafts.h), and the model reads all guesses in one pass, whose rows say of
// each what it would have come to there. Guesses are taken over up to the first that is wrong, and the piece that
// should have come stands in its place, or behind the last one: a pass writes one piece at least. Each text of a batch
// goes its own way.
//
// Greedy search writes the same bytes as without drafts, scores included, however close two pieces are. There is no
// bound on a margin and nothing is asked twice: every row of a pass is the bytes that its piece by itself would give.
// Rows of products by packed weights are so in any case (tensor/products/packs.h), softmaxes and norms work row by row,
// and attention is told to (Graph.row_by_row). Whether all pieces are looked at or the best few is decided row by row
// as well, as a step without drafts would. With a shortlist or a pointer that matters to the bytes; a shortlist is made
// of the batch, and the same in both. The promise is for one machine and one way to call, as all of them are.
//
// Sampling draws from the same distribution (algorithm 1 there). A guess x that was drawn from q is taken over with
// probability min(1, p(x) / q(x)), and else replaced by a draw from max(0, p - q). Where nothing was drawn, a guess is
// certain, and to draw from p and compare is the same thing: then what is drawn is what sampling without drafts would
// have. The random numbers of a piece are those of its place alone: of one that was guessed there before, and never
// looked at, nothing that was decided hangs on them.
#include <string.h>

#include "search/drafts.h"
#include "search/hypotheses.h"
#include "search/lots.h"

enum { FIRST = 4, MOST = 64 };  // guesses of a pass where nobody says how many

typedef struct Text {
    DraftedText draft;
    Sentence *of;
    const Node *end;
    double total;
    int *ids, room;  // [room] what was read first, then the pieces
    int slot;
    int read;    // guesses that the model reads
    int ahead;   // pieces to guess next
    int forced;  // guesses that have to come, and stand in the place of others; 0: none
    bool ended;
    int *accepted, passes, guessed;
} Text;

typedef struct Speculation {
    const SearchJob *job;
    const ModelConfig *config;
    const DraftSource *source;
    void *drafts;  // the source's
    Begun *begun;
    AlreadyRead before;  // of the first model, where the source reads it
    Sentence *sentences;
    Text *texts;  // [sentences, samples]
    Text **open;
    DraftedText **asked;  // [open] scratch
    int count, samples;
    OutputLayer *output;  // of the shortlist; NULL: all pieces are looked at
    Rules rules;
    Best best;                   // of greedy search: the best one, or as many as a guess may be among
    Lots lots;                   // of sampling
    int *from, *fed, *position;  // [open] scratch
} Speculation;

// ---- Guessing -------------------------------------------------------------------------------------------------------

// Pieces that the model has read when it has read nothing that was written.
static int base_of(const Speculation *s, const Text *text)
{
    return dm_search_goes_on(s->job) ? dm_search_behind(s->job, text->of->index) - 1 : 0;
}

// How many pieces behind those that are written have to be what they are.
static int forced_pieces(const Speculation *s, const Text *text, int most)
{
    int n = 0;
    while (n < most && dm_sentence_forced(s->job, text->of, text->draft.count + n + 1).id >= 0) n++;
    return n;
}

// How many guesses the pass may have: behind the last one a piece more comes.
static void plan(const Speculation *s, Text *text)
{
    DraftedText *draft = &text->draft;
    const int left = text->of->limit - draft->count - 1;
    text->forced = forced_pieces(s, text, left);
    draft->most = text->forced ? 0 : text->ahead < left ? text->ahead : left;
    draft->written = text->ids + 1;
    draft->guesses = 0;
}

static int most_guesses(const Text *text)
{
    return text->forced ? text->forced : text->draft.most;
}

// Behind a guess that ends the text there are none, and it is not read itself: the row before it says whether it comes.
// That it was guessed counts all the same, for what replaces a guess that was drawn is not what was drawn anew.
static void cut_at_end(const Speculation *s, Text *text)
{
    DraftedText *draft = &text->draft;
    text->read = 0;
    while (text->read < draft->guesses && !dm_search_ends(s->job, draft->guess[text->read])) text->read++;
    if (text->read < draft->guesses) draft->guesses = text->read + 1;
}

static void guess(Graph *g, Speculation *s)
{
    for (int i = 0; i < s->count; i++) {
        DraftedText *draft = s->asked[i] = &s->open[i]->draft;
        const size_t room = (size_t)most_guesses(s->open[i]) + 1;
        draft->guess = dm_arena_take(g->arena, room * sizeof(int));
        draft->odds = dm_arena_take(g->arena, room * sizeof(double *));
        memset(draft->odds, 0, room * sizeof(double *));
    }
    s->source->guess(g, s->drafts, s->asked, s->count);
    for (int i = 0; i < s->count; i++) {
        Text *text = s->open[i];
        DraftedText *draft = &text->draft;
        for (; draft->guesses < text->forced; draft->guesses++)
            draft->guess[draft->guesses] = dm_sentence_forced(s->job, text->of, draft->count + draft->guesses + 1).id;
        cut_at_end(s, text);
    }
}

// After a pass in which so many guesses were right.
static void note(const Speculation *s, Text *text, int right)
{
    const int guesses = text->forced ? 0 : text->read;
    if (text->forced) right = 0;
    text->accepted[text->passes++] = right;
    text->guessed += guesses;
    if (s->job->options->draft_length || !guesses) return;
    text->ahead += right == guesses ? 2 : -1;
    if (text->ahead < 1) text->ahead = 1;
    if (text->ahead > MOST) text->ahead = MOST;
}

// ---- Checking -------------------------------------------------------------------------------------------------------

// What the model says in a pass: of rows that need it all pieces, of others the best few.
typedef struct Said {
    const Decoded *decoded;
    Scores rows, best;
    Node *nodes;  // room for one of each row
} Said;

static int enough(const Speculation *s, int length)
{
    Rules rules = s->rules;
    rules.length = length;
    const int greedy = 2 + s->job->stop_count;  // as in a step of greedy search
    return (s->best.room > greedy ? s->best.room : greedy) + dm_search_most_banned(&rules);
}

static bool needs_rows(const Speculation *s, const Text *text, int length)
{
    return s->job->options->sampling != DM_NO_SAMPLING || dm_search_needs_rows(s->job, enough(s, length)) ||
           dm_sentence_forced(s->job, text->of, length).id >= 0;
}

// Row by row, and each text by as many rows as it has new pieces.
static Said ask(Graph *g, Speculation *s)
{
    Graph own = *g;
    own.row_by_row = true;
    int n = 0, rows = 0, most = 0;
    for (int i = 0; i < s->count; i++) n += s->fed[i] = 1 + s->open[i]->read;
    int *ids = dm_arena_take(g->arena, (size_t)n * sizeof(int)), at = 0;
    for (int i = 0; i < s->count; i++) {
        const Text *text = s->open[i];
        ids[at++] = text->ids[text->draft.count];
        if (text->read) memcpy(ids + at, text->draft.guess, (size_t)text->read * sizeof(int));
        at += text->read;
        for (int j = 0; j < s->fed[i]; j++) {
            const int length = text->draft.count + j + 1, pieces = enough(s, length);
            if (needs_rows(s, text, length))
                rows++;
            else
                most = pieces > most ? pieces : most;
        }
    }
    const Decoded *decoded = dm_search_extend(&own, s->job, s->begun, &(NewPieces){ids, n, s->fed});
    Said said = {.decoded = decoded};
    if (rows) said.rows = dm_search_rows(&own, s->job, decoded);
    if (rows) s->rules.vocabulary = said.rows.rows->cols;
    if (rows < n) said.best = dm_search_best(&own, s->job, decoded, &(BestAsked){most, s->output});
    return said;
}

// The best piece, or the guess, where it is among as many best ones as may be; -1: there is none. False: nothing can
// follow.
static bool choose_best(Speculation *s, const Text *text, const Scores *scores, int row, int guessed, Candidate *chosen)
{
    Best *best = &s->best;
    best->count = 0;
    dm_search_continue(scores, &s->rules, row, text->total, best);
    if (best->count) *chosen = best->list[0];
    for (int i = 1; i < best->count; i++)
        if (best->list[i].id == guessed) *chosen = best->list[i];
    return best->count;
}

// odds: by which the guess of this piece was drawn; NULL: there is none, or it was not.
static bool draw(Speculation *s, const Text *text, const Scores *scores, int row, int guessed, const double *odds,
                 Candidate *chosen)
{
    Lots *lots = &s->lots;
    const float *log_probabilities = dm_row(scores->rows, row);
    dm_lots_weigh(lots, log_probabilities, scores->rows->cols);
    if (!lots->count) return false;
    Random random = dm_lots_random(s->job, text->of->index, text->draft.sample, s->rules.length);
    const double first = dm_random_uniform(&random);  // by which the guess was drawn, where it was
    int id = guessed;
    if (!odds) {
        id = dm_lots_draw(lots, first);
    } else if (!(dm_random_uniform(&random) * odds[id] < dm_lots_probability(lots, id))) {
        dm_lots_less(lots, odds);
        id = dm_lots_draw(lots, dm_random_uniform(&random));
    }
    const double total = text->total + (double)log_probabilities[id];
    *chosen = (Candidate){total, total, log_probabilities[id], row, id};
    return true;
}

// By the row that says what follows: row number j of the text.
static bool choose(Speculation *s, const Text *text, const Said *said, int row, int j, Candidate *chosen)
{
    const DraftedText *draft = &text->draft;
    const bool whole = needs_rows(s, text, s->rules.length);
    const Scores *scores = whole ? &said->rows : &said->best;
    const Forced forced = dm_sentence_forced(s->job, text->of, s->rules.length);
    if (forced.id >= 0)
        dm_search_force(&s->rules, dm_row(scores->rows, row), forced);
    else if (whole)
        dm_search_forbid(&s->rules, dm_row(scores->rows, row), text->end);
    if (s->job->options->sampling == DM_NO_SAMPLING)
        return choose_best(s, text, scores, row, j < draft->guesses ? draft->guess[j] : -1, chosen);
    const bool drawn = j < draft->guesses && draft->odds[j];
    return draw(s, text, scores, row, drawn ? draft->guess[j] : -1, drawn ? draft->odds[j] : NULL, chosen);
}

static void end_text(const Speculation *s, Text *text, Ended ended)
{
    ended.drafted = (Drafted){text->passes, text->guessed, text->accepted};
    dm_sentence_end(s->job, text->of, ended);
    text->ended = true;
}

// Takes a text as far as the rows behind `row` and its guesses go together; returns how many of these were right.
static int advance(Speculation *s, Text *text, const Said *said, int row, Ended *ended)
{
    DraftedText *draft = &text->draft;
    for (int j = 0;; j++) {
        const int length = draft->count + 1;
        Candidate chosen;
        s->rules.length = length;
        *ended = (Ended){.end = text->end, .count = length - 1, .pieces = length - 1, .total = text->total};
        if (!choose(s, text, said, row + j, j, &chosen)) return text->ended = true, j;
        const bool right = j < draft->guesses && chosen.id == draft->guess[j];
        if (dm_search_ends(s->job, chosen.id)) {
            ended->pieces = length, ended->total = chosen.total;
            ended->id = chosen.id, ended->last = chosen.log_probability;
            return text->ended = true, j;
        }
        Node *node = &said->nodes[row + j];
        *node = (Node){text->end, chosen.id, chosen.log_probability};
        text->end = node;
        text->total = chosen.total;
        text->ids[++draft->count] = chosen.id;
        if (length == text->of->limit) {  // it ends as it is
            *ended = (Ended){.end = text->end, .count = length, .pieces = length, .total = text->total};
            return text->ended = true, j;
        }
        if (!right) return j;
    }
}

// ---- A pass ---------------------------------------------------------------------------------------------------------

// Twice as much where there is none: what was there stays where it is until the search is over.
static int *grown(Arena *arena, int *ids, int count, int room)
{
    int *larger = dm_arena_take(arena, (size_t)room * sizeof(int));
    return ids && count ? memcpy(larger, ids, (size_t)count * sizeof(int)) : larger;
}

static void make_room(Arena *arena, Text *text)
{
    const int needed = text->draft.count + most_guesses(text) + 2;
    if (needed <= text->room) return;
    text->room = 2 * needed;
    text->ids = grown(arena, text->ids, text->draft.count + 1, text->room);
    text->accepted = grown(arena, text->accepted, text->passes, text->room);  // a pass writes a piece at least
    text->draft.written = text->ids + 1;
}

// The slots of the models become the open texts, each of which has been read but for its last piece.
static void keep(Speculation *s, int room)
{
    for (int i = 0; i < s->count; i++) {
        Text *text = s->open[i];
        s->from[i] = text->slot;
        s->fed[i] = base_of(s, text) + text->draft.count;
        text->slot = i;
    }
    for (int m = 0; m < s->job->model_count; m++)
        s->job->models[m]->architecture->keep(s->begun[m].state, s->from, s->fed, s->count, room);
}

static void tell(const Speculation *s, const Text *text)
{
    if (s->job->partial && s->samples == 1)
        s->job->partial(s->job->context, text->of->index, text->ids + 1, text->draft.count);
}

static void pass(Graph *g, Speculation *s)
{
    int most = 0, rows = 0;
    for (int i = 0; i < s->count; i++) {
        plan(s, s->open[i]);
        make_room(g->arena, s->open[i]);
        const int guesses = most_guesses(s->open[i]);
        most = guesses > most ? guesses : most;
        rows += 1 + guesses;
    }
    keep(s, 1 + most);
    Node *nodes = dm_arena_take(g->arena, (size_t)rows * sizeof *nodes);  // before the mark: they stay
    const ArenaMark mark = dm_arena_mark(g->arena);
    guess(g, s);
    Said said = ask(g, s);
    said.nodes = nodes;
    int going_on = 0;
    for (int i = 0, row = 0; i < s->count; row += s->fed[i++]) {
        Text *text = s->open[i];
        Ended ended;
        const int right = advance(s, text, &said, row, &ended);
        note(s, text, right);
        if (text->ended) {
            end_text(s, text, ended);
            continue;
        }
        tell(s, text);
        s->asked[going_on] = &text->draft;
        s->from[going_on] = row + right;
        s->open[going_on++] = text;
    }
    if (going_on && s->source->look) s->source->look(g, s->drafts, said.decoded, s->asked, s->from, going_on);
    s->count = going_on;
    dm_arena_release(g->arena, mark);
}

// ---- From the start to the end --------------------------------------------------------------------------------------

static void begin(Graph *g, Speculation *s, const SearchJob *job)
{
    const dm_translate_options *o = job->options;
    Arena *arena = g->arena;
    const size_t sentences = (size_t)job->source.spans.n;
    *s = (Speculation){
        .job = job, .config = &job->models[0]->config, .source = dm_draft_source(o->draft, &job->models[0]->config)};
    s->samples = o->sampling != DM_NO_SAMPLING && o->n_best > 1 ? o->n_best : 1;
    s->count = (int)sentences * s->samples;
    s->begun = dm_arena_take(arena, (size_t)job->model_count * sizeof *s->begun);
    for (int m = 0; m < job->model_count; m++)
        s->begun[m] = dm_search_begin(g, job, m, m || !s->source->reads_the_beginning ? NULL : &s->before);
    s->sentences = dm_arena_take(arena, sentences * sizeof *s->sentences);
    s->texts = dm_arena_take(arena, (size_t)s->count * sizeof *s->texts);
    s->open = dm_arena_take(arena, (size_t)s->count * sizeof *s->open);
    s->asked = dm_arena_take(arena, (size_t)s->count * sizeof *s->asked);
    s->from = dm_arena_take(arena, 2 * (size_t)s->count * sizeof(int));
    s->fed = s->from + s->count;
    int longest = 0;
    for (int i = 0; i < job->source.spans.n; i++) {
        s->sentences[i] = dm_sentence_begin(arena, job, i, s->samples);
        if (s->sentences[i].limit > longest) longest = s->sentences[i].limit;
    }
    for (int i = 0; i < s->count; i++) {
        const int sentence = i / s->samples;
        Text *text = s->open[i] = &s->texts[i];
        *text = (Text){.of = &s->sentences[sentence],
                       .draft = {.sentence = sentence, .sample = i % s->samples, .slot = sentence},
                       .slot = sentence,
                       .ahead = o->draft_length ? o->draft_length : FIRST};
        make_room(arena, text);
        text->ids[0] = dm_first_read(s->config, job->source, sentence);
    }
    s->rules = (Rules){.config = s->config, .options = o, .vocabulary = dm_search_reach(job)};
    if (o->no_repeat_ngram) s->rules.history = dm_arena_take(arena, (size_t)longest * sizeof(int));
    s->best.room = o->draft_accept > 1 ? o->draft_accept : 1;
    s->best.list = dm_arena_take(arena, (size_t)s->best.room * sizeof *s->best.list);
    if (o->sampling != DM_NO_SAMPLING) s->lots = dm_lots(arena, job);
    if (job->shortlist && job->model_count == 1)
        s->output = dm_shortlist_output(job->shortlist, g, job->models[0], job->source);
    s->drafts = s->source->begin(g, job, &s->before);
}

static bool run(Graph *g, const SearchJob *job, Found *found)
{
    Speculation s;
    begin(g, &s, job);
    bool stopped = false;
    while (s.count && !stopped) {
        pass(g, &s);
        stopped = s.count && dm_search_is_stopped(job->options);
    }
    if (s.source->end) s.source->end(s.drafts);
    for (int m = 0; m < job->model_count && !job->states; m++) job->models[m]->architecture->finish(s.begun[m].state);
    dm_short_output_free(s.output);
    for (int i = 0; i < job->source.spans.n && !stopped; i++)
        found[i] = dm_sentence_found(g->arena, job, &s.sentences[i]);
    return !stopped;
}

static bool is_wanted(const SearchJob *job)
{
    return job->options->draft;
}

const Strategy dm_speculative_strategy = {"speculative", is_wanted, run};
