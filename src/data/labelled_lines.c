// Labels against what they are of, line by line.
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"
#include "data/bitext.h"

// Puts a line among the bad ones, which are in order. Those that were bad already are not counted again.
static void add_bad_line(dm_bad_lines *bad, size_t line)
{
    size_t at = bad->count;
    while (at && bad->line[at - 1] > line) at--;
    if (at && bad->line[at - 1] == line) return;
    bad->line = dm_reallocate(bad->line, bad->count + 1, sizeof *bad->line);
    memmove(bad->line + at + 1, bad->line + at, (bad->count - at) * sizeof *bad->line);
    bad->line[at] = line;
    bad->count++;
}

static void cut_behind(char *line, int words)
{
    for (; words > 0; words--) {
        line += strspn(line, DM_BLANKS);
        line += strcspn(line, DM_BLANKS);
    }
    *line = '\0';
}

static void mend(Bitext *bitext, size_t line, Labels labels, int words, int given)
{
    char *source = bitext->lines[DM_SOURCE].line[line], *target = bitext->lines[DM_TARGET].line[line];
    const bool skips = bitext->bad[0].on == DM_SKIP_LINE;
    const int kept = skips ? 0 : words < given ? words : given;
    if (skips || labels == DM_LABELS_OF_WORDS) cut_behind(source, kept);
    cut_behind(target, labels == DM_LABELS_OF_WORDS || skips ? kept : 1);
}

static const char *counted(int count, const char *what, char text[48])
{
    snprintf(text, 48, "%d %s%s", count, what, dm_plural((size_t)count));
    return text;
}

static Status refuse(const Bitext *bitext, size_t line, Labels labels, int words, int given, Error *error)
{
    char a[48], b[48], at[32];
    if (labels == DM_LABEL_OF_SENTENCE)
        return dm_fail(error, "%s: line %s has %s, but a sentence has one", bitext->file[DM_TARGET],
                       dm_with_commas(line + 1, at), counted(given, "label", a));
    return dm_fail(error, "%s: line %s has %s, but the same line of %s %s", bitext->file[DM_TARGET],
                   dm_with_commas(line + 1, at), counted(given, "label", a), bitext->file[DM_SOURCE],
                   counted(words, "word", b));
}

Status dm_bitext_check_labels(Bitext *bitext, Labels labels, Error *error)
{
    const dm_lines *source = &bitext->lines[DM_SOURCE], *target = &bitext->lines[DM_TARGET];
    const bool tsv = bitext->file[DM_SOURCE] == bitext->file[DM_TARGET];
    for (size_t i = 0; i < source->count && labels != DM_NO_LABELS; i++) {
        const int words = dm_count_words(source->line[i]), given = dm_count_words(target->line[i]);
        const bool good = labels == DM_LABELS_OF_WORDS ? words == given : given <= 1;
        if (good) continue;
        if (bitext->bad[0].on == DM_STOP_THERE) return refuse(bitext, i, labels, words, given, error);
        mend(bitext, i, labels, words, given);
        add_bad_line(&bitext->bad[tsv ? DM_SOURCE : DM_TARGET], i);
    }
    return DM_OK;
}
