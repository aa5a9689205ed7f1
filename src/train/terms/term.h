// Terms: what is added to the loss. A term is a file of this folder and a row of dm_terms.
#pragma once
#include "model/model.h"

// A shard that has come as far as its features.
typedef struct TermInput {
    Graph *graph;
    const Model *model;
    const Example *example;  // where sentences have two copies, those of the second stand behind those of the first
    const Tensor *features;  // [rows of the example's targets, width]
} TermInput;

typedef struct Term {
    const char *name, *about;
    const char *usual;  // weight, as the option says it
    int copies;       // of each sentence in an example, which run under masks of their own: 1, or 2
    bool of_dropout;  // without it, there is nothing to add
    // Adds the gradient of weight * term to what it looks at, and returns what it adds to the objective.
    double (*add)(const TermInput *input, double weight);
} Term;

extern const Term dm_r_drop;
extern const Term dm_balance_term;  // of --balance, and none of --add-loss
extern const Term *const dm_terms[];  // ends with NULL
Choice dm_term_choice(int index);

enum { DM_MOST_TERMS = 4 };

typedef struct ChosenTerms {
    const Term *term[DM_MOST_TERMS];
    double weight[DM_MOST_TERMS];
    int count, copies;
    double balance_rate;  // of --balance bias, which is no term; 0: it was not chosen
} ChosenTerms;

Choice dm_balance_choice(int index);  // of --balance

// --add-loss: names, each with its weight behind it or without, which is then filled in, so that the record of a run
// has it, as --balance does. DM_USAGE for one that cannot count.
Status dm_terms_of_options(ChosenTerms *chosen, dm_options *options, Error *error);
// Adds what --balance says, once it is known whether the model has experts.
Status dm_balance_of_options(ChosenTerms *chosen, dm_options *options, bool experts, Error *error);
double dm_terms_add(const ChosenTerms *chosen, const TermInput *input);
