// Search over any model's next-piece probabilities, by one strategy of several.
#pragma once
#include "search/shortlist.h"
#include "model/model.h"
#include "text/segmenter.h"

typedef struct SearchJob {
    const Model *const *models;  // an ensemble; what a piece is, the first says
    int model_count;
    const Shortlist *shortlist;  // NULL: all pieces are looked at
    Tokens source;
    const dm_translate_options *options;  // nothing left open; its prefixes, context and partial are not used
    const Ids *prefixes;                  // [source.spans.n] without end of sentence; NULL: none has one
    const Ids *places;                    // [source.spans.n] of what there are labels; NULL: text is written
    const int *copies;                    // [source.n] what source pieces are copied as (Decoded); NULL: as themselves.
    int unknown;                          // What is copied alone is read as this piece, and so is what is masked
    const int *limits;                    // [source.spans.n] pieces at most; NULL: as the options have it
    const Model *drafter;  // that is asked for drafts; NULL: none
    const int *alike;      // [source.n] the target pieces that source pieces are spelt as, -1: none is. For drafts
    const Tokens *text;    // of text alone, for drafts: all that stands in front, where the source is but its end; or NULL
    const size_t *lines;                  // [source.spans.n] numbers of the lines, for sampling; NULL: 0, 1, ...
    const int *stops;                     // pieces with which a hypothesis ends, as with the end of sentence, but they
    int stop_count;                       // belong to it
    // Of text alone: what one source is read behind, in one slot of each model. They are left with some slots that have
    // read more, the first of which begins as theirs did. NULL: states of its own, behind nothing.
    SearchState *const *states;
    int read;  // pieces that these have read
    // Called in greedy search after every piece; NULL: nobody waits.
    void (*partial)(void *context, int sentence, const int *ids, int count);
    void *context;
} SearchJob;

// How a hypothesis came about where pieces were drafted (drafts.h).
typedef struct Drafted {
    int passes;     // of the model; 0: there were no drafts
    int pieces;     // that were guessed ...
    int *accepted;  // [passes] ... and so many of these were right
} Drafted;
enum { DM_USUAL_ITERATIONS = 10, DM_USUAL_LENGTH_BEAM = 5 };  // of mask-predict, where nothing is said

typedef struct Hypothesis {
    int *ids;              // [count] without end of sentence
    double *piece_scores;  // [pieces] log probabilities
    int count;
    int pieces;  // count, and one for the end of sentence where it was reached
    double log_probability, score;
    Drafted drafted;
} Hypothesis;

typedef struct Found {
    int count;  // at least 1
    Hypothesis *best;
} Found;

// A way to search: when it is wanted, and how it goes about it, from sources to what was found. All memory is
// the graph's arena.
typedef struct Strategy {
    const char *name;
    bool (*is_wanted)(const SearchJob *job);
    bool (*run)(Graph *g, const SearchJob *job, Found *found);
} Strategy;

extern const Strategy dm_beam_strategy, dm_sample_strategy, dm_labels_strategy, dm_speculative_strategy,
    dm_mask_predict_strategy, dm_prefix_beam_strategy, dm_best_path_strategy;
extern const Strategy *const dm_strategies[];  // ends with NULL; the first that is wanted runs, the last always is

// Translates a batch of sources: found[i] has the best hypotheses of sequence i, in order, n_best of them or as many as
// there are; all that ended where a coverage penalty has still to rank them.
// False: options->stop said so, and found holds nothing.
bool dm_search(Graph *g, const SearchJob *job, Found *found);
