// Rules of the search: which pieces may not follow a hypothesis.
#include <math.h>

#include "search/search_parts.h"

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

int dm_search_most_banned(const Rules *rules)
{
    const SearchDefaults *d = &rules->config->search;
    const bool first = rules->length == (d->says_first ? 2 : 1);
    return 2 + d->bad_word_count + (first ? d->bad_first_count : 0);
}

static int least(const dm_translate_options *o)
{
    return o->length_low > o->min_length ? o->length_low : o->min_length;
}

// One after the other; -1: this one may come.
static int banned(const Rules *rules, int i)
{
    const SearchDefaults *d = &rules->config->search;
    if (i == 0) return rules->config->pad;
    if (i == 1) return rules->length <= least(rules->options) ? rules->config->eos : -1;
    return i - 2 < d->bad_word_count ? d->bad_words[i - 2] : d->bad_first[i - 2 - d->bad_word_count];
}

bool dm_search_is_banned(const Rules *rules, int id)
{
    for (int i = 0; i < dm_search_most_banned(rules); i++)
        if (banned(rules, i) == id) return true;
    return false;
}

// Scales what is left of the probabilities so that their sum is 1. Nothing left stays so.
static void renormalize(float *log_probabilities, int vocabulary)
{
    float highest = -INFINITY, sum = 0;
    for (int id = 0; id < vocabulary; id++) highest = fmaxf(highest, log_probabilities[id]);
    if (!isfinite(highest)) return;
    for (int id = 0; id < vocabulary; id++) sum += expf(log_probabilities[id] - highest);
    const float log_sum = highest + logf(sum);
    for (int id = 0; id < vocabulary; id++) log_probabilities[id] -= log_sum;
}

void dm_search_forbid(const Rules *rules, float *log_probabilities, const Node *end)
{
    const int vocabulary = rules->vocabulary, length = rules->length, n = rules->options->no_repeat_ngram;
    for (int i = 0; i < dm_search_most_banned(rules); i++) forbid(log_probabilities, vocabulary, banned(rules, i));
    if (n && length > n) {
        dm_search_history(rules->history, end, length - 1);
        forbid_repetition(log_probabilities, vocabulary, rules->history, length - 1, n);
    }
    if (rules->config->search.renormalize) renormalize(log_probabilities, vocabulary);
}

void dm_search_force(const Rules *rules, float *log_probabilities, Forced forced)
{
    const float kept = forced.certain ? 0 : log_probabilities[forced.id];
    for (int id = 0; id < rules->vocabulary; id++) log_probabilities[id] = -INFINITY;
    log_probabilities[forced.id] = kept;
}
