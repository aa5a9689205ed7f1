// Lines of a file or a pipe, in chunks, as they come.
#pragma once
#include "tools.h"

// While lines keep coming up to MOST_LINES are handed out at once, so that the batches are full; when the input pauses,
// what is there is handed out, so that a program can hold a conversation through two pipes.
enum { MOST_LINES = 4096 };

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
    char *line[MOST_LINES];     // in the input's bytes, until the next chunk is asked for
    size_t offset[MOST_LINES];  // the same while the bytes may still move
    bool nul;                   // the line behind them holds a NUL byte
} Chunk;

// Fills the chunk; it stays empty where the input has ended. False: the input cannot be read.
bool input_next_chunk(Input *input, Chunk *chunk, dm_error *error);
