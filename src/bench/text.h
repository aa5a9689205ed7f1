// What bench translate translates: made-up ids with a random model, or the lines of a file with a real one.
#pragma once
#include "bench/bench.h"

typedef struct Pieces {
    double source, target;
} Pieces;

typedef struct Text Text;
struct Text {
    int sentences;
    double mean_length;  // of the sources, in pieces
    bool is_uneven;      // made-up translations end one after the other, not all together
    // Translates the sentences first ... first+count-1. *pieces: what was read and written. Fails where dm_translate
    // does.
    Status (*translate)(Text *text, int first, int count, Pieces *pieces, Error *error);
    void (*close)(Text *text);
    void *own;
};

// How it is translated.
typedef struct Manner {
    int beam, mini_batch, threads;
    bool one_by_one;  // the caller takes one sentence after the other
} Manner;

Status dm_text_made_up(Text *text, const Bench *bench, const Manner *manner, Error *error);
Status dm_text_of_lines(Text *text, const Bench *bench, const Manner *manner, Error *error);
