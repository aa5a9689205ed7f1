// Which words meet: a source word and a target word that stand opposite one another in some pair. They are what a lexicon
// is a table over. Words are numbers from 0; the ends of sentences take no part. Behind the words of either side stands
// NULL, which each word of the other may come from: it meets all of them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A pair without its ends of sentence.
typedef struct PiecePair {
    const int *source, *target;
    int sources, targets;
} PiecePair;

// The table has an entry for every two words that meet, however often. Those of one source word are its row: what an EM
// reads for a word lies close together, and needs no search, for each meeting knows its entry. That takes four bytes a
// meeting, so of a large text only a part has them at a time.
typedef struct Meetings {
    PiecePair *pair;  // [pairs] that are learnt from: none with an empty side or a very long one. Pairs with as many words
                      // on both sides as one another, of one shape, stand together
    int *number;      // [pairs] which of the caller's it is
    int pairs;
    int sources, targets;  // one more than the largest numbers
    size_t *row;  // [sources + 2] the entries of source word s: row[s] ... row[s + 1] - 1; the last row is that of NULL
    int *target;  // [entries] their target words, ascending in a row; the last one of a word's row is NULL, which is
                  // called `targets`
    int parts;
    int *part;         // [parts + 1] the pairs of a part: part[k] ... part[k + 1] - 1
    int loaded;        // the part whose meetings have their entries
    size_t *first;     // [pairs + 1] where those of a pair stand (dm_meetings_of): of source word j and target word i, one
    uint32_t *entry;   // behind the last being NULL, at j * (targets + 1) + i. Where both are, it is any entry
} Meetings;

enum {
    MOST_WORDS = 200,         // of a side: longer ones say little for the time they take
    MOST_MEETINGS = 1 << 28,  // of a part: 1 GiB
};

Meetings dm_meetings_find(const PiecePair *pairs, int count, size_t most);  // most: MOST_MEETINGS
void dm_meetings_load(Meetings *meetings, int part);
void dm_meetings_free(Meetings *meetings);
// The entry of two words, `sources` and `targets` being NULL; DM_NEVER_MET: there is none.
size_t dm_meetings_entry(const Meetings *meetings, int source, int target);
#define DM_NEVER_MET SIZE_MAX

bool dm_is_met(const PiecePair *pair);  // it is among the pairs that are learnt from

static inline size_t dm_pair_meetings(const PiecePair *p)
{
    return ((size_t)p->sources + 1) * ((size_t)p->targets + 1);
}

static inline const uint32_t *dm_meetings_of(const Meetings *m, int pair)  // of a part that is loaded
{
    return m->entry + (m->first[pair] - m->first[m->part[m->loaded]]);
}
