// A parallel corpus in memory as ids, and the order in which training sees it.
#pragma once
#include <stdint.h>

#include "data/bitext.h"
#include "text/noise.h"

// Where target pieces come from, pair by pair (data/linking.h).
typedef struct PieceLinks {
    size_t *first;         // [pairs + 1] where those of a pair begin; NULL: nothing is known of any
    int *target, *source;  // places in the pair: in order of targets, then of sources, none twice
} PieceLinks;

typedef struct Corpus {
    int pairs;
    int *ids;                  // all sides of all pairs; of text alone targets, one behind the other
    int *copies;               // [as ids] what they are copied as (dm_encode_copies); NULL: nobody has asked
    size_t *source, *target;   // [pairs] offset of the first id
    int *source_length, *target_length;  // [pairs] end of sentence counted, which labels have none of
    // [pairs] of labels: offset of the places in their source that they are of; NULL: the target is text. A label that
    // the model does not know is -1.
    size_t *places;
    int *line;                           // [pairs] where the pair stands in the bitext, from 1
    PieceLinks links;
    bool mapped;                         // ids and copies lie in a file that is mapped (prepared.h), which owns them
    int skipped_empty, skipped_long;     // pairs left out ...
    int skipped_unsaid;                  // ... as those that no path comes to
    int cut;                             // lines of text alone that are several windows, each of which counts as a pair
} Corpus;

typedef struct CorpusRules {
    int max_length;  // pairs with a side of more pieces (end of sentence counted) are left out, and a line of text
                     // alone is cut into windows (windows.h); 0: neither
    int shortest;    // pairs with a side of fewer pieces are left out; 2: those with one that is empty
    int upsample;    // of the source, whose rows in all have to be enough to say the target at once (tensor/ops/ctc.c), or
                     // the pair is left out; 0: all may stay
    bool copies;     // what pieces are copied as is wanted too
    bool unknown;    // labels that the model does not know are kept, as -1 (validation); else they are refused
    int threads;
    Stop *stop;  // NULL: nobody will want to
} CorpusRules;

// A corpus without a single pair is an error; DM_STOPPED if rules->stop said so.
Status dm_corpus_make(Corpus *corpus, const Bitext *bitext, const CorpusRules *rules, const Segmenter *segmenter,
                      Error *error);
void dm_corpus_make_index(Corpus *corpus, size_t pairs);  // room for them, but for their ids ...
void dm_corpus_make_room(Corpus *corpus, size_t pairs, size_t pieces);  // ... and with room for these
void dm_corpus_free(Corpus *corpus);

// A pair whose ids lie behind one another, source and target, from `at` on.
typedef struct PairIds {
    const int *id;  // the first
    size_t at;
    int source, target;  // how many of each Side, end of sentence counted, which labels have none of
    int line;
    bool alone, labels;
} PairIds;
bool dm_corpus_takes(Corpus *corpus, const PairIds *pair, const CorpusRules *rules);  // those that it does not are counted
// Where the pair is, into the index, which has room; a line of text alone as its windows: behind one another, as the kinds
// of examples want them.
void dm_corpus_index(Corpus *corpus, const PairIds *pair, const CorpusRules *rules);
// DM_FAILURE where no pair was taken.
Status dm_corpus_check_rest(const Corpus *corpus, bool alone, const CorpusRules *rules, const char *name, Error *error);

// The same pairs of text, cut by chance, each time that an epoch begins anew.
typedef struct CorpusNoise {
    const Noise *noise;
    uint64_t seed;
    uint32_t epoch;
    int max_length;  // a side that would have more pieces stays as it is; 0: any number
    int threads;
} CorpusNoise;
void dm_corpus_noisy(Corpus *corpus, const Corpus *from, const CorpusNoise *how);

// The order of one epoch: a function of (corpus, seed, epoch, budgets) alone, so a resumed run finds its place.
typedef struct Plan {
    int *order;         // [pairs] sentence pairs
    int shards;
    int *shard_start;   // [shards + 1] into order: shard i has order[shard_start[i] ... shard_start[i+1]-1]
    int updates;
    int *update_start;  // [updates + 1] into the shards
} Plan;

typedef struct PlanBudget {
    uint64_t seed;
    uint32_t epoch;      // from 1; 0: no shuffling (validation): sorted by length
    int shard_words;     // target tokens of a shard, at most but for the rest of a sentence
    int update_words;    // target tokens of an update, about
    int lanes;           // an update of more shards than this has a multiple of it
} PlanBudget;

// Shuffles, sorts by length so that the sentences of a shard are alike, cuts into shards, shuffles the shards, and
// deals them out to updates.
void dm_plan_make(Plan *plan, const Corpus *corpus, const PlanBudget *budget);
void dm_plan_free(Plan *plan);
