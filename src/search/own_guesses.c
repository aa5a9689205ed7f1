// Guesses of heads that look ahead, kept from pass to pass.
#include "search/own_guesses.h"

#include "search/hypotheses.h"

void dm_own_guesses_begin(OwnGuesses *own, Graph *g, const SearchJob *job)
{
    *own = (OwnGuesses){.job = job,
                        .model = job->models[0],
                        .samples = job->options->n_best > 1 ? job->options->n_best : 1,
                        .heads = job->models[0]->config.ahead};
    own->rules = (Rules){.config = &own->model->config, .options = job->options, .vocabulary = dm_search_reach(job)};
    own->texts = job->source.spans.n * own->samples;
    own->guesses = dm_arena_take(g->arena, (size_t)own->texts * (size_t)own->heads * sizeof(int));
    own->known = dm_arena_take(g->arena, (size_t)own->texts * sizeof(int));
    for (int i = 0; i < own->texts; i++) own->known[i] = 0;
}

int dm_own_guesses_number(const OwnGuesses *own, const DraftedText *text)
{
    return text->sentence * own->samples + text->sample;
}

void dm_own_guesses_give(const OwnGuesses *own, DraftedText *const *texts, int n)
{
    for (int i = 0; i < n; i++) {
        DraftedText *text = texts[i];
        const int number = dm_own_guesses_number(own, text);
        while (text->guesses < text->most && text->guesses < own->known[number]) {
            text->guess[text->guesses] = own->guesses[number * own->heads + text->guesses];
            text->guesses++;
        }
    }
}

Scores dm_own_guesses_ask(OwnGuesses *own, Graph *g, Tensor *rows)
{
    const OutputLayer *output = &own->model->output;
    own->rules.length = 1 + own->rules.config->search.says_first;  // where most is banned
    const int enough = 1 + dm_search_most_banned(&own->rules);
    return (Scores){.best = output->kind->next_pieces(g, output, &(Decoded){.features = rows}, enough)};
}

void dm_own_guesses_add(OwnGuesses *own, const DraftedText *text, int guess, const Scores *scores, int row)
{
    const int number = dm_own_guesses_number(own, text);
    Candidate candidate;
    Best best = {&candidate, 0, 1};
    if (guess == 0) own->known[number] = 0;
    if (own->known[number] < guess) return;
    own->rules.length = text->count + guess + 1;
    dm_search_continue(scores, &own->rules, row, 0, &best);
    if (best.count) own->guesses[number * own->heads + own->known[number]++] = candidate.id;
}
