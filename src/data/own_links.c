// Links of a corpus by itself: those of its pieces, by a lexicon of them, both ways made one (--guided-alignment auto).
#include "core/memory.h"
#include "data/lexicon.h"
#include "data/linking.h"
#include "data/symmetrize.h"

// Both ways of all pairs: from[side][pair], side by side in room[side].
typedef struct BothAlignments {
    PiecePair *pair;  // [pairs]
    int **from[2];
    int *room[2];
} BothAlignments;

static BothAlignments make_room(const Corpus *corpus)
{
    const size_t pairs = (size_t)corpus->pairs;
    BothAlignments b = {.pair = dm_allocate(pairs, sizeof *b.pair)};
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        const int *length = side == DM_SOURCE ? corpus->source_length : corpus->target_length;
        size_t pieces = 0;
        for (size_t i = 0; i < pairs; i++) pieces += (size_t)length[i];
        b.from[side] = dm_allocate(pairs, sizeof *b.from[side]);
        b.room[side] = dm_allocate(pieces, sizeof *b.room[side]);
        for (size_t i = 0, used = 0; i < pairs; used += (size_t)length[i++]) b.from[side][i] = b.room[side] + used;
    }
    for (int i = 0; i < corpus->pairs; i++) b.pair[i] = dm_lexicon_pair(corpus, i);
    return b;
}

static void free_room(BothAlignments *b)
{
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) dm_free(b->from[side]), dm_free(b->room[side]);
    dm_free(b->pair);
}

// In the order of targets.
static void take_links(PieceLinks *to, int pair, Links links, int targets)
{
    size_t used = to->first[pair];
    for (int i = 0; i < targets; i++)
        for (int k = 0; k < links.count; k++) {
            if (links.link[k].target != i) continue;
            to->target[used] = i;
            to->source[used++] = links.link[k].source;
        }
    to->first[pair + 1] = used;
}

bool dm_corpus_link_itself(Corpus *corpus, int threads, Stop *stop)
{
    BothAlignments b = make_room(corpus);
    Lexicon lexicon;
    LinkedPairs links = {0};
    const bool learnt = dm_lexicon_fit(&lexicon, b.pair, corpus->pairs, threads, stop);
    if (learnt)
        dm_lexicon_align_all(&lexicon, b.pair, corpus->pairs,
                             (int *const *const[2]){b.from[DM_SOURCE], b.from[DM_TARGET]}, threads);
    dm_lexicon_free(&lexicon);
    const Symmetrization *how = dm_symmetrization_of("grow-diag-final-and");
    for (int i = 0; i < corpus->pairs && learnt; i++)
        dm_symmetrize(
            &links, how,
            &(TwoAlignments){{b.from[DM_SOURCE][i], b.from[DM_TARGET][i]}, b.pair[i].sources, b.pair[i].targets});
    if (learnt) {
        const size_t count = links.first[links.pairs];
        corpus->links = (PieceLinks){.first = dm_allocate((size_t)corpus->pairs + 1, sizeof(size_t)),
                                     .target = dm_allocate(count, sizeof(int)),
                                     .source = dm_allocate(count, sizeof(int))};
        for (int i = 0; i < corpus->pairs; i++)
            take_links(&corpus->links, i, dm_links_of(&links, (size_t)i), b.pair[i].targets);
    }
    dm_links_free(&links);
    free_room(&b);
    return learnt;
}
