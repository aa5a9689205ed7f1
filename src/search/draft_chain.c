// Drafts by the model itself, by heads that are a chain (model/ahead_chain.c): each has read every row that the model
// has made of a text, with the piece k behind it, and of the last row the guess of the head before it.
//
// So rows of the heads behind the first have read guesses. Row j of head k has read piece j + k, and when the last
// piece was number L, row L - 1 - m of any head had read as many as heads - 1 - m guesses. Where one of these was
// wrong, all heads go back to that row and read on from there, as transformers does; what the model itself had made of
// the few rows that may be read again is kept. With guesses that were right nothing is read twice.
#include <string.h>

#include "core/memory.h"
#include "model/ahead_chain.h"
#include "model/transformer.h"
#include "search/own_guesses.h"

typedef struct ChainDraft {
    OwnGuesses guesses;
    AheadChain chain;
    Arena arena;                   // of its caches
    const AlreadyRead *before;     // the search
    Tensor *tails;                 // [texts * again, width] of each text the last rows of the model's, by their number
    int again;                     // rows that may have to be read again
    int first_place, most_places;  // of the first row; places there are
    bool restarts;                 // places begin anew behind what was read before
    int *from, *kept, *lengths;    // [texts] scratch
} ChainDraft;

static void *begin(Graph *g, const SearchJob *job, const AlreadyRead *before)
{
    ChainDraft *d = dm_allocate(1, sizeof *d);
    dm_own_guesses_begin(&d->guesses, g, job);
    const OwnGuesses *own = &d->guesses;
    const ModelConfig *config = &own->model->config;
    const TransformerShape *shape = dm_transformer_shape(config);
    const size_t texts = (size_t)own->texts;
    d->before = before;
    d->again = own->heads - 1;
    d->first_place = job->read;
    d->most_places = dm_position_kinds[shape->positions]->ends ? shape->max_positions : INT_MAX;
    d->restarts = shape->prompt_positions;
    d->tails = dm_tensor(g, own->texts * d->again, config->width);
    d->from = dm_arena_take(g->arena, 3 * texts * sizeof(int));
    d->kept = d->from + texts, d->lengths = d->kept + texts;
    dm_chain_start(&d->chain, own->model, &d->arena, job->source.spans.n);
    return d;
}

static void end(void *memory)
{
    ChainDraft *d = memory;
    dm_chain_finish(&d->chain);
    dm_arena_destroy(&d->arena);
    dm_free(d);
}

static void guess(Graph *g, void *memory, DraftedText *const *texts, int n)
{
    (void)g;
    dm_own_guesses_give(&((const ChainDraft *)memory)->guesses, texts, n);
}

// ---- Pieces of a text, from the first that was read ----------------------------------------------------------------

static int base_of(const ChainDraft *d, const DraftedText *text)
{
    return d->before->texts.spans.length[text->sentence];
}

// The number of the last one, which is the number of rows too: it has not been read.
static int last_of(const ChainDraft *d, const DraftedText *text)
{
    return base_of(d, text) + text->count;
}

static const int *guesses_of(const ChainDraft *d, const DraftedText *text, int *known)
{
    const int number = dm_own_guesses_number(&d->guesses, text);
    *known = d->guesses.known[number];
    return d->guesses.guesses + number * d->guesses.heads;
}

// Behind the last one come guesses, and where there are none any more, anything.
static int piece_at(const ChainDraft *d, const DraftedText *text, int at)
{
    const OwnGuesses *own = &d->guesses;
    const int base = base_of(d, text), written = at - base - 1;
    int known;
    const int *guesses = guesses_of(d, text, &known);
    if (written < -1) return d->before->texts.ids[d->before->texts.spans.start[text->sentence] + at];
    if (written < 0) return dm_first_read(&own->model->config, own->job->source, text->sentence);
    if (written < text->count) return text->written[written];
    return written - text->count < known ? guesses[written - text->count] : own->model->config.eos;
}

// A guess may lie behind the last place there is.
static int place_of(const ChainDraft *d, const DraftedText *text, int at)
{
    const int base = base_of(d, text), place = d->restarts && at >= base ? at - base : d->first_place + at;
    return place < d->most_places ? place : d->most_places - 1;
}

// How many of the rows that were read, the last ones, have read a guess that turned out wrong.
static int wrong_rows(const ChainDraft *d, const DraftedText *text)
{
    int known, right = 0;
    const int *guesses = guesses_of(d, text, &known), last = text->read;
    while (right < known && last + 1 + right <= last_of(d, text) &&
           piece_at(d, text, last + 1 + right) == guesses[right])
        right++;
    const int wrong = d->again - right;
    return wrong < 0 ? 0 : wrong < text->read ? wrong : text->read;
}

