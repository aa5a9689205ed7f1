// What the files of the search share: the histories of hypotheses, the rules that forbid pieces, and where the
// candidates to continue a hypothesis come from.
#pragma once
#include "search/search.h"
#include "tensor/ops/ops.h"

bool dm_search_is_stopped(const dm_translate_options *options);  // asks options->stop

// ---- Where a search begins (begin.c) --------------------------------------------------------------------------------

// Whether what is found goes on from its source, as text alone does, and stands behind it in the same sequence.
bool dm_search_goes_on(const SearchJob *job);
int dm_search_behind(const SearchJob *job, int sentence);  // pieces that the text has then, its start among them
// What a model knows of the sources when it begins: a state with a slot for each, which has read it, but for the last piece
// of a text that goes on; and what the encoder says of them, NULL where they are such texts.
typedef struct Begun {
    SearchState *state;
    const Tensor *memory;
} Begun;
// What a model has read in front of the pieces that search gives it, and its features. It begins empty where states were
// given, which have read already, and no features are known of it then.
typedef struct AlreadyRead {
    Tokens texts;            // of each source
    const Tensor *features;  // [texts.n, width]; NULL: there are none
} AlreadyRead;
// read: NULL: nobody asks. Of sources that an encoder has read, only a decoder alone can say it, which reads them itself.
Begun dm_search_begin(Graph *g, const SearchJob *job, int model, AlreadyRead *read);
// Pieces that can be written: those of the vocabulary, and places of the source where it can be copied.
int dm_search_reach(const SearchJob *job);

// ---- Hypotheses, rules and candidates -------------------------------------------------------------------------------

// A hypothesis is a chain of nodes, never copied.
typedef struct Node Node;
struct Node {
    const Node *parent;  // NULL: the first piece
    int id;
    float log_probability;
};
void dm_search_history(int *ids, const Node *end, int count);  // the ids of a chain of `count` nodes, in order

// What may not be the next piece, which makes a hypothesis `length` pieces long. Banned is whatever came before: pad
// and bad words, the end of sentence before min_length, and what is bad only as the first piece. dm_search_forbid takes
// away, by a log probability of minus infinity, these and what would repeat an n-gram behind the node `end`.
typedef struct Rules {
    const ModelConfig *config;
    const dm_translate_options *options;
    int vocabulary, length;
    int *history;  // [length] scratch, where n-grams must not be repeated
} Rules;
bool dm_search_is_banned(const Rules *rules, int id);
int dm_search_most_banned(const Rules *rules);  // that many pieces can be banned at once
void dm_search_forbid(const Rules *rules, float *log_probabilities, const Node *end);

// The piece that has to come, against all rules. Certain: with probability 1, else with that which it has.
typedef struct Forced {
    int id;  // -1: none has
    bool certain;
} Forced;
void dm_search_force(const Rules *rules, float *log_probabilities, Forced forced);

// A slot and the piece that may follow it.
typedef struct Candidate {
    double worth;  // total, less what diversity takes
    double total;
    float log_probability;
    int slot, id;
} Candidate;

// The `room` best candidates, in order: most worth, then lower slot, then lower id.
typedef struct Best {
    Candidate *list;
    int count, room;
} Best;
void dm_search_keep(Best *best, const Candidate *candidate);  // if it is among them

// Pieces that slots have written and the models are still to read: lengths[i] of slot i, one slot after the other; NULL: of
// each its last.
typedef struct NewPieces {
    const int *ids;  // [n]
    int n;
    const int *lengths;
} NewPieces;
const Decoded *dm_search_extend(Graph *g, const SearchJob *job, const Begun *models, const NewPieces *pieces);

// What the models say of the piece that comes behind each of these, either all or the best few.
typedef struct Scores {
    Tensor *rows;     // [pieces, vocabulary] log probabilities; NULL:
    NextPieces best;  // without regard to the rules
} Scores;
Scores dm_search_rows(Graph *g, const SearchJob *job, const Decoded *decoded);
// output: the pieces that are looked at; NULL: all of them
typedef struct BestAsked {
    int enough;
    const OutputLayer *output;
} BestAsked;
Scores dm_search_best(Graph *g, const SearchJob *job, const Decoded *decoded, const BestAsked *asked);
// Whether somebody may ask of a piece that is not among the best so many: that takes whole rows. So do very many, since to
// keep them in order costs more than to look through all.
bool dm_search_needs_rows(const SearchJob *job, int enough);
// Adds what may follow in this row (of a slot, whose log probability is `total`) to the best.
void dm_search_continue(const Scores *scores, const Rules *rules, int slot, double total, Best *best);
