// How transformers opens a folder of text in pieces: tokenizer.json and tokenizer_config.json.
#pragma once
#include "text/segmenter.h"

// vocabulary: of both sides. What does not come out as dm_encode and dm_decode have it: text that spells </s>, <unk> or
// <pad> is taken for the piece, and decode(skip_special_tokens=True) leaves <unk> out.
Status dm_word_tokenizer_write(const Vocabulary *vocabulary, const char *folder, Error *error);
