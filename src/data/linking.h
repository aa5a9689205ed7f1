// Links for text that is learnt from: between the words of a bitext, and between the pieces of the corpus made of it.
// Words are what blanks separate in the lines.
#pragma once
#include "data/corpus.h"
#include "text/links.h"

// A line of the file for each pair of the bitext. A line with what is no link, or with a link to a word that is not there,
// is a bad line: an error, or its pair is left out of the bitext, or it ends before what is no link and has no links to
// words that are not there, as bitext->bad[0].on says. Of a pair with an empty side links do not count, nor do those to
// what was cropped from it. bad: {0}; what was done about which lines; the caller frees it, and links.
Status dm_links_of_bitext(LinkedPairs *links, dm_bad_lines *bad, const char *path, Bitext *bitext, Error *error);

// Links between words become links between all their pieces: those of the pairs of a corpus that was made of this bitext,
// whose lines are still there. Returns of how many pairs nobody can tell which pieces belong to which word: those get none.
int dm_corpus_link(Corpus *corpus, const LinkedPairs *links, const Bitext *bitext, const Segmenter *segmenter);
long dm_links_fingerprint(const Corpus *corpus);  // the hash of its links, positive; 0 where it has none
