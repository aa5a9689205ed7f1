// Bad lines, and what --on-bad-line wishes of them.
#pragma once
#include "tools.h"

dm_on_bad_line on_bad_line(const dm_options *options);

// How many there were of a file, for the note at the end.
typedef struct BadLines {
    dm_on_bad_line on;
    size_t count, first;  // first: of them, from 1
} BadLines;
void count_bad_line(BadLines *bad, size_t line);  // lines count from 0
void note_bad_lines(const BadLines *bad, const char *name);
