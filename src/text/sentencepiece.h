// SentencePiece behind a C interface: load a model, cut a sentence into pieces, join pieces, train a model.
// No exception and no C++ type comes out of here, nothing is written to stderr, and a damaged model is an error. Memory
// that runs out inside leaves the scope (core/scope.h) once all frames of C++ are gone.
#pragma once
#ifdef __cplusplus
extern "C" {
#endif
#include "core/error.h"
#include "core/memory.h"
#include "core/scope.h"

typedef struct SentencePiece SentencePiece;

// bytes: a serialised model; name: what messages call it. Models are immutable: all that follows is thread-safe.
Status dm_sentencepiece_open(SentencePiece **model, const char *bytes, size_t size, const char *name, Error *error);
void dm_sentencepiece_close(SentencePiece *model);

int dm_sentencepiece_size(const SentencePiece *model);
// The piece of an id, or NULL where the id stands for something else than text (<unk>, control symbols).
const char *dm_sentencepiece_piece(const SentencePiece *model, int id);

int dm_sentencepiece_id(const SentencePiece *model, const char *piece);  // -1: it is no piece, or one without text
float dm_sentencepiece_score(const SentencePiece *model, int id);
bool dm_sentencepiece_is_merged(const SentencePiece *model, int id);  // it is text, and no byte

// How a model looks at text.
typedef struct SentencePieceRules {
    bool bpe;              // else unigram
    bool bytes;            // what it does not know are bytes, each a piece
    bool tidies;           // white space at the ends goes, and of several spaces one is left
    bool marks_beginning;  // a space is put in front
    const char *map;       // [map_size] the compiled rules of its normaliser
    size_t map_size;
} SentencePieceRules;
SentencePieceRules dm_sentencepiece_rules(const SentencePiece *model);  // as long as the model is open

// The pieces of the text, in order, each with a NUL behind it; the caller frees them. A stretch the model does not know
// is a piece too.
char *dm_sentencepiece_encode(const SentencePiece *model, const char *text, size_t size, int *count);
// The text that the pieces spell; the caller frees it. Byte pieces (<0x41>) are bytes of it: where they make no
// character, or NUL, there is U+FFFD.
char *dm_sentencepiece_decode(const SentencePiece *model, const char *const *pieces, int count);

// Training reads its sentences from next, which returns NULL after the last and allocates nothing; a sentence stays
// valid until the next call.
typedef struct SentencePieceTraining {
    const char *kind;    // "unigram", "bpe"
    int size;            // pieces, the model's own <unk> counted
    double coverage;     // share of the text's characters that become pieces
    int sentence_bytes;  // no sentence is longer
    const char *(*next)(void *context);
    void *context;
} SentencePieceTraining;

// The serialised model, which the caller frees. When the text does not allow the size, returns DM_FAILURE and sets
// *allowed to the nearest size that it allows; any other failure leaves it 0. The text must hold at least one visible
// character: SentencePiece ends the program on a text without one.
Status dm_sentencepiece_train(char **bytes, size_t *size, int *allowed, const SentencePieceTraining *training,
                              Error *error);
#ifdef __cplusplus
}
#endif
