// Drafts by the model itself, by its heads that look ahead (model/ahead.h; Stern et al. 2018, section 3): what it made
// of the row that has said the last piece says what may come behind it. No other pass is needed for the guesses.
#include "model/ahead.h"
#include "search/drafts.h"
#include "search/hypotheses.h"

typedef struct SelfDraft {
    const SearchJob *job;
    const Model *model;
    Rules rules;
    int samples, heads;
    int *guesses;  // [sentences, samples, heads] ...
    int *known;    // ... of each text how many
} SelfDraft;

static void *begin(Graph *g, const SearchJob *job)
{
    SelfDraft *d = dm_arena_take(g->arena, sizeof *d);
    *d = (SelfDraft){.job = job,
                     .model = job->models[0],
                     .samples = job->options->n_best > 1 ? job->options->n_best : 1,
                     .heads = job->models[0]->config.ahead};
    d->rules = (Rules){.config = &d->model->config, .options = job->options, .vocabulary = dm_search_reach(job)};
    const size_t texts = (size_t)job->source.spans.n * (size_t)d->samples;
    d->guesses = dm_arena_take(g->arena, texts * (size_t)d->heads * sizeof(int));
    d->known = dm_arena_take(g->arena, texts * sizeof(int));
    for (size_t i = 0; i < texts; i++) d->known[i] = 0;
    return d;
}

static int number_of(const SelfDraft *d, const DraftedText *text)
{
    return text->sentence * d->samples + text->sample;
}

static void guess(Graph *g, void *own, DraftedText *const *texts, int n)
{
    (void)g;
    const SelfDraft *d = own;
    for (int i = 0; i < n; i++) {
        DraftedText *text = texts[i];
        const int number = number_of(d, text);
        while (text->guesses < text->most && text->guesses < d->known[number]) {
            text->guess[text->guesses] = d->guesses[number * d->heads + text->guesses];
            text->guesses++;
        }
    }
}

// What all heads make of these rows, one head's behind another's.
static Tensor *all_heads(Graph *g, const SelfDraft *d, const Tensor *rows)
{
    const Tensor **heads = dm_arena_take(g->arena, (size_t)d->heads * sizeof *heads);
    int *order = dm_arena_take(g->arena, (size_t)(d->heads * rows->rows) * sizeof(int));
    for (int k = 0; k < d->heads; k++) heads[k] = dm_ahead_rows(g, d->model, k + 1, rows);
    for (int i = 0; i < d->heads * rows->rows; i++) order[i] = i;
    return dm_collect(g, heads, d->heads, order, d->heads * rows->rows);
}

static void look(Graph *g, void *own, const Decoded *decoded, DraftedText *const *texts, const int *rows, int n)
{
    SelfDraft *d = own;
    const OutputLayer *output = &d->model->output;
    const Tensor *features = decoded->features, *said = all_heads(g, d, dm_collect(g, &features, 1, rows, n));
    d->rules.length = 1 + d->rules.config->search.says_first;  // where most is banned
    const int enough = 1 + dm_search_most_banned(&d->rules);
    const Scores scores = {.best = output->kind->next_pieces(g, output, &(Decoded){.features = said}, enough)};
    for (int i = 0; i < n; i++) {
        const int number = number_of(d, texts[i]);
        d->known[number] = 0;
        for (int k = 0; k < d->heads; k++) {
            Candidate candidate;
            Best best = {&candidate, 0, 1};
            d->rules.length = texts[i]->count + k + 1;
            dm_search_continue(&scores, &d->rules, k * n + i, 0, &best);
            if (!best.count) break;
            d->guesses[number * d->heads + d->known[number]++] = candidate.id;
        }
    }
}

static const char *misfit(const ModelConfig *config)
{
    return config->ahead && !dm_outputs[config->output]->copies
               ? NULL
               : "the model has no heads that look ahead (train --add-loss ahead --ahead K)";
}

const DraftSource dm_draft_by_self = {
    .name = "self",
    .misfit = misfit,
    .begin = begin,
    .guess = guess,
    .look = look,
};
