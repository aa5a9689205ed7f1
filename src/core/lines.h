// Lines of text that are in memory already: what dm_lines_read does once it has read the file; and lines of a text of
// which never more than a block is in memory.
#pragma once
#include "core/error.h"

// Cuts `bytes` (allocated, with a NUL at bytes[size]) into lines and takes them over, on failure too. Invalid UTF-8 and
// NUL bytes are errors that name the file (`name`), the line and the byte, and say what to do, or what `bad` (or NULL)
// wishes.
Status dm_lines_cut(dm_lines *lines, char *bytes, size_t size, const char *name, dm_bad_lines *bad, Error *error);

// A text that is read block by block, with the same complaints as dm_lines_read_all. name: how they call it.
typedef struct LineStream LineStream;
Status dm_line_stream_open(LineStream **stream, const char *path, const char *name, Error *error);
void dm_line_stream_close(LineStream *stream);
// The next lines; fewer than `most`: the text is at its end. Bad lines are numbered as they stand in these.
Status dm_line_stream_next(LineStream *stream, size_t most, dm_lines *lines, dm_bad_lines *bad, Error *error);
Status dm_line_stream_next_tsv(LineStream *stream, size_t most, dm_lines lines[2], const int columns[2],
                               dm_bad_lines *bad, Error *error);
