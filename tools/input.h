// Lines of a file or a pipe, in chunks, as they come.
#pragma once
#include "bad_lines.h"

// While lines keep coming up to MOST_LINES are handed out at once, so that the batches are full; when the input pauses,
// what is there is handed out, so that a program can hold a conversation through two pipes.
enum { MOST_LINES = 4096 };

typedef struct Input {
    const char *name;  // for errors
    dm_text_stream *stream;
    char *bytes;  // from ... used: read, and not yet handed out
    size_t from, used, room;
    bool ended;
    size_t line_number;  // of the last line that the caller is done with; the caller counts
    BadLines bad;        // what is done about them; the caller adds those that it finds
    int column;          // that lines are cut down to, counted from 1; 0: they are whole
} Input;

typedef struct Chunk {
    size_t count;
    char *line[MOST_LINES];     // in the input's bytes, until the next chunk is asked for
    size_t offset[MOST_LINES];  // the same while the bytes may still move
    bool refused;               // what stands behind them cannot be read:
    dm_error reason;            // why
} Chunk;

// As the options of "translate" or "generate" say. Of standard input nothing is read before a chunk is asked for.
dm_status input_open(Input *input, const dm_options *options, dm_error *error);
void input_close(Input *input);
// Whether the next chunk would not be waited for.
bool input_goes_on(const Input *input);
// Fills the chunk; without lines and not refused, the input has ended.
void input_next_chunk(Input *input, Chunk *chunk);
