// What heads of the model that look ahead have guessed of each text, until it is asked for: they guess after a pass, by
// what the model has made of it, and the next one reads the guesses.
#pragma once
#include "search/drafts.h"

typedef struct OwnGuesses {
    const SearchJob *job;
    const Model *model;
    Rules rules;
    int samples, heads, texts;  // texts: at most, by number
    int *guesses;               // [texts, heads] ...
    int *known;                 // ... of each text how many
} OwnGuesses;

void dm_own_guesses_begin(OwnGuesses *own, Graph *g, const SearchJob *job);
int dm_own_guesses_number(const OwnGuesses *own, const DraftedText *text);
void dm_own_guesses_give(const OwnGuesses *own, DraftedText *const *texts, int n);
// The best few pieces that come behind each of these rows.
Scores dm_own_guesses_ask(OwnGuesses *own, Graph *g, Tensor *rows);
// The best piece by this row becomes the next guess, unless the one before it was none already.
void dm_own_guesses_add(OwnGuesses *own, const DraftedText *text, int guess, const Scores *scores, int row);
