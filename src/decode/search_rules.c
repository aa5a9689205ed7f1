// Rules of the search: which pieces may not follow a hypothesis.
#include <math.h>

#include "decode/search_parts.h"

static void forbid(float *log_probabilities, int vocabulary, int id)
{
    if (id >= 0 && id < vocabulary) log_probabilities[id] = -INFINITY;
}

void dm_search_history(int *ids, const Node *end, int count)
{
    for (const Node *node = end; count-- > 0; node = node->parent) ids[count] = node->id;
}

// Wherever the last n - 1 pieces have stood before, what followed them there may not follow them again.
static void forbid_repetition(float *log_probabilities, int vocabulary, const int *ids, int count, int n)
{
    const int *last = ids + count - (n - 1);
    for (int at = 0; at + n <= count; at++) {
        int same = 0;
        while (same < n - 1 && ids[at + same] == last[same]) same++;
        if (same == n - 1) forbid(log_probabilities, vocabulary, ids[at + n - 1]);
    }
}

void dm_search_rules(const Rules *rules, float *log_probabilities, const Node *end, int length, int forced)
{
    const ModelConfig *c = rules->config;
    const dm_translate_options *o = rules->options;
    const int vocabulary = rules->vocabulary;
    if (forced >= 0) {
        const float kept = log_probabilities[forced];
        for (int id = 0; id < vocabulary; id++) log_probabilities[id] = -INFINITY;
        log_probabilities[forced] = kept;
        return;
    }
    forbid(log_probabilities, vocabulary, c->pad);
    for (int i = 0; i < c->bad_word_count; i++) forbid(log_probabilities, vocabulary, c->bad_words[i]);
    if (length <= o->min_length) forbid(log_probabilities, vocabulary, c->eos);
    if (o->no_repeat_ngram && length > o->no_repeat_ngram) {
        dm_search_history(rules->history, end, length - 1);
        forbid_repetition(log_probabilities, vocabulary, rules->history, length - 1, o->no_repeat_ngram);
    }
}
