// Training a SentencePiece model in a child process. What it sends: the head below, then the model.
#include "text/sentencepiece_apart.h"

#include <stdint.h>
#include <string.h>

#include "core/apart.h"

typedef struct Head {
    Status status;
    int allowed;
    Error error;
} Head;

static void train(void *context, FILE *result)
{
    char *bytes = NULL;
    size_t size = 0;
    Head head = {0};
    head.status = dm_sentencepiece_train(&bytes, &size, &head.allowed, context, &head.error);
    fwrite(&head, sizeof head, 1, result);
    if (!head.status) fwrite(bytes, 1, size, result);
}

Status dm_sentencepiece_train_apart(char **bytes, size_t *size, int *allowed, const SentencePieceTraining *training,
                                    Stop *stop, Error *error)
{
    if (!stop || !stop->ask) return dm_sentencepiece_train(bytes, size, allowed, training, error);
    Head head = {0};
    *allowed = 0;
    Status status = dm_work_apart(train, (void *)(uintptr_t)training, stop, "training a segmenter", bytes, size, error);
    if (status) return status;
    if (*size < sizeof head)
        status = dm_fail(error, "training a segmenter: its result was cut short");
    else
        memcpy(&head, *bytes, sizeof head);
    if (!status && head.status) status = dm_fail(error, "%s", head.error.message);
    *allowed = head.allowed;
    if (status) {
        dm_free(*bytes);
        *bytes = NULL;
        return status;
    }
    *size -= sizeof head;
    memmove(*bytes, *bytes + sizeof head, *size);
    return DM_OK;
}
