// Reading what is to be translated: waiting for a line, and taking along what else is there by then.
#include "input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 22, READ_BYTES = 1 << 16 };

// Reads what is there, or waits for it. False: the input cannot be read.
static bool read_more(Input *input, dm_error *error)
{
    if (input->room - input->used < READ_BYTES + 1) {
        size_t room = input->room ? 2 * input->room : 4 * READ_BYTES;
        char *bytes = realloc(input->bytes, room);
        if (!bytes) {
            snprintf(error->message, sizeof error->message, "out of memory");
            return false;
        }
        input->bytes = bytes;
        input->room = room;
    }
    ssize_t got;
    do got = read(input->file, input->bytes + input->used, READ_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        snprintf(error->message, sizeof error->message, "cannot read %s: %s", input->name, strerror(errno));
        return false;
    }
    input->ended = got == 0;
    input->used += (size_t)got;
    return true;
}

static bool more_waits(const Input *input)
{
    struct pollfd waiting = {.fd = input->file, .events = POLLIN};
    return !input->ended && poll(&waiting, 1, 0) > 0;
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

bool input_next_chunk(Input *input, Chunk *chunk, dm_error *error)
{
    size_t length = 0;
    if (input->from) memmove(input->bytes, input->bytes + input->from, input->used - input->from);
    input->used -= input->from;
    input->from = chunk->count = 0;
    while (chunk->count < MOST_LINES && input->from < MOST_BYTES && !chunk->nul) {
        char *line = cut_line(input, &length);
        if (line) {
            chunk->nul = strlen(line) < length;
            if (!chunk->nul) chunk->offset[chunk->count++] = (size_t)(line - input->bytes);
        } else if (input->ended || (chunk->count && !more_waits(input))) {
            break;
        } else if (!read_more(input, error)) {
            return false;
        }
    }
    for (size_t i = 0; i < chunk->count; i++) chunk->line[i] = input->bytes + chunk->offset[i];
    if (!input->line_number && chunk->count && strncmp(chunk->line[0], "\xEF\xBB\xBF", 3) == 0) chunk->line[0] += 3;
    return true;
}
