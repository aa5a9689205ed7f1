// Lines: a text file in memory, cut into lines where it lies.
#include "core/lines.h"

#include <string.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/scope.h"
#include "core/text_stream.h"
#include "core/utf8.h"

static const char advice[] = "find out its encoding (file FILE may know) and turn it into UTF-8: "
                             "iconv -f ENCODING -t UTF-8 FILE > NEW";

static Status check(const char *text, size_t size, const char *name, size_t number, Error *error)
{
    const char *nul = memchr(text, '\0', size);
    size_t good = dm_utf8_valid(text, nul ? (size_t)(nul - text) : size);
    if (good == size) return DM_OK;
    if (nul && good == (size_t)(nul - text))
        return dm_fail(error, "%s: line %zu has a NUL byte (byte %zu): it is not a text file in UTF-8; %s", name,
                       number, good + 1, advice);
    return dm_fail(error, "%s: line %zu is not valid UTF-8 (byte %zu is 0x%02x): %s", name, number, good + 1,
                   (unsigned char)text[good], advice);
}

// In front of the first line stands the memory that all lines lie in: a caller may sort or drop lines and still free
// it.
static void grow(dm_lines *lines, size_t *room)
{
    char **block = lines->line ? lines->line - 1 : NULL;
    *room = block ? *room * 2 : 1024;
    lines->line = (char **)dm_reallocate(block, *room + 1, sizeof *block) + 1;
}

static bool is_utf16(const char *bytes, size_t size)
{
    return size >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0);
}

static void note_bad(dm_bad_lines *bad, size_t line)
{
    if ((bad->count & (bad->count - 1)) == 0)  // it is full: there is room for a power of two
        bad->line = dm_reallocate(bad->line, bad->count ? 2 * bad->count : 1, sizeof *bad->line);
    bad->line[bad->count++] = line;
}

// A line that is not good: refused, or made one that is.
static Status mend(char *line, size_t size, const char *name, size_t number, dm_bad_lines *bad, Error *error)
{
    if (!bad || bad->on == DM_STOP_THERE) return check(line, size, name, number + 1, error);
    if (check(line, size, name, number + 1, NULL) == DM_OK) return DM_OK;
    note_bad(bad, number);
    line[bad->on == DM_CROP_LINE ? dm_utf8_valid(line, strnlen(line, size)) : 0] = '\0';
    return DM_OK;
}

Status dm_lines_cut(dm_lines *lines, char *bytes, size_t size, const char *name, dm_bad_lines *bad, Error *error)
{
    size_t room = 0;
    *lines = (dm_lines){0};
    grow(lines, &room);
    lines->line[-1] = bytes;
    Status status = dm_refuse_pointer(name, bytes, size, error);
    if (!status && is_utf16(bytes, size))
        status = dm_fail(error, "%s is UTF-16, not UTF-8: turn it into UTF-8 with iconv -f UTF-16 -t UTF-8 FILE > NEW",
                         name);
    char *at = bytes, *end = bytes + size;
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) at += 3;  // a byte-order mark
    while (!status && at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;
        if (newline && stop > at && stop[-1] == '\r') stop--;
        status = mend(at, (size_t)(stop - at), name, lines->count, bad, error);
        *stop = '\0';
        if (lines->count == room) grow(lines, &room);
        lines->line[lines->count++] = at;
        at = newline ? newline + 1 : end;
    }
    if (status) dm_lines_free(lines);
    return status;
}

static Status read_lines(dm_lines *lines, const char *path, dm_bad_lines *bad, Error *error)
{
    char *bytes;
    size_t size;
    *lines = (dm_lines){0};
    Status status = dm_text_read(path, &bytes, &size, error);
    if (!status) status = dm_lines_cut(lines, bytes, size, dm_text_name(path), bad, error);
    if (status && bad) dm_bad_lines_free(bad);
    return status;
}

void dm_bad_lines_free(dm_bad_lines *bad)
{
    dm_free(bad->line);
    bad->line = NULL;
    bad->count = 0;
}

