// A tokenizer.json alone, of Hugging Face's tokenizers, as a SentencePiece model: what its folder has for a segmenter where
// there is no other.
#pragma once
#include "text/added_tokens.h"

enum { DM_NOT_ONE = -2 };

typedef struct TokenizerRead {
    Vocabulary *vocabulary;
    AddedTokens added;  // but for those that are `eos`
    char *model;        // [size] a SentencePiece model
    size_t size;
    int unknown;  // -1: there is no such piece
    int before, behind;  // the pieces that are put around a text; -1: none, DM_NOT_ONE: more than one, or who knows what
} TokenizerRead;

// Unigram models and those of BPE that SentencePiece could have made; any other is refused in a sentence.
Status dm_tokenizer_read(TokenizerRead *read, const char *path, int eos, Error *error);
