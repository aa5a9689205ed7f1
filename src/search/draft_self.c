// Drafts by the model itself, by heads that look ahead apart from one another (model/ahead_apart.c; Stern et al. 2018,
// section 3): what it made of the row that has said the last piece says what may come behind it. No other pass is
// needed for the guesses.
#include "model/ahead.h"
#include "search/own_guesses.h"

static void *begin(Graph *g, const SearchJob *job, const AlreadyRead *before)
{
    (void)before;
    OwnGuesses *own = dm_arena_take(g->arena, sizeof *own);
    dm_own_guesses_begin(own, g, job);
    return own;
}

static void guess(Graph *g, void *own, DraftedText *const *texts, int n)
{
    (void)g;
    dm_own_guesses_give(own, texts, n);
}

// What all heads make of these rows, one head's behind another's.
static Tensor *all_heads(Graph *g, const OwnGuesses *own, const Tensor *rows)
{
    const Tensor **heads = dm_arena_take(g->arena, (size_t)own->heads * sizeof *heads);
    int *order = dm_arena_take(g->arena, (size_t)(own->heads * rows->rows) * sizeof(int));
    for (int k = 0; k < own->heads; k++) heads[k] = dm_ahead_rows(g, own->model, k + 1, rows);
    for (int i = 0; i < own->heads * rows->rows; i++) order[i] = i;
    return dm_collect(g, heads, own->heads, order, own->heads * rows->rows);
}

static void look(Graph *g, void *memory, const Decoded *decoded, DraftedText *const *texts, const int *rows, int n)
{
    OwnGuesses *own = memory;
    const Tensor *features = decoded->features;
    const Scores scores = dm_own_guesses_ask(own, g, all_heads(g, own, dm_collect(g, &features, 1, rows, n)));
    for (int i = 0; i < n; i++)
        for (int k = 0; k < own->heads; k++) dm_own_guesses_add(own, texts[i], k, &scores, k * n + i);
}

static const char *misfit(const ModelConfig *config)
{
    return dm_ahead_form(config) == &dm_ahead_apart && !dm_outputs[config->output]->copies
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
