// What the files of the search share: the histories of hypotheses, the rules that forbid pieces, and the draw of one.
#pragma once
#include "decode/search.h"

// A hypothesis is a chain of nodes, never copied.
typedef struct Node Node;
struct Node {
    const Node *parent;  // NULL: the first piece
    int id;
    float log_probability;
};
void dm_search_history(int *ids, const Node *end, int count);  // the ids of a chain of `count` nodes, in order

// Takes away, by a log probability of minus infinity, what may not follow a hypothesis of which `end` is the last node
// and `length` the length, the piece to come counted: pad and bad words; the end of sentence before min_length; a piece
// that would repeat an n-gram. forced: the piece that has to come, against all rules; -1: none. history: [length].
typedef struct Rules {
    const ModelConfig *config;
    const dm_translate_options *options;
    int vocabulary;
    int *history;
} Rules;
void dm_search_rules(const Rules *rules, float *log_probabilities, const Node *end, int length, int forced);

// Draws a piece; -1: none is possible. The random number is a function of (seed, line, sample, length) alone, so what
// shares a batch does not matter.
typedef struct Draw {
    const dm_translate_options *options;
    size_t line;
    int sample, length;
    int vocabulary;
    int *order;      // [vocabulary] scratch
    double *weight;  // [vocabulary] scratch
} Draw;
int dm_search_draw(const Draw *draw, const float *log_probabilities);
