// How transformers opens a folder with AutoTokenizer: tokenizer.json, of Hugging Face's tokenizers, and
// tokenizer_config.json.
#pragma once
#include "text/segmenter.h"
#include "text/sentencepiece.h"

typedef struct TokenizerJson {
    const Vocabulary *vocabulary;   // of both sides
    const SentencePiece *model;     // NULL: text in pieces, cut at blanks
    const char *before, *behind;    // pieces around each text; NULL: none
} TokenizerJson;

// What does not come out as dm_encode and dm_decode have it: text that spells </s>, <unk>, <pad> or a language code is
// taken for the piece, and decode(skip_special_tokens=True) leaves <unk> out.
Status dm_tokenizer_json_write(const TokenizerJson *tokenizer, const char *folder, Error *error);
