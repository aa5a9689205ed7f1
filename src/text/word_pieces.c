// Which word of a line each of its pieces belongs to, by cutting every word into pieces by itself: no piece reaches
// over a blank.
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"
#include "text/segmenter.h"

bool dm_words_of_pieces(const Segmenter *segmenter, Side side, const char *line, int count, int *word_of)
{
    char *copy = dm_copy_string(line), *rest = NULL;
    int pieces = 0, words = 0;
    for (char *word = strtok_r(copy, DM_BLANKS, &rest); word; word = strtok_r(NULL, DM_BLANKS, &rest), words++) {
        Ids ids;
        dm_encode(segmenter, side, word, &ids);
        for (int i = 0; i + 1 < ids.count; i++, pieces++)
            if (pieces < count) word_of[pieces] = words;
        dm_free(ids.id);
        if (pieces > count) break;
    }
    dm_free(copy);
    return pieces == count;
}
