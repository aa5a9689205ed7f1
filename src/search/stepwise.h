// What strategies that decode piece by piece share: sentences and their open hypotheses, and how one goes on or ends.
#pragma once
#include "search/hypotheses.h"

// What is known of every open hypothesis: its last node (NULL at the start), its log probability, its last id, and in
// sampling which sample it is.
typedef struct Slots {
    const Node **end;
    double *total;
    int *id, *sample;
} Slots;

typedef struct Stepwise Stepwise;

typedef struct Manner {
    // Says of each continuation of a sentence that is to live on dm_stepwise_continue, of one that ends
    // dm_stepwise_end. scores: of all slots, the rules applied where they are whole rows.
    void (*choose)(Stepwise *s, Sentence *sentence, const Scores *scores);
    bool whole_rows;      // it looks at the probabilities of all pieces
    bool ends_when_full;  // a sentence is done once `width` of its hypotheses have ended
} Manner;

struct Stepwise {
    // set by the strategy
    const SearchJob *job;
    const Manner *manner;
    int width;  // hypotheses of a sentence: the beam, or the samples
    void *own;  // the strategy's
    // made by dm_stepwise_run
    const ModelConfig *config;
    int length;  // pieces of a hypothesis after this step
    Slots now, next;
    int *from, taken;     // slot i of the next step goes on from slot from[i]; how many there are
    Node *nodes;          // of this step: room for [open sentences * width], ...
    int made;             // ... so many in use; one may outlive its slot, as the end of a finished hypothesis
    OutputLayer *output;  // of the shortlist; NULL: all pieces are looked at
    Rules rules;
};

// False: job->options->stop said so, and found holds nothing.
bool dm_stepwise_run(Graph *g, Stepwise *s, Found *found);

int dm_stepwise_candidates(const Stepwise *s);     // so many of a sentence, and `width` of them go on
void dm_stepwise_continue(Stepwise *s, const Candidate *c, int sample);           // into the next free slot
void dm_stepwise_end(const Stepwise *s, Sentence *sentence, const Candidate *c);  // with c
void dm_stepwise_cut_off(const Stepwise *s, Sentence *sentence, int slot);        // it ends as it stands
