// Terms: what is added to the loss. A term is a file of this folder and a row of dm_terms.
#pragma once
#include "model/model.h"

// A shard that has come as far as its features.
typedef struct TermInput {
    Graph *graph;
    const Model *model;
    const Memory *memory;    // that the decoder has gone on from; NULL: of objectives whose models go on from none
    const Example *example;  // where sentences have two copies, those of the second stand behind those of the first
    const Tensor *features;  // [rows of the example's targets, width]
    Gaze gaze;                  // of terms that look at attention ...
    const AttentionView *view;  // ... this is what it sees
} TermInput;

typedef struct Term {
    const char *name, *about;
    const char *usual;  // weight, as the option says it
    int copies;        // of each sentence in an example, which run under masks of their own: 1, or 2
    bool of_dropout;   // without it, there is nothing to add
    bool looks;        // at the decoder's attention to the source
    const char *file;  // the option that names the file that it learns from; NULL: there is none
    // Adds the gradient of weight * term to what it looks at, and returns what it adds to the objective.
    double (*add)(const TermInput *input, double weight);
} Term;

extern const Term dm_r_drop, dm_cutoff, dm_guided_alignment, dm_coverage, dm_ahead;
extern const Term dm_balance_term;  // of --balance, and none of --add-loss
extern const Term *const dm_terms[];  // ends with NULL
Choice dm_term_choice(int index);
Choice dm_guide_choice(int index);  // of --guided-alignment-context

enum { DM_MOST_TERMS = 4 };

typedef struct ChosenTerms {
    const Term *term[DM_MOST_TERMS];
    double weight[DM_MOST_TERMS];
    int count, copies;
    double balance_rate;  // of --balance bias, which is no term; 0: it was not chosen
    Gaze gaze;            // of those that look; no layer: none does
} ChosenTerms;

Choice dm_balance_choice(int index);  // of --balance

// --add-loss: names, each with its weight behind it or without, which is then filled in, so that the record of a run
// has it, as --balance does. DM_USAGE for one that cannot count.
Status dm_terms_of_options(ChosenTerms *chosen, dm_options *options, Error *error);
// Where those look that do, once it is known what model it is. DM_USAGE where they cannot.
Status dm_terms_look(ChosenTerms *chosen, const dm_options *options, const ModelConfig *config, Error *error);
bool dm_terms_have(const ChosenTerms *chosen, const Term *term);
// Adds what --balance says, once it is known whether the model has experts.
Status dm_balance_of_options(ChosenTerms *chosen, dm_options *options, bool experts, Error *error);
double dm_terms_add(const ChosenTerms *chosen, const TermInput *input);
