// Word links, line by line.
#include "text/links.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text_stream.h"
#include "core/utf8.h"
#include "text/segmenter.h"

enum { MOST_DIGITS = 7 };  // of a word's number: a line of ten million words is none

// ---- Pairs ----------------------------------------------------------------------------------------------------------

// Where two link the same words, the sure one comes first.
static int by_place(const void *first, const void *second)
{
    const Link *a = first, *b = second;
    if (a->source != b->source) return a->source < b->source ? -1 : 1;
    if (a->target != b->target) return a->target < b->target ? -1 : 1;
    return a->possible - b->possible;
}

static int keep_one_of_each(Link *link, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (kept && link[i].source == link[kept - 1].source && link[i].target == link[kept - 1].target) continue;
        link[kept++] = link[i];
    }
    return kept;
}

static void make_room(LinkedPairs *pairs, size_t links)
{
    if (links > pairs->room) {
        pairs->room = links > 2 * pairs->room ? links : 2 * pairs->room;
        pairs->link = dm_reallocate(pairs->link, pairs->room, sizeof *pairs->link);
    }
    if (pairs->pairs + 2 > pairs->pair_room) {
        pairs->pair_room = 2 * pairs->pair_room + 64;
        pairs->first = dm_reallocate(pairs->first, pairs->pair_room, sizeof *pairs->first);
        pairs->first[0] = 0;
    }
}

void dm_links_add(LinkedPairs *pairs, const Link *link, int count)
{
    const size_t used = pairs->first ? pairs->first[pairs->pairs] : 0;
    make_room(pairs, used + (size_t)count);
    Link *own = pairs->link + used;
    if (count) {
        memcpy(own, link, (size_t)count * sizeof *own);
        qsort(own, (size_t)count, sizeof *own, by_place);
    }
    pairs->first[++pairs->pairs] = used + (size_t)keep_one_of_each(own, count);
}

Links dm_links_of(const LinkedPairs *pairs, size_t pair)
{
    return (Links){pairs->link + pairs->first[pair], (int)(pairs->first[pair + 1] - pairs->first[pair])};
}

void dm_links_free(LinkedPairs *pairs)
{
    dm_free(pairs->link);
    dm_free(pairs->first);
    *pairs = (LinkedPairs){0};
}

// ---- Reading --------------------------------------------------------------------------------------------------------

static bool read_number(const char **at, int *number)
{
    const size_t digits = strspn(*at, "0123456789");
    if (digits < 1 || digits > MOST_DIGITS) return false;
    *number = atoi(*at);
    *at += digits;
    return true;
}

static bool read_link(const char *word, size_t length, Link *link)
{
    const char *at = word;
    if (!read_number(&at, &link->source) || (*at != '-' && *at != 'p')) return false;
    link->possible = *at++ == 'p';
    return read_number(&at, &link->target) && at == word + length;
}

Status dm_links_parse(LinkedPairs *pairs, const char *line, Error *error)
{
    const int most = dm_count_words(line);
    Link *links = dm_allocate((size_t)most, sizeof *links);
    Status status = DM_OK;
    int count = 0;
    for (const char *at = line + strspn(line, DM_BLANKS); *at && !status; at += strspn(at, DM_BLANKS)) {
        const size_t length = strcspn(at, DM_BLANKS);
        if (!read_link(at, length, &links[count++]))
            status = dm_fail(error,
                             "\"%.*s\" is no link: 3-4 links word 3 of the source with word 4 of the target, counted "
                             "from 0, and 3p4 is a possible link",
                             (int)(length < 40 ? length : 40), at);
        at += length;
    }
    if (!status) dm_links_add(pairs, links, count);
    dm_free(links);
    return status;
}

Status dm_links_read(LinkedPairs *pairs, const char *path, Error *error)
{
    dm_lines lines;
    Error reason;
    *pairs = (LinkedPairs){0};
    Status status = dm_lines_read(&lines, path, error);
    for (size_t i = 0; i < lines.count && !status; i++)
        if (dm_links_parse(pairs, lines.line[i], &reason))
            status = dm_fail(error, "%s: line %zu: %s", dm_text_name(path), i + 1, reason.message);
    dm_lines_free(&lines);
    if (status) dm_links_free(pairs);
    return status;
}

Status dm_links_fit(Links links, int source_words, int target_words, const char *file, size_t line, Error *error)
{
    for (int i = 0; i < links.count; i++) {
        const Link *link = &links.link[i];
        const bool in_source = link->source < source_words;
        if (in_source && link->target < target_words) continue;
        return dm_fail(error,
                       "%s: line %zu links %d%c%d, but that line of the %s has %d word%s, counted from 0: the links "
                       "are of another text, or cut into other words",
                       file, line, link->source, link->possible ? 'p' : '-', link->target,
                       in_source ? "target" : "source", in_source ? target_words : source_words,
                       dm_plural((size_t)(in_source ? target_words : source_words)));
    }
    return DM_OK;
}

// ---- Writing --------------------------------------------------------------------------------------------------------

char *dm_links_format(Links links)
{
    enum { MOST_BYTES = 2 * MOST_DIGITS + 2 };
    char *line = dm_allocate((size_t)links.count * MOST_BYTES + 1, 1), *at = line;
    for (int i = 0; i < links.count; i++) {
        const Link *link = &links.link[i];
        at += sprintf(at, "%s%d%c%d", i ? " " : "", link->source, link->possible ? 'p' : '-', link->target);
    }
    return line;
}