dm_status dm_lines_read_all(dm_lines *lines, const char *path, dm_bad_lines *bad, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, read_lines(lines, path, bad, error));
    if (status) *lines = (dm_lines){0};
    if (status && bad) *bad = (dm_bad_lines){.on = bad->on};
    return status;
}

dm_status dm_lines_read(dm_lines *lines, const char *path, dm_error *error)
{
    return dm_lines_read_all(lines, path, NULL, error);
}

// ---- Columns --------------------------------------------------------------------------------------------------------

static int count_columns(const char *line)
{
    int columns = 1;
    while ((line = strchr(line, '\t'))) line++, columns++;
    return columns;
}

// What stands behind so many tabs, up to the next one; nothing where there are fewer.
static const char *find_column(const char *line, int column, size_t *length)
{
    for (int i = 1; i < column && line; i++) {
        line = strchr(line, '\t');
        if (line) line++;
    }
    *length = line ? strcspn(line, "\t") : 0;
    return line ? line : "";
}

// A blank line is a pair with nothing on either side.
static Status check_columns(const dm_lines *lines, const int columns[2], const char *name, dm_bad_lines *bad,
                            Error *error)
{
    const int needed = columns[0] > columns[1] ? columns[0] : columns[1];
    const bool stops = !bad || bad->on == DM_STOP_THERE;
    dm_bad_lines all = {.on = bad ? bad->on : DM_STOP_THERE};
    for (size_t i = 0, before = 0; i < lines->count; i++) {
        const int found = count_columns(lines->line[i]);
        const bool lacks = found < needed && !dm_is_blank(lines->line[i]);
        if (lacks && stops)
            return dm_fail(error,
                           "%s: line %zu has %d column%s, but column %d is wanted (tabs separate columns, and "
                           "--tsv-columns says which are read)",
                           name, i + 1, found, dm_plural((size_t)found), needed);
        const bool known = bad && before < bad->count && bad->line[before] == i;
        before += known;
        if (lacks || known) note_bad(&all, i);
        if (lacks && bad->on == DM_SKIP_LINE) lines->line[i][0] = '\0';
    }
    if (bad) {
        dm_free(bad->line);
        *bad = all;
    }
    return DM_OK;
}

static void copy_column(dm_lines *to, const dm_lines *lines, int column)
{
    size_t bytes = 0, length;
    for (size_t i = 0; i < lines->count; i++) {
        find_column(lines->line[i], column, &length);
        bytes += length + 1;
    }
    char *at = dm_allocate(bytes, 1);
    *to = (dm_lines){(char **)dm_allocate(lines->count + 1, sizeof *to->line) + 1, lines->count};
    to->line[-1] = at;
    for (size_t i = 0; i < lines->count; i++, at += length + 1) {
        const char *from = find_column(lines->line[i], column, &length);
        to->line[i] = memcpy(at, from, length);
    }
}

static Status read_tsv(dm_lines lines[2], const char *path, const int columns[2], dm_bad_lines *bad, Error *error)
{
    dm_lines whole;
    lines[0] = lines[1] = (dm_lines){0};
    Status status = dm_lines_read_all(&whole, path, bad, error);
    if (!status) status = check_columns(&whole, columns, dm_text_name(path), bad, error);
    for (int i = 0; i < 2 && !status; i++) copy_column(&lines[i], &whole, columns[i]);
    dm_lines_free(&whole);
    if (status && bad) dm_bad_lines_free(bad);
    return status;
}

dm_status dm_lines_read_all_tsv(dm_lines lines[2], const char *path, const int columns[2], dm_bad_lines *bad,
                                dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, read_tsv(lines, path, columns, bad, error));
    if (status) lines[0] = lines[1] = (dm_lines){0};
    if (status && bad) *bad = (dm_bad_lines){.on = bad->on};
    return status;
}

dm_status dm_lines_read_tsv(dm_lines lines[2], const char *path, const int columns[2], dm_error *error)
{
    return dm_lines_read_all_tsv(lines, path, columns, NULL, error);
}

void dm_lines_free(dm_lines *lines)
{
    if (lines->line) {
        dm_free(lines->line[-1]);
        dm_free(lines->line - 1);
    }
    *lines = (dm_lines){0};
}
