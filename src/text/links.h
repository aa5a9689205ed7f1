// Word links: which words of a sentence and of its translation stand for one another. On paper they are Pharaoh's
// (Koehn 2004), a line for a pair: "0-0 1-2" links source word 0 with target word 0, and 1 with 2, words being what blanks
// separate. "1p2" is a possible link: people who align by hand mark so what need not be linked (Och and Ney 2003).
#pragma once
#include "core/error.h"

typedef struct Link {
    int source, target;  // words, from 0
    bool possible;       // else sure
} Link;

// Of one pair: ascending by source, then target, and none twice.
typedef struct Links {
    const Link *link;
    int count;
} Links;

// Of many pairs.
typedef struct LinkedPairs {
    Link *link;     // those of all pairs, one pair behind the other
    size_t *first;  // [pairs + 1] pair i has link[first[i]] ... link[first[i + 1] - 1]; NULL: no pair yet
    size_t pairs;
    size_t room, pair_room;  // of both
} LinkedPairs;

// Links of the next pair, copied, in any order; of two of the same words a sure one stays.
void dm_links_add(LinkedPairs *pairs, const Link *link, int count);
Links dm_links_of(const LinkedPairs *pairs, size_t pair);
void dm_links_free(LinkedPairs *pairs);

// The next pair is what a line says. On failure the message names the link, and there is no next pair.
Status dm_links_parse(LinkedPairs *pairs, const char *line, Error *error);
// All lines of a file, plain or compressed; "-" is standard input. Messages name file and line.
Status dm_links_read(LinkedPairs *pairs, const char *path, Error *error);
// Whether a pair has the words that are linked; else the message names file and line. line: from 1, as people count.
Status dm_links_fit(Links links, int source_words, int target_words, const char *file, size_t line, Error *error);
// As a line, without a newline, for the caller to free.
char *dm_links_format(Links links);
