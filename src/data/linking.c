// Links between words become links between pieces: each piece of a word is linked with each piece of the other, as
// Garg et al. (2019, "Jointly learning to align and translate with Transformer models", section 4.2) have it.
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/memory.h"
#include "data/linking.h"

typedef struct Linking {
    const Corpus *corpus;
    const Bitext *bitext;
    const Segmenter *segmenter;
    int *word[2];  // [room] of each Side, of the pieces of a pair
    int room[2];
    PieceLinks to;
    size_t used, have;  // links, and room for them
} Linking;

// Without the end of sentence.
static int pieces_of(const Linking *l, int pair, Side side)
{
    return (side == DM_SOURCE ? l->corpus->source_length : l->corpus->target_length)[pair] - 1;
}

static bool find_words(Linking *l, int pair)
{
    const size_t line = (size_t)l->corpus->line[pair] - 1;
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        const int pieces = pieces_of(l, pair, side);
        if (pieces > l->room[side]) {
            l->room[side] = 2 * pieces;
            l->word[side] = dm_reallocate(l->word[side], (size_t)l->room[side], sizeof(int));
        }
        if (!dm_words_of_pieces(l->segmenter, side, l->bitext->lines[side].line[line], pieces, l->word[side]))
            return false;
    }
    return true;
}

static void add(Linking *l, int target, int source)
{
    if (l->used == l->have) {
        l->have = l->have ? 2 * l->have : 1024;
        l->to.target = dm_reallocate(l->to.target, l->have, sizeof(int));
        l->to.source = dm_reallocate(l->to.source, l->have, sizeof(int));
    }
    l->to.target[l->used] = target;
    l->to.source[l->used++] = source;
}

static void link_pair(Linking *l, int pair, Links links)
{
    const int sources = pieces_of(l, pair, DM_SOURCE), targets = pieces_of(l, pair, DM_TARGET);
    bool *linked = dm_allocate((size_t)sources, sizeof *linked);  // the words of the source: no more than its pieces
    for (int i = 0; i < targets; i++) {
        memset(linked, 0, (size_t)sources * sizeof *linked);
        for (int k = 0; k < links.count; k++)
            if (links.link[k].target == l->word[DM_TARGET][i]) linked[links.link[k].source] = true;
        for (int j = 0; j < sources; j++)
            if (linked[l->word[DM_SOURCE][j]]) add(l, i, j);
    }
    dm_free(linked);
}

int dm_corpus_link(Corpus *corpus, const LinkedPairs *links, const Bitext *bitext, const Segmenter *segmenter)
{
    Linking l = {.corpus = corpus, .bitext = bitext, .segmenter = segmenter};
    int lost = 0;
    l.to.first = dm_allocate((size_t)corpus->pairs + 1, sizeof *l.to.first);
    for (int pair = 0; pair < corpus->pairs; pair++) {
        const Links of_pair = dm_links_of(links, (size_t)corpus->line[pair] - 1);
        l.to.first[pair] = l.used;
        if (!of_pair.count) continue;
        if (find_words(&l, pair))
            link_pair(&l, pair, of_pair);
        else
            lost++;
    }
    l.to.first[corpus->pairs] = l.used;
    dm_free(l.word[DM_SOURCE]);
    dm_free(l.word[DM_TARGET]);
    corpus->links = l.to;
    return lost;
}

long dm_links_fingerprint(const Corpus *corpus)
{
    const PieceLinks *links = &corpus->links;
    if (!links->first) return 0;
    uint64_t hash = DM_HASH;
    for (int pair = 0; pair < corpus->pairs; pair++) {
        hash = dm_hash(hash, (uint64_t)(links->first[pair + 1] - links->first[pair]));
        for (size_t i = links->first[pair]; i < links->first[pair + 1]; i++) {
            hash = dm_hash(hash, (uint64_t)links->target[i]);
            hash = dm_hash(hash, (uint64_t)links->source[i]);
        }
    }
    return (long)(hash >> 1) | 1;
}
