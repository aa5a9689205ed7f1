// dragoman translate: lines in, lines out, in order; or a conversation, where standard input is a terminal.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interactive.h"
#include "tools.h"

// While lines keep coming up to MOST_LINES are translated at once, so that the batches are full; when the input pauses,
// what is there is translated, so that a program can hold a conversation through two pipes.
enum { MOST_LINES = 4096, MOST_BYTES = 1 << 22, READ_BYTES = 1 << 16 };

typedef struct Input {
    const char *name;  // for errors
    int file;
    char *bytes;  // from ... used: read, and not yet handed out
    size_t from, used, room;
    bool ended;
    size_t line_number;  // of the last line handed out
} Input;

typedef struct Chunk {
    size_t count;
    const char *line[MOST_LINES];  // in the input's bytes, until the next chunk is asked for
    size_t offset[MOST_LINES];     // the same while the bytes may still move
    bool nul;                      // the line behind them holds a NUL byte
} Chunk;

static bool out_of_memory(dm_error *error)
{
    snprintf(error->message, sizeof error->message, "out of memory");
    return false;
}

// Reads what is there, or waits for it. False: the input cannot be read.
static bool read_more(Input *input, dm_error *error)
{
    if (input->room - input->used < READ_BYTES + 1) {
        size_t room = input->room ? 2 * input->room : 4 * READ_BYTES;
        char *bytes = realloc(input->bytes, room);
        if (!bytes) return out_of_memory(error);
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

// Fills the chunk; it stays empty where the input has ended. False: the input cannot be read.
static bool next_chunk(Input *input, Chunk *chunk, dm_error *error)
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

static bool write_translations(FILE *output, const char *name, const dm_translation *translations, size_t count,
                               dm_error *error)
{
    for (size_t i = 0; i < count; i++) {
        fputs(translations[i].text, output);
        putc('\n', output);
    }
    if (fflush(output) == 0 && !ferror(output)) return true;
    snprintf(error->message, sizeof error->message, "cannot write %s: %s", name,
             errno == EBADF ? "it is closed" : strerror(errno));
    return false;
}

typedef struct Output {
    const char *name;
    FILE *stream;
} Output;

// Translates and writes a chunk. Where a line is refused, all lines before it are translated first: the library looks
// at every line before it begins, so halving what it is given until it takes it costs next to nothing.
static dm_status translate_chunk(dm_model *model, const dm_options *options, Input *input, const Chunk *chunk,
                                 const Output *output, dm_error *error)
{
    dm_translation *translations = calloc(chunk->count + 1, sizeof *translations);
    if (!translations) return out_of_memory(error), DM_FAILURE;
    dm_status status = DM_OK;
    for (size_t done = 0, part = chunk->count; done < chunk->count;) {
        status = dm_translate(model, chunk->line + done, part, options, translations, error);
        if (status && part > 1) {
            part = part / 2;
            continue;
        }
        if (status) {
            dm_error reason = *error;
            snprintf(error->message, sizeof error->message, "%s: line %zu: %.1500s", input->name,
                     input->line_number + 1, reason.message);
            break;
        }
        bool written = write_translations(output->stream, output->name, translations, part, error);
        dm_translations_free(translations, part);
        if (!written) {
            status = DM_FAILURE;
            break;
        }
        input->line_number += part;
        done += part;
        part = chunk->count - done;
    }
    free(translations);
    return status;
}

static dm_status translate_all(dm_model *model, const dm_options *options, Input *input, const Output *output,
                               dm_error *error)
{
    Chunk *chunk = calloc(1, sizeof *chunk);
    dm_status status = chunk ? DM_OK : (out_of_memory(error), DM_FAILURE);
    while (!status) {
        if (!next_chunk(input, chunk, error)) status = DM_FAILURE;
        if (!status && !chunk->count && !chunk->nul) break;
        if (!status) status = translate_chunk(model, options, input, chunk, output, error);
        if (!status && chunk->nul) {
            snprintf(error->message, sizeof error->message, "%s: line %zu has a NUL byte: it is not a text in UTF-8",
                     input->name, input->line_number + 1);
            status = DM_FAILURE;
        }
    }
    free(chunk);
    free(input->bytes);
    return status;
}

static dm_status open_files(const char *in, const char *out, Input *input, Output *output, dm_error *error)
{
    *input = (Input){.name = "standard input", .file = STDIN_FILENO};
    *output = (Output){"standard output", stdout};
    if (strcmp(in, "-") != 0) *input = (Input){.name = in, .file = open(in, O_RDONLY | O_CLOEXEC)};
    if (input->file < 0) {
        snprintf(error->message, sizeof error->message, "cannot open %s: %s", in, strerror(errno));
        return DM_FAILURE;
    }
    if (strcmp(out, "-") != 0) *output = (Output){out, fopen(out, "wb")};
    if (output->stream) return DM_OK;
    snprintf(error->message, sizeof error->message, "cannot write %s: %s", out, strerror(errno));
    return DM_FAILURE;
}

int translate_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    dm_model *model = NULL;
    Input input;
    Output output;
    const char *in = dm_options_text(options, "input", 0), *out = dm_options_text(options, "output", 0);
    dm_status status = open_files(in, out, &input, &output, &error);
    if (!status) status = dm_model_open(&model, dm_options_text(options, "model", 0), options, &error);
    bool conversation = input.file == STDIN_FILENO && isatty(STDIN_FILENO);
    if (!status && conversation) status = translate_conversation(model, options, output.stream, &error);
    if (!status && !conversation) status = translate_all(model, options, &input, &output, &error);
    dm_model_close(model);
    if (input.file > STDERR_FILENO) close(input.file);
    return status ? complain(status, &error) : close_output(output.stream);  // what precedes an error was flushed
}
