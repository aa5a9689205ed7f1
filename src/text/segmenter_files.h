// The files of a folder that segmenter and vocabulary are read from.
#pragma once

#define DM_SOURCE_SEGMENTER  "source.spm"
#define DM_TARGET_SEGMENTER  "target.spm"
#define DM_VOCABULARY        "vocab.json"
#define DM_TARGET_VOCABULARY "target_vocab.json"  // where the target has one of its own
#define DM_TOKENIZER         "tokenizer_config.json"
#define DM_TOKENIZER_JSON    "tokenizer.json"
#define DM_ADDED_TOKENS      "added_tokens.json"
#define DM_SPECIAL_TOKENS    "special_tokens_map.json"
