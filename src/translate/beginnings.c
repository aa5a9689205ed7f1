// Text that goes on from a line: what of the line a model reads, and how the line and what comes behind it are written.
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"
#include "translate/translator.h"

Ids dm_beginning(const Segmenter *segmenter, const char *line)
{
    Ids ids = {0};
    if (dm_is_blank(line)) return ids;
    dm_encode(segmenter, DM_TARGET, line, &ids);
    ids.count--;  // the end of sentence
    return ids;
}

// The line as it stands, unless what it spells has joins (`@@ `) in it, which the rest would be joined to.
static const char *as_it_stands(const char *line, const char *spelt)
{
    char *undone = dm_copy_string(line);
    dm_undo_joins(undone);
    const bool joins = strcmp(undone, spelt) == 0;
    dm_free(undone);
    return joins ? spelt : line;
}

// What a segmenter makes of a line is not the line, where it knows another space or no such letter: so only what the
// pieces add to it is taken, and blanks at its end give way to that.
char *dm_go_on_with(const Segmenter *segmenter, const char *line, const int *ids, int count)
{
    const Ids given = dm_beginning(segmenter, line);
    const size_t first = (size_t)given.count;
    int *all = dm_allocate(first + (size_t)count + 1, sizeof(int));
    if (first) memcpy(all, given.id, first * sizeof(int));
    if (count) memcpy(all + first, ids, (size_t)count * sizeof(int));
    char *spelt = dm_decode(segmenter, all, given.count), *whole = dm_decode(segmenter, all, given.count + count);
    const size_t known = strlen(spelt);
    char *text;
    if (strncmp(whole, spelt, known) == 0) {
        const char *beginning = as_it_stands(line, spelt), *rest = whole + known;
        size_t size = strlen(beginning);
        while (*rest && size && strchr(" \t", beginning[size - 1])) size--;
        text = dm_format("%.*s%s", (int)size, beginning, rest);
    } else {
        text = dm_copy_string(whole);
    }
    dm_free(spelt);
    dm_free(whole);
    dm_free(all);
    dm_free(given.id);
    return text;
}
