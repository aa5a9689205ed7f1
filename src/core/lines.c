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

// Lines that stand together in a text.
typedef struct TextBlock {
    const char *name;  // of the text
    size_t before;     // lines of it
} TextBlock;

// A line that is not good: refused, or made one that is.
static Status mend(char *line, size_t size, const TextBlock *block, size_t number, dm_bad_lines *bad, Error *error)
{
    const size_t shown = block->before + number + 1;
    if (!bad || bad->on == DM_STOP_THERE) return check(line, size, block->name, shown, error);
    if (check(line, size, block->name, shown, NULL) == DM_OK) return DM_OK;
    note_bad(bad, number);
    line[bad->on == DM_CROP_LINE ? dm_utf8_valid(line, strnlen(line, size)) : 0] = '\0';
    return DM_OK;
}

static Status cut(dm_lines *lines, char *bytes, size_t size, const TextBlock *block, dm_bad_lines *bad, Error *error)
{
    size_t room = 0;
    *lines = (dm_lines){0};
    grow(lines, &room);
    lines->line[-1] = bytes;
    Status status = DM_OK;
    char *at = bytes, *end = bytes + size;
    if (!block->before) {  // what a text begins with
        status = dm_refuse_pointer(block->name, bytes, size, error);
        if (!status && is_utf16(bytes, size))
            status =
                dm_fail(error, "%s is UTF-16, not UTF-8: turn it into UTF-8 with iconv -f UTF-16 -t UTF-8 FILE > NEW",
                        block->name);
        if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) at += 3;  // a byte-order mark
    }
    while (!status && at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;
        if (newline && stop > at && stop[-1] == '\r') stop--;
        status = mend(at, (size_t)(stop - at), block, lines->count, bad, error);
        *stop = '\0';
        if (lines->count == room) grow(lines, &room);
        lines->line[lines->count++] = at;
        at = newline ? newline + 1 : end;
    }
    if (status) dm_lines_free(lines);
    return status;
}

Status dm_lines_cut(dm_lines *lines, char *bytes, size_t size, const char *name, dm_bad_lines *bad, Error *error)
{
    return cut(lines, bytes, size, &(TextBlock){name, 0}, bad, error);
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
static Status check_columns(const dm_lines *lines, const int columns[2], const TextBlock *block, dm_bad_lines *bad,
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
                           block->name, block->before + i + 1, found, dm_plural((size_t)found), needed);
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

// Takes the whole lines over.
static Status cut_columns(dm_lines lines[2], dm_lines *whole, const int columns[2], const TextBlock *block,
                          dm_bad_lines *bad, Error *error)
{
    const Status status = check_columns(whole, columns, block, bad, error);
    for (int i = 0; i < 2 && !status; i++) copy_column(&lines[i], whole, columns[i]);
    dm_lines_free(whole);
    return status;
}

static Status read_tsv(dm_lines lines[2], const char *path, const int columns[2], dm_bad_lines *bad, Error *error)
{
    dm_lines whole;
    lines[0] = lines[1] = (dm_lines){0};
    Status status = dm_lines_read_all(&whole, path, bad, error);
    if (!status) status = cut_columns(lines, &whole, columns, &(TextBlock){dm_text_name(path), 0}, bad, error);
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

// ---- Block by block --------------------------------------------------------------------------------------------

struct LineStream {
    dm_text_stream *text;
    const char *name;
    size_t before;  // lines that are read
    char *rest;     // what was read behind them ...
    size_t used;    // ... so many bytes
    bool ended;
};

Status dm_line_stream_open(LineStream **stream, const char *path, const char *name, Error *error)
{
    dm_text_stream *text;
    *stream = NULL;
    const Status status = dm_text_stream_open(&text, path, error);
    if (status) return status;
    *stream = dm_allocate(1, sizeof **stream);
    **stream = (LineStream){.text = text, .name = name};
    return DM_OK;
}

void dm_line_stream_close(LineStream *stream)
{
    if (!stream) return;
    dm_text_stream_close(stream->text);
    dm_free(stream->rest);
    dm_free(stream);
}

// Moves *end behind the last of at most so many lines, which are counted; from: nothing before it ends one.
static void find_lines(char **end, char *from, const char *used, size_t most, size_t *lines)
{
    while (*lines < most) {
        char *newline = memchr(from, '\n', (size_t)(used - from));
        if (!newline) return;
        *end = from = newline + 1;
        ++*lines;
    }
}

// The bytes of the next lines, with a NUL behind them.
static Status read_block(LineStream *stream, size_t most, char **bytes, size_t *size, Error *error)
{
    enum { CHUNK = 1 << 16 };
    size_t used = stream->used, room = used + 1, lines = 0, got = 1;
    char *text = dm_reallocate(stream->rest, room, 1), *end = text;
    stream->rest = NULL;
    stream->used = 0;
    find_lines(&end, text, text + used, most, &lines);
    while (lines < most && !stream->ended) {
        const size_t whole = (size_t)(end - text);
        if (room - used < CHUNK + 1) text = dm_reallocate(text, room = 2 * room + CHUNK, 1);
        const Status status = dm_text_stream_read(stream->text, text + used, CHUNK, &got, error);
        if (status) {
            dm_free(text);
            return status;
        }
        stream->ended = !got;
        end = text + whole;
        find_lines(&end, text + used, text + used + got, most, &lines);
        used += got;
    }
    *size = lines < most ? used : (size_t)(end - text);
    stream->used = used - *size;
    stream->rest = dm_allocate(stream->used + 1, 1);
    memcpy(stream->rest, text + *size, stream->used);
    text[*size] = '\0';
    *bytes = text;
    return DM_OK;
}

Status dm_line_stream_next(LineStream *stream, size_t most, dm_lines *lines, dm_bad_lines *bad, Error *error)
{
    char *bytes;
    size_t size;
    *lines = (dm_lines){0};
    Status status = read_block(stream, most, &bytes, &size, error);
    if (!status) status = cut(lines, bytes, size, &(TextBlock){stream->name, stream->before}, bad, error);
    stream->before += lines->count;
    return status;
}

Status dm_line_stream_next_tsv(LineStream *stream, size_t most, dm_lines lines[2], const int columns[2],
                               dm_bad_lines *bad, Error *error)
{
    const TextBlock block = {stream->name, stream->before};
    dm_lines whole;
    lines[0] = lines[1] = (dm_lines){0};
    const Status status = dm_line_stream_next(stream, most, &whole, bad, error);
    return status ? status : cut_columns(lines, &whole, columns, &block, bad, error);
}

void dm_lines_free(dm_lines *lines)
{
    if (lines->line) {
        dm_free(lines->line[-1]);
        dm_free(lines->line - 1);
    }
    *lines = (dm_lines){0};
}
