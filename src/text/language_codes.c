// Codes of languages at the beginning of a line: what they look like, and those that a model does not know.
#include <stdio.h>
#include <string.h>

#include "text/segmenter.h"

size_t dm_language_code(const char *line)
{
    if (strncmp(line, ">>", 2) != 0) return 0;
    size_t size = strspn(line + 2, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.");
    return size && size <= 32 && strncmp(line + 2 + size, "<<", 2) == 0 ? size + 4 : 0;
}

static void list_codes(const Vocabulary *vocabulary, char codes[256])
{
    enum { FEW = 10, ROOM = 256 };
    int named = 0, more = 0;
    size_t used = 0;
    codes[0] = '\0';
    for (int id = 0; id < dm_vocabulary_size(vocabulary); id++) {
        const char *piece = dm_vocabulary_piece(vocabulary, id);
        if (dm_language_code(piece) != strlen(piece) || !*piece) continue;
        if (named == FEW || used + strlen(piece) + 2 > ROOM - 20)
            more++;
        else
            used += (size_t)snprintf(codes + used, ROOM - used, "%s%s", named++ ? ", " : "", piece);
    }
    if (more) snprintf(codes + used, ROOM - used, " and %d more", more);
}

size_t dm_unknown_code(const Segmenter *segmenter, const char *line, char codes[256])
{
    const size_t size =
        !dm_segmenter_model(segmenter, DM_SOURCE) || dm_segmenter_labels(segmenter) ? 0 : dm_language_code(line);
    if (!size) return 0;
    char code[64];
    snprintf(code, sizeof code, "%.*s", (int)size, line);
    if (dm_vocabulary_id(dm_segmenter_vocabulary(segmenter, DM_SOURCE), code) >= 0) return 0;
    list_codes(dm_segmenter_vocabulary(segmenter, DM_SOURCE), codes);
    return size;
}
