// A segmenter for tests of data: a, b and c are pieces, one a word, and anything else is unknown.
#pragma once
#include <stdlib.h>

#include "text/scratch.h"
#include "text/segmenter.h"

static inline Segmenter *letters(void)
{
    dm_free(
        scratch_write("model/vocab.json", "{\"</s>\": 0, \"<unk>\": 1, \"a\": 2, \"b\": 3, \"c\": 4, \"<pad>\": 5}"));
    char *folder = scratch_path("model");
    Segmenter *segmenter;
    if (dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = "space"}, NULL)) abort();
    dm_free(folder);
    return segmenter;
}
