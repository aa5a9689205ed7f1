// The files of this folder as embed.cmake puts them into the program.
#pragma once
#include <stddef.h>

typedef struct PageFile {
    const char *path, *type;
    const unsigned char *bytes;
    size_t size;
} PageFile;

// What `dragoman serve` sends, each under its path; ends with a path of NULL.
extern const PageFile page_files[];

// The page of `dragoman report`, style and scripts in it: what stands before its figures, which are JSON in a script
// element, and what stands behind them.
extern const PageFile report_before, report_behind;
