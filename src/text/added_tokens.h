// Added tokens: what somebody has put behind the vocabulary of a folder with transformers' tokenizer.add_tokens. They
// are split off a text before SentencePiece sees it. tokenizer_config.json has them ("added_tokens_decoder"), or in
// older folders added_tokens.json, which knows text and id alone.
#pragma once
#include "text/segmenter.h"

typedef struct AddedToken {
    char *text;
    int id;
    bool special;      // no text is made of it
    bool left, right;  // it swallows the white space beside it
    bool word;         // it is one only where spaces, or the ends of the text, stand around it
} AddedToken;

typedef struct AddedTokens {
    AddedToken *list;  // [count] longer texts first
    int count;
} AddedTokens;

// Those of a folder that has this vocabulary, which is replaced by one with all of them.
Status dm_added_tokens_read(AddedTokens *added, Vocabulary **vocabulary, const char *folder, Error *error);
void dm_added_tokens_add(AddedTokens *added, AddedToken token);  // takes the token over
// All are there: each once, with the ids behind the vocabulary, which is replaced by one with all of them.
Status dm_added_tokens_settle(AddedTokens *added, Vocabulary **vocabulary, const char *folder, Error *error);
void dm_added_tokens_free(AddedTokens *added);
const AddedToken *dm_added_token_of(const AddedTokens *added, int id);  // NULL: it is none

// Calls take for what a line consists of, in order: tokens, and the text between them (token: NULL).
typedef void TakePart(void *context, const char *part, const AddedToken *token);
void dm_added_tokens_split(const AddedTokens *added, const char *line, TakePart *take, void *context);
