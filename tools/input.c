// Reading what is to be translated: waiting for a line, and taking along what else is there by then.
#include "input.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 22, READ_BYTES = 1 << 16, LONGEST_LINE = 1 << 26 };

dm_status input_open(Input *input, const dm_options *options, dm_error *error)
{
    const char *path = dm_options_text(options, "input", 0);
    const bool tsv = dm_options_has(options, "tsv") && dm_options_flag(options, "tsv");
    *input = (Input){.name = strcmp(path, "-") == 0 ? "standard input" : path,
                     .bad = {.on = on_bad_line(options)},
                     .column = tsv ? (int)dm_options_number(options, "tsv-columns") : 0};
    return dm_text_stream_open(&input->stream, path, error);
}

void input_close(Input *input)
{
    dm_text_stream_close(input->stream);
    free(input->bytes);
    *input = (Input){0};
}

// Of a line without end only the beginning is kept, for it is a bad one: what lies beyond goes, up to its end.
static void drop_end(Input *input)
{
    char *kept = input->bytes + input->from + LONGEST_LINE, *end = input->bytes + input->used;
    char *newline = memchr(kept, '\n', (size_t)(end - kept));
    const size_t rest = newline ? (size_t)(end - newline) : 0;
    if (newline) memmove(kept, newline, rest);
    input->used = input->from + LONGEST_LINE + rest;
}

// Reads what is there, or waits for it. False: it cannot be read.
static bool read_more(Input *input, dm_error *error)
{
    if (input->room - input->used < READ_BYTES + 1) {
        size_t room = input->room ? 2 * input->room : 4 * READ_BYTES;
        char *bytes = realloc(input->bytes, room);
        if (!bytes) {
            failure(error, "out of memory");
            return false;
        }
        input->bytes = bytes;
        input->room = room;
    }
    size_t got;
    if (dm_text_stream_read(input->stream, input->bytes + input->used, READ_BYTES, &got, error)) return false;
    input->ended = got == 0;
    input->used += got;
    if (input->used - input->from > LONGEST_LINE && input->bad.on != DM_STOP_THERE) drop_end(input);
    return true;
}

static bool more_waits(const Input *input)
{
    return !input->ended && dm_text_stream_ready(input->stream);
}

// The next line of what was read, with a NUL for its end; NULL: none is complete.
static char *cut_line(Input *input, size_t *length)
{
    char *line = input->bytes + input->from;
    size_t left = input->used - input->from;
    char *newline = left ? memchr(line, '\n', left) : NULL;
    if (!newline && !(input->ended && left)) return NULL;
    *length = newline ? (size_t)(newline - line) : left;
    input->from += *length + (newline ? 1 : 0);
    if (newline && *length && line[*length - 1] == '\r') --*length;
    line[*length] = '\0';
    return line;
}

static void refuse_line(const Input *input, Chunk *chunk, const char *complaint)
{
    chunk->refused = true;
    snprintf(chunk->reason.message, sizeof chunk->reason.message, "%s: line %zu %s", input->name,
             input->line_number + chunk->count + 1, complaint);
}

static void add_line(const Input *input, Chunk *chunk, const char *line)
{
    chunk->offset[chunk->count++] = (size_t)(line - input->bytes);
}

// A bad line: refused, or with `kept` in its place (where lines are skipped, nothing).
static void take_bad_line(Input *input, Chunk *chunk, char *kept, const char *complaint)
{
    if (input->bad.on == DM_STOP_THERE) {
        refuse_line(input, chunk, complaint);
        return;
    }
    count_bad_line(&input->bad, input->line_number + chunk->count);
    if (input->bad.on == DM_SKIP_LINE) *kept = '\0';
    add_line(input, chunk, kept);
}

// A line's column. A blank line has empty ones.
static void take_column(Input *input, Chunk *chunk, char *line)
{
    char complaint[128];
    const bool blank = !line[strspn(line, " \t\r\v\f")];
    for (int column = 1; column < input->column; column++) {
        char *tab = strchr(line, '\t');
        if (!tab) {
            char *end = line + strlen(line);
            snprintf(complaint, sizeof complaint, "has %d column%s, but column %d is wanted (tabs separate columns)",
                     column, column == 1 ? "" : "s", input->column);
            blank ? add_line(input, chunk, end) : take_bad_line(input, chunk, end, complaint);
            return;
        }
        line = tab + 1;
    }
    line[strcspn(line, "\t")] = '\0';
    add_line(input, chunk, line);
}

static void take_line(Input *input, Chunk *chunk, char *line, size_t length)
{
    if (strlen(line) < length)
        take_bad_line(input, chunk, line, "has a NUL byte: it is not a text in UTF-8");
    else if (input->column)
        take_column(input, chunk, line);
    else
        add_line(input, chunk, line);
}

// The bytes of the last chunk make room.
static void drop_used(Input *input)
{
    if (input->from) memmove(input->bytes, input->bytes + input->from, input->used - input->from);
    input->used -= input->from;
    input->from = 0;
}

void input_next_chunk(Input *input, Chunk *chunk)
{
    size_t length = 0;
    drop_used(input);
    chunk->count = 0;
    chunk->refused = false;
    while (chunk->count < MOST_LINES && input->from < MOST_BYTES && !chunk->refused) {
        char *line = cut_line(input, &length);
        if (line)
            take_line(input, chunk, line, length);
        else if (input->ended || (chunk->count && !more_waits(input)))
            break;
        else if (input->used - input->from > LONGEST_LINE && input->bad.on == DM_STOP_THERE)
            refuse_line(input, chunk, "has no end within 64 MiB: break it into sentences, one a line");
        else
            chunk->refused = !read_more(input, &chunk->reason);
    }
    for (size_t i = 0; i < chunk->count; i++) chunk->line[i] = input->bytes + chunk->offset[i];
    if (!input->line_number && chunk->count && strncmp(chunk->line[0], "\xEF\xBB\xBF", 3) == 0) chunk->line[0] += 3;
}

bool input_goes_on(const Input *input)
{
    const size_t left = input->used - input->from;
    return input->ended || (left && memchr(input->bytes + input->from, '\n', left)) || more_waits(input);
}
