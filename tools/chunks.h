// Lines that are translated, or gone on with, a chunk at a time: what one process and several ranks have in common.
#pragma once
#include "input.h"
#include "output.h"
#include "settings.h"

// What translations have to begin with, where it stands in a file, line by line.
typedef struct Prefixes {
    const char *name;  // of the file; NULL: none
    dm_lines lines;
} Prefixes;

// What drafts were good for.
typedef struct Drafts {
    double passes, pieces, drafted, right;
} Drafts;

typedef struct Job {
    dm_model *model;
    Settings settings;
    Prefixes prefixes;
    const char **prefix;  // of the chunk's lines
    Output output;
    Drafts drafts;
} Job;

// The prefixes of the chunk's lines, into `of`.
bool find_prefixes(const Prefixes *prefixes, const Input *input, const Chunk *chunk, const char **of, dm_error *error);
// Lines done ... done + part - 1 of the chunk, translated and written.
dm_status translate_part(Job *job, const Input *input, const Chunk *chunk, size_t done, size_t part,
                         dm_translation *translations, dm_error *error);
// All of it, with what --on-bad-line says about bad lines. prefixes: room for those of the lines, which are there where
// they come from a file.
dm_status translate_chunk(Job *job, Input *input, Chunk *chunk, const char **prefixes, dm_error *error);
