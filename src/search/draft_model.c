// Drafts by another model, smaller and of the same vocabularies, which writes on by itself: greedily, or in sampling by
// drawing, from a distribution at the same temperature and cut in the same way as that which its guesses are checked
// by. It reads along: of what it has guessed it keeps what turned out right, and reads what came instead. Where its
// places end it guesses no more, and of a source that is longer nothing at all.
#include <string.h>

#include "core/memory.h"
#include "search/drafts.h"
#include "search/hypotheses.h"
#include "search/lots.h"

typedef struct ModelDraft {
    SearchJob job;
    dm_translate_options options;
    Begun begun;
    Arena arena;  // of its state
    Rules rules;
    Lots lots;
    int longest;   // pieces that it reads
    bool *silent;  // [sentences] the source has more
    // [texts] scratch
    int *from, *lengths;
} ModelDraft;

// Sources as far as it can read them. In front of a text alone stands a start.
static Tokens readable(ModelDraft *d, Tokens source)
{
    const int n = source.spans.n, most = d->longest - dm_search_goes_on(&d->job);
    int *lengths = dm_arena_take(&d->arena, (size_t)(n + 2 * source.n) * sizeof(int)), *ids = lengths + n,
        *copies = ids + source.n;
    const int *const copied = d->job.copies;
    d->silent = dm_arena_take(&d->arena, (size_t)n * sizeof *d->silent);
    for (int i = 0, at = 0; i < n; at += lengths[i++]) {
        d->silent[i] = source.spans.length[i] > most;
        lengths[i] = d->silent[i] ? most : source.spans.length[i];
        memcpy(ids + at, source.ids + source.spans.start[i], (size_t)lengths[i] * sizeof(int));
        if (copied) memcpy(copies + at, copied + source.spans.start[i], (size_t)lengths[i] * sizeof(int));
    }
    if (copied) d->job.copies = copies;
    return dm_tokens(&d->arena, n, lengths, ids);
}

static void *begin(Graph *g, const SearchJob *job, const AlreadyRead *before)
{
    (void)before;
    const int samples = job->options->n_best > 1 ? job->options->n_best : 1;
    const size_t texts = (size_t)job->source.spans.n * (size_t)samples;
    ModelDraft *d = dm_allocate(1, sizeof *d);
    d->job = *job;
    d->options = *job->options;
    d->options.no_repeat_ngram = 0;  // a guess need not know
    d->job.options = &d->options;
    d->job.models = &job->drafter;
    d->job.model_count = 1;
    d->job.states = NULL;
    d->job.read = 0;
    d->rules = (Rules){.config = &job->drafter->config, .options = &d->options, .vocabulary = dm_search_reach(job)};
    d->lots = dm_lots(&d->arena, &d->job);
    d->longest = job->drafter->architecture->longest(&job->drafter->config);
    d->job.source = readable(d, job->text ? *job->text : job->source);
    d->from = dm_arena_take(&d->arena, 2 * texts * sizeof(int));
    d->lengths = d->from + texts;
    Graph own = *g;
    own.arena = &d->arena;
    d->begun = dm_search_begin(&own, &d->job, 0, NULL);
    return d;
}

static void end(void *own)
{
    ModelDraft *d = own;
    d->job.drafter->architecture->finish(d->begun.state);
    dm_arena_destroy(&d->arena);
    dm_free(d);
}

// Pieces that its state has read in front of the first that it is given here.
static int base_of(const ModelDraft *d, int sentence)
{
    return dm_search_goes_on(&d->job) ? dm_search_behind(&d->job, sentence) - 1 : 0;
}

// The slots become the texts, each as far as what was read of it is what was written.
static void go_back(ModelDraft *d, DraftedText *const *texts, int n)
{
    int room = 1;
    for (int i = 0; i < n; i++) {
        DraftedText *text = texts[i];
        const int base = base_of(d, text->sentence), left = d->longest - base - text->count;
        if (text->read > text->count) text->read = text->count;
        if (text->most > left) text->most = left < 0 ? 0 : left;
        if (d->silent[text->sentence]) text->most = 0;
        d->from[i] = text->slot;
        d->lengths[i] = base + text->read;
        text->slot = i;
        const int more = text->count + 1 - text->read + text->most;
        room = text->most && more > room ? more : room;
    }
    d->job.drafter->architecture->keep(d->begun.state, d->from, d->lengths, n, room);
}

