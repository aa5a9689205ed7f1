// Training a SentencePiece model that can be given up: it asks nobody on its way.
#pragma once
#include "core/stop.h"
#include "text/sentencepiece.h"

// As dm_sentencepiece_train, with the same bytes; DM_STOPPED if `stop` said so. Without one (NULL, or one that nobody
// answers) the work is done here, else in a child process.
Status dm_sentencepiece_train_apart(char **bytes, size_t *size, int *allowed, const SentencePieceTraining *training,
                                    Stop *stop, Error *error);