// ---- Rows -----------------------------------------------------------------------------------------------------------

// What the model has made of the rows that are read now: those of before the search, those that are kept, and those of
// this pass, the last of which stands in row rows[i] of it.
static Tensor *hidden_rows(Graph *g, const ChainDraft *d, const Tensor *pass, DraftedText *const *texts,
                           const int *rows, const Fresh *fresh)
{
    const Tensor *const before = d->before->features;
    const Tensor *const parts[3] = {pass, d->tails, before};
    int *order = dm_arena_take(g->arena, (size_t)fresh->tokens.n * sizeof(int));
    for (int i = 0, at = 0; i < fresh->tokens.spans.n; i++) {
        const DraftedText *text = texts[i];
        const int number = dm_own_guesses_number(&d->guesses, text), base = base_of(d, text), last = last_of(d, text);
        for (int j = d->kept[i]; j < last; j++)
            order[at++] = j < text->read ? pass->rows + number * d->again + j % d->again
                          : j < base ? pass->rows + d->tails->rows + d->before->texts.spans.start[text->sentence] + j
                                     : rows[i] - (last - 1 - j);
    }
    return dm_collect(g, parts, before ? 3 : 2, order, fresh->tokens.n);
}

static void keep_tails(const ChainDraft *d, DraftedText *const *texts, const Fresh *fresh, const Tensor *hidden)
{
    for (int i = 0; i < fresh->tokens.spans.n; i++) {
        const int number = dm_own_guesses_number(&d->guesses, texts[i]), last = last_of(d, texts[i]),
                  first = last - d->again > d->kept[i] ? last - d->again : d->kept[i];
        for (int j = first; j < last; j++)
            memcpy(dm_row(d->tails, number * d->again + j % d->again),
                   dm_row(hidden, fresh->tokens.spans.start[i] + j - d->kept[i]), (size_t)hidden->cols * sizeof(float));
    }
}

// The slots become the texts, each as far as what was read of it is what was written.
static Fresh go_on(Graph *g, ChainDraft *d, DraftedText *const *texts, int n)
{
    for (int i = 0; i < n; i++) {
        d->from[i] = texts[i]->slot;
        d->kept[i] = texts[i]->read - wrong_rows(d, texts[i]);
        d->lengths[i] = last_of(d, texts[i]) - d->kept[i];
        texts[i]->slot = i;
    }
    dm_chain_keep(&d->chain, d->from, d->kept, n);
    return dm_chain_extend(&d->chain, g, d->lengths);
}

static void look(Graph *g, void *memory, const Decoded *decoded, DraftedText *const *texts, const int *rows, int n)
{
    ChainDraft *d = memory;
    const Fresh fresh = go_on(g, d, texts, n);
    const Tensor *x = hidden_rows(g, d, decoded->features, texts, rows, &fresh);
    int *ids = dm_arena_take(g->arena, (size_t)(2 * fresh.tokens.n + n) * sizeof(int)), *places = ids + fresh.tokens.n,
        *ends = places + fresh.tokens.n;
    keep_tails(d, texts, &fresh, x);
    for (int i = 0; i < n; i++) {
        texts[i]->read = last_of(d, texts[i]);
        ends[i] = fresh.tokens.spans.start[i] + fresh.tokens.spans.length[i] - 1;
        d->guesses.known[dm_own_guesses_number(&d->guesses, texts[i])] = 0;
    }
    for (int k = 1; k <= d->guesses.heads; k++) {
        for (int i = 0, at = 0; i < n; i++)
            for (int j = d->kept[i]; j < last_of(d, texts[i]); j++, at++) {
                ids[at] = piece_at(d, texts[i], j + k);
                places[at] = place_of(d, texts[i], j + k);
            }
        x = dm_chain_read(&d->chain, g, k, &fresh, ids, places, x);
        const Scores scores = dm_own_guesses_ask(&d->guesses, g, dm_collect(g, &x, 1, ends, n));
        for (int i = 0; i < n; i++) dm_own_guesses_add(&d->guesses, texts[i], k - 1, &scores, i);
    }
}

static const char *misfit(const ModelConfig *config)
{
    return dm_ahead_form(config) == &dm_ahead_chain ? NULL : dm_draft_by_self.misfit(config);
}

const DraftSource dm_draft_by_chain = {
    .name = "self",
    .reads_the_beginning = true,
    .misfit = misfit,
    .begin = begin,
    .guess = guess,
    .look = look,
    .end = end,
};
