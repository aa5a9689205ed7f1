// Which heads of the decoder tell where a target piece comes from. A run whose heads were guided knows it, another one with
// a validation set measures it at its end; it stands in config.json: "dragoman": {"alignment": {"layer": 1, "heads": [0, 2], "shift": 0, "agreement":
// 0.91}}.
#pragma once
#include "core/cjson.h"

#include "core/error.h"
#include "model/config.h"
#include "tensor/seen.h"

typedef struct AlignmentHeads {
    int layer;       // of the decoder, from 0
    int shift;       // 0: the row that predicts a target piece aligns it; 1: the row after it, which reads the piece
    bool whole;      // in a pass in which every piece sees all of the target (Garg et al. 2019, section 4.3)
    int head_count;  // 0: the model has no attention to the source, and all else is 0 too
    int *heads;  // [head_count] ascending, from 0; the piece comes from where the mean of their attention is largest
} AlignmentHeads;

// What config.json says, checked against the model's shape. extra: our part of it, or NULL. Where it says nothing: all
// heads of the last layer but one, unshifted (Garg et al. 2019, "Jointly learning to align and translate").
Status dm_alignment_heads_of(AlignmentHeads *heads, const ModelConfig *config, const cJSON *extra, const char *folder,
                             Error *error);
void dm_alignment_heads_free(AlignmentHeads *heads);

AlignmentHeads dm_alignment_heads_of_gaze(const Gaze *gaze, const ModelConfig *config);  // unshifted
cJSON *dm_alignment_heads_json(const AlignmentHeads *heads);  // as config.json has them
// Puts them into config.json in the place of what it said. agreement: the share of pieces that they align as expected.
Status dm_alignment_heads_store(const AlignmentHeads *heads, double agreement, const char *folder, Error *error);
