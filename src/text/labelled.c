// Text that is labelled, word by word or as a whole: what a model reads of it, and the places of what labels are of.
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"
#include "text/segmenter.h"

typedef struct Taken {
    Ids *ids, *words;
    int room[2];  // of either
} Taken;

static void add(Ids *ids, int *room, const int *id, int count)
{
    if (ids->count + count > *room) {
        *room = 2 * (ids->count + count) + 16;
        ids->id = dm_reallocate(ids->id, (size_t)*room, sizeof *ids->id);
    }
    if (count) memcpy(ids->id + ids->count, id, (size_t)count * sizeof *id);
    ids->count += count;
}

// A word of which nothing is left (a joiner of no width, say) has a label all the same: it is unknown.
static void take_word(const Segmenter *segmenter, Taken *taken, const char *word)
{
    const int unknown = dm_vocabulary_id(dm_segmenter_vocabulary(segmenter, DM_SOURCE), "<unk>");
    Ids pieces;
    dm_encode(segmenter, DM_SOURCE, word, &pieces);
    if (taken->words) add(taken->words, &taken->room[1], &taken->ids->count, 1);
    if (pieces.count == 1)
        add(taken->ids, &taken->room[0], &unknown, 1);
    else
        add(taken->ids, &taken->room[0], pieces.id, pieces.count - 1);
    dm_free(pieces.id);
}

static void take_first(const Segmenter *segmenter, Taken *taken)
{
    const int first = dm_segmenter_first(segmenter);
    if (first >= 0) add(taken->ids, &taken->room[0], &first, 1);
}

// A line, or the end of one.
static void take_whole(const Segmenter *segmenter, Taken *taken, const char *line)
{
    Ids pieces;
    dm_encode(segmenter, DM_SOURCE, line, &pieces);
    if (pieces.count > 1) take_first(segmenter, taken);
    add(taken->ids, &taken->room[0], pieces.id, pieces.count);
    dm_free(pieces.id);
}

static void take_words(const Segmenter *segmenter, Taken *taken, const char *line)
{
    char *copy = dm_copy_string(line), *rest = NULL;
    for (char *word = strtok_r(copy, DM_BLANKS, &rest); word; word = strtok_r(NULL, DM_BLANKS, &rest)) {
        if (!taken->ids->count) take_first(segmenter, taken);
        take_word(segmenter, taken, word);
    }
    dm_free(copy);
    take_whole(segmenter, taken, "");
}

void dm_encode_source(const Segmenter *segmenter, const char *line, Ids *ids, Ids *words)
{
    static const int beginning = 0;
    const Labels labels = dm_segmenter_labels(segmenter);
    Taken taken = {.ids = ids, .words = words};
    *ids = (Ids){0};
    if (words) *words = (Ids){0};
    if (labels == DM_NO_LABELS)
        dm_encode(segmenter, DM_SOURCE, line, ids);
    else if (labels == DM_LABELS_OF_WORDS)
        take_words(segmenter, &taken, line);
    else
        take_whole(segmenter, &taken, line);
    if (words && labels == DM_LABEL_OF_SENTENCE && ids->count > 1) add(words, &taken.room[1], &beginning, 1);
}

int dm_count_words(const char *line)
{
    int words = 0;
    for (line += strspn(line, DM_BLANKS); *line; line += strspn(line, DM_BLANKS)) {
        words++;
        line += strcspn(line, DM_BLANKS);
    }
    return words;
}

char *dm_unknown_label(const Segmenter *segmenter, const char *line)
{
    Ids ids;
    char **labels = dm_encode_pieces(segmenter, DM_TARGET, line, &ids), *unknown = NULL;
    for (int i = 0; i < ids.count && !unknown; i++)
        if (ids.id[i] < 0) unknown = dm_copy_string(labels[i]);
    dm_pieces_free(labels, ids.count);
    dm_free(ids.id);
    return unknown;
}
