// What pieces are copied as: their ids in the target's vocabulary, or where that has none for them, numbers beyond it,
// by the first place of the source at which a piece is spelt so (See et al. 2017, section 2.2, "extended vocabulary").
#include <string.h>

#include "core/memory.h"
#include "text/segmenter.h"

static int vocabulary_of(const Segmenter *segmenter)
{
    return dm_vocabulary_size(dm_segmenter_vocabulary(segmenter, DM_TARGET));
}

// The first place at which the source has this piece and the vocabulary does not; -1: it has none.
static int place_of(const Segmenter *segmenter, char *const *pieces, Ids copies, const char *piece)
{
    for (int k = 0; k < copies.count; k++)
        if (copies.id[k] >= vocabulary_of(segmenter) && strcmp(pieces[k], piece) == 0) return k;
    return -1;
}

char **dm_pieces_to_copy(const Segmenter *segmenter, const char *line, Ids *copies)
{
    const Vocabulary *target = dm_segmenter_vocabulary(segmenter, DM_TARGET);
    const bool shared = target == dm_segmenter_vocabulary(segmenter, DM_SOURCE);
    Ids ids;
    char **pieces = dm_encode_pieces(segmenter, DM_SOURCE, line, &ids);
    *copies = (Ids){.id = ids.id};
    for (int i = 0; i < ids.count; i++) {
        const bool unknown = dm_is_unknown(segmenter, DM_SOURCE, ids.id[i]);
        int id = unknown ? -1 : shared ? ids.id[i] : dm_vocabulary_id(target, pieces[i]);
        if (id < 0) {
            const int place = place_of(segmenter, pieces, *copies, pieces[i]);
            id = dm_vocabulary_size(target) + (place < 0 ? i : place);
        }
        copies->id[copies->count++] = id;
    }
    return pieces;
}

void dm_encode_copies(const Segmenter *segmenter, const char *source, const char *target, Ids *copies, Ids *written)
{
    Ids ids = {0};
    char **pieces = dm_pieces_to_copy(segmenter, source, copies),
         **wanted = target ? dm_encode_pieces(segmenter, DM_TARGET, target, &ids) : NULL;
    for (int i = 0; i < ids.count; i++) {
        if (!dm_is_unknown(segmenter, DM_TARGET, ids.id[i])) continue;
        const int place = place_of(segmenter, pieces, *copies, wanted[i]);
        if (place >= 0) ids.id[i] = vocabulary_of(segmenter) + place;
    }
    dm_pieces_free(pieces, copies->count);
    dm_pieces_free(wanted, ids.count);
    if (written) *written = ids;
}
