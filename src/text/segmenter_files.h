// The files of a folder that segmenter and vocabulary are read from.
#pragma once
#include "core/error.h"

#define DM_SOURCE_SEGMENTER  "source.spm"
#define DM_TARGET_SEGMENTER  "target.spm"
#define DM_VOCABULARY        "vocab.json"
#define DM_TARGET_VOCABULARY "target_vocab.json"  // where the target has one of its own
#define DM_TOKENIZER         "tokenizer_config.json"
#define DM_TOKENIZER_JSON    "tokenizer.json"
#define DM_ADDED_TOKENS      "added_tokens.json"
#define DM_SPECIAL_TOKENS    "special_tokens_map.json"

// Reads one of them, or says what to do where there is none.
Status dm_segmenter_read_file(char **bytes, size_t *size, const char *folder, const char *name, Error *error);
Status dm_segmenter_no_file(const char *folder, const char *path, Error *error);
