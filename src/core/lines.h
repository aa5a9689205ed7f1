// Lines of text that are in memory already: what dm_lines_read does once it has read the file.
#pragma once
#include "core/error.h"

// Cuts `bytes` (allocated, with a NUL at bytes[size]) into lines and takes them over, on failure too. Invalid UTF-8 and
// NUL bytes are errors that name the file (`name`), the line and the byte, and say what to do, or what `bad` (or NULL)
// wishes.
Status dm_lines_cut(dm_lines *lines, char *bytes, size_t size, const char *name, dm_bad_lines *bad, Error *error);