// Piece number `at` of what it reads, from 0.
static int piece_at(const ModelDraft *d, const DraftedText *text, int at)
{
    if (at == 0) return dm_first_read(&d->job.drafter->config, d->job.source, text->sentence);
    return at <= text->count ? text->written[at - 1] : text->guess[at - 1 - text->count];
}

static bool goes_on(const ModelDraft *d, const DraftedText *text, int round)
{
    if (text->guesses < round || text->guesses >= text->most) return false;
    return !round || !dm_search_ends(&d->job, text->guess[round - 1]);
}

// What each of the texts that go on has not been read of.
static NewPieces new_pieces(Graph *g, ModelDraft *d, DraftedText *const *texts, int n, int round)
{
    int count = 0, at = 0;
    for (int i = 0; i < n; i++) {
        d->lengths[i] = goes_on(d, texts[i], round) ? texts[i]->count + 1 + round - texts[i]->read : 0;
        count += d->lengths[i];
    }
    int *ids = dm_arena_take(g->arena, (size_t)count * sizeof(int));
    for (int i = 0; i < n; i++)
        for (int j = 0; j < d->lengths[i]; j++) ids[at++] = piece_at(d, texts[i], texts[i]->read++);
    return (NewPieces){ids, count, d->lengths};
}

static void add_guess(ModelDraft *d, DraftedText *text, const Scores *scores, int row)
{
    d->rules.length = text->count + text->guesses + 1;
    if (!scores->rows) {
        Candidate candidate;
        Best best = {&candidate, 0, 1};
        dm_search_continue(scores, &d->rules, row, 0, &best);
        if (best.count) text->guess[text->guesses++] = candidate.id;
        return;
    }
    d->rules.vocabulary = scores->rows->cols;
    dm_search_forbid(&d->rules, dm_row(scores->rows, row), NULL);
    dm_lots_weigh(&d->lots, dm_row(scores->rows, row), scores->rows->cols);
    if (!d->lots.count) return;
    Random random = dm_lots_random(&d->job, text->sentence, text->sample, d->rules.length);
    double *odds = text->odds[text->guesses];
    for (int id = 0; id < dm_search_reach(&d->job); id++)
        odds[id] = id < scores->rows->cols ? dm_lots_probability(&d->lots, id) : 0;
    text->guess[text->guesses++] = dm_lots_draw(&d->lots, dm_random_uniform(&random));
}

static void make_odds(Graph *g, const ModelDraft *d, DraftedText *text)
{
    const size_t reach = (size_t)dm_search_reach(&d->job);
    for (int k = 0; k < text->most; k++) text->odds[k] = dm_arena_take(g->arena, reach * sizeof(double));
}

static void guess(Graph *g, void *own, DraftedText *const *texts, int n)
{
    ModelDraft *d = own;
    const bool draws = d->options.sampling != DM_NO_SAMPLING;
    go_back(d, texts, n);
    for (int i = 0; i < n && draws; i++) make_odds(g, d, texts[i]);
    for (int round = 0;; round++) {
        const ArenaMark mark = dm_arena_mark(g->arena);
        const NewPieces pieces = new_pieces(g, d, texts, n, round);
        if (!pieces.n) break;
        const Decoded *decoded = dm_search_extend(g, &d->job, &d->begun, &pieces);
        d->rules.length = 1 + d->rules.config->search.says_first;  // where most is banned
        const Scores scores =
            draws ? dm_search_rows(g, &d->job, decoded)
                  : dm_search_best(g, &d->job, decoded, &(BestAsked){1 + dm_search_most_banned(&d->rules), NULL});
        for (int i = 0, row = -1; i < n; i++) {
            row += d->lengths[i];
            if (d->lengths[i]) add_guess(d, texts[i], &scores, row);
        }
        dm_arena_release(g->arena, mark);
    }
}

const DraftSource dm_draft_by_model = {
    .name = "model",
    .reads_a_model = true,
    .begin = begin,
    .guess = guess,
    .end = end,
};
