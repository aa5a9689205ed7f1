// Lines: a text file in memory, cut into lines where it lies.
#include "core/lines.h"

#include <stdlib.h>
#include <string.h>

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

Status dm_lines_cut(dm_lines *lines, char *bytes, size_t size, const char *name, Error *error)
{
    size_t room = 0;
    *lines = (dm_lines){0};
    grow(lines, &room);
    lines->line[-1] = bytes;
    Status status = DM_OK;
    if (is_utf16(bytes, size))
        status = dm_fail(error, "%s is UTF-16, not UTF-8: turn it into UTF-8 with iconv -f UTF-16 -t UTF-8 FILE > NEW",
                         name);
    char *at = bytes, *end = bytes + size;
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) at += 3;  // a byte-order mark
    while (!status && at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;
        if (newline && stop > at && stop[-1] == '\r') stop--;
        status = check(at, (size_t)(stop - at), name, lines->count + 1, error);
        *stop = '\0';
        if (lines->count == room) grow(lines, &room);
        lines->line[lines->count++] = at;
        at = newline ? newline + 1 : end;
    }
    if (status) dm_lines_free(lines);
    return status;
}

dm_status dm_lines_read(dm_lines *lines, const char *path, dm_error *error)
{
    char *bytes;
    size_t size;
    *lines = (dm_lines){0};
    Status status = dm_text_read(path, &bytes, &size, error);
    return status ? status : dm_lines_cut(lines, bytes, size, dm_text_name(path), error);
}

void dm_lines_free(dm_lines *lines)
{
    if (lines->line) {
        free(lines->line[-1]);
        free(lines->line - 1);
    }
    *lines = (dm_lines){0};
}
