// A bitext: the same text in two languages, line by line; or text alone, which has a target and no source. It is read
// once, for the segmenter, the corpus and whoever else wants it.
#pragma once
#include "core/lines.h"
#include "text/segmenter.h"

typedef struct BitextFiles {
    const char *path[2];  // of each Side, line by line; "-" is standard input
    const char *tsv;      // or one file of columns ...
    int columns[2];       // ... of which these are the sides
    dm_on_bad_line on;    // what is done about bad lines; a pair with one that is skipped is empty on both sides
    bool alone;           // of path and columns only those of the target
} BitextFiles;

typedef struct Bitext {
    bool alone;           // the source has no lines
    dm_lines lines[2];    // of each Side: as many of one as of the other, and at least one
    const char *file[2];  // how messages call the sides: "train.zh", "standard input"; owned by who gave the paths
    char *name;           // and both: "train.zh and train.en", "pairs.tsv"
    dm_bad_lines bad[2];  // of each file; of a file of columns the first
    char language[2][4];  // that the names of two files end with, as train.en or train.en.gz; else "und" (ISO 639)
} Bitext;

// Unequal line counts, invalid UTF-8, empty files and the like are errors that name file and line.
Status dm_bitext_read(Bitext *bitext, const BitextFiles *files, Error *error);
// Labels are as many as there are words in their line, or one. A line that has others is a bad line of theirs: an error,
// or both lines are empty, or end where the shorter one does.
Status dm_bitext_check_labels(Bitext *bitext, Labels labels, Error *error);
// What was done about bad lines, in a sentence that the caller frees; NULL: there were none.
char *dm_bitext_mended(const Bitext *bitext);
void dm_bitext_say_mended(const Bitext *bitext, const dm_observer *observer);
// The first pair of those that are there of which one side is blank and the other is not, from 1; 0: there is none.
size_t dm_bitext_odd_pair(const Bitext *bitext, Side *blank);
size_t dm_bitext_count(const Bitext *bitext);  // pairs, or lines of text alone
void dm_bitext_drop_lines(Bitext *bitext);      // keeps what messages need
void dm_bitext_free(Bitext *bitext);
// The hash of its lines, positive; 0 where it has none. Names and places of files do not matter.
long dm_bitext_fingerprint(const Bitext *bitext);

// ---- Block by block -------------------------------------------------------------------------------------------------

// A text that need not fit into memory, with the same complaints as dm_bitext_read.
typedef struct BitextStream {
    BitextFiles files;
    Bitext whole;          // what messages need of all that was read: lines it has none
    size_t lines[2];       // read, of each Side
    size_t odd;            // as dm_bitext_odd_pair, of what was read
    Side blank;
    LineStream *in[2];     // of a file of columns the first
} BitextStream;

// copies: where texts lie that can be read only once, as often as one likes; NULL: there are none.
Status dm_bitext_stream_open(BitextStream *stream, const BitextFiles *files, const char *const copies[2], Error *error);
void dm_bitext_stream_close(BitextStream *stream);
// The next pairs, which are those behind stream->lines as it was; fewer than `most`: the text is at its end. The caller
// frees the block, which is empty after an error.
Status dm_bitext_stream_next(BitextStream *stream, size_t most, Bitext *block, Error *error);
