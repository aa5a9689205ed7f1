// Links of a file, line by line, against the words that they are of.
#include <string.h>

#include "core/memory.h"
#include "core/text_stream.h"
#include "core/utf8.h"
#include "data/linking.h"

typedef struct Reading {
    Bitext *bitext;
    const char *name;  // of the file
    LinkedPairs *links;
    dm_bad_lines *bad;
} Reading;

static void note_bad(dm_bad_lines *bad, size_t line)
{
    if (bad->count && bad->line[bad->count - 1] == line) return;
    bad->line = dm_reallocate(bad->line, bad->count + 1, sizeof *bad->line);
    bad->line[bad->count++] = line;
}

static void empty_pair(const Reading *r, size_t line)
{
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) r->bitext->lines[side].line[line][0] = '\0';
}

static bool is_among(const dm_bad_lines *bad, size_t line)
{
    for (size_t i = 0; i < bad->count; i++)
        if (bad->line[i] == line) return true;
    return false;
}

// Cuts a line in front of what is no link.
static void crop(char *line)
{
    for (char *at = line + strspn(line, DM_BLANKS); *at; at += strspn(at, DM_BLANKS)) {
        LinkedPairs one = {0};
        char *end = at + strcspn(at, DM_BLANKS), behind = *end;
        *end = '\0';
        const bool good = !dm_links_parse(&one, at, NULL);
        dm_links_free(&one);
        *end = behind;
        if (!good) *at = '\0';
        at = good ? end : at;
    }
}

// Links to words that are there become the next pair.
static void add_inside(LinkedPairs *to, Links from, const int words[2])
{
    Link *kept = dm_allocate((size_t)from.count, sizeof *kept);
    int count = 0;
    for (int i = 0; i < from.count; i++)
        if (from.link[i].source < words[DM_SOURCE] && from.link[i].target < words[DM_TARGET])
            kept[count++] = from.link[i];
    dm_links_add(to, kept, count);
    dm_free(kept);
}

static Status check_words(const Reading *r, size_t line, Links links, Error *error)
{
    const Bitext *bitext = r->bitext;
    int words[2];
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) words[side] = dm_count_words(bitext->lines[side].line[line]);
    const bool mended = is_among(&bitext->bad[0], line) || is_among(&bitext->bad[1], line),
               empty = !words[DM_SOURCE] || !words[DM_TARGET];
    Status status = DM_OK;
    if (!mended && !empty) status = dm_links_fit(links, words[DM_SOURCE], words[DM_TARGET], r->name, line + 1, error);
    if (status && r->bad->on == DM_STOP_THERE) return status;
    if (status) note_bad(r->bad, line);
    if (status && r->bad->on == DM_SKIP_LINE) empty_pair(r, line), words[DM_SOURCE] = 0;
    add_inside(r->links, links, words);
    return DM_OK;
}

static Status read_line(const Reading *r, size_t line, char *text, Error *error)
{
    LinkedPairs one = {0};
    Error reason;
    Status status = dm_links_parse(&one, text, &reason);
    if (status && r->bad->on == DM_STOP_THERE) {
        char number[32];
        return dm_fail(error, "%s: line %s: %.1800s", r->name, dm_with_commas(line + 1, number), reason.message);
    }
    if (status) {
        note_bad(r->bad, line);
        crop(text);
        if (r->bad->on == DM_SKIP_LINE) empty_pair(r, line), *text = '\0';
        dm_links_parse(&one, text, NULL);
    }
    status = check_words(r, line, dm_links_of(&one, 0), error);
    dm_links_free(&one);
    return status;
}

Status dm_links_of_bitext(LinkedPairs *links, dm_bad_lines *bad, const char *path, Bitext *bitext, Error *error)
{
    const Reading reading = {bitext, dm_text_name(path), links, bad};
    const size_t pairs = dm_bitext_count(bitext);
    dm_lines lines;
    dm_bad_lines spoilt = {.on = bitext->bad[0].on};  // no text at all
    char a[32], b[32];
    *links = (LinkedPairs){0};
    *bad = (dm_bad_lines){.on = spoilt.on};
    Status status = dm_lines_read_all(&lines, path, &spoilt, error);
    if (status) return status;
    if (lines.count != pairs)
        status = dm_fail(error, "%s has %s line%s and %s %s: it needs a line for each pair, with its links or empty",
                         reading.name, dm_with_commas(lines.count, a), dm_plural(lines.count), bitext->name,
                         dm_with_commas(pairs, b));
    for (size_t i = 0, next = 0; i < lines.count && !status; i++) {
        const bool is_spoilt = next < spoilt.count && spoilt.line[next] == i;
        next += is_spoilt;
        if (is_spoilt) note_bad(bad, i);
        if (is_spoilt && bad->on == DM_SKIP_LINE) empty_pair(&reading, i);
        status = read_line(&reading, i, lines.line[i], error);
    }
    if (!status && pairs && !links->first[links->pairs])
        status = dm_fail(error, "%s has not a single link (0-0 1-2): there is nothing to learn from it", reading.name);
    dm_bad_lines_free(&spoilt);
    dm_lines_free(&lines);
    if (status) {
        dm_links_free(links);
        dm_bad_lines_free(bad);
    }
    return status;
}
