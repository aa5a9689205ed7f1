// Whether the ranks that share out lines have the same models: what they write is put together.
#include <string.h>

#include "core/hash.h"
#include "core/memory.h"
#include "core/scope.h"
#include "ranks/exchange.h"
#include "translate/opened.h"

static uint64_t hash_of_vocabulary(uint64_t hash, const Vocabulary *vocabulary)
{
    for (int id = 0; id < dm_vocabulary_size(vocabulary); id++) {
        const char *piece = dm_vocabulary_piece(vocabulary, id);
        hash = dm_hash(hash, dm_hash_text(piece, strlen(piece)));
    }
    return hash;
}

static uint64_t hash_of_weights(uint64_t hash, const Model *model)
{
    return dm_hash_floats(hash, model->parameters.data, model->parameters.size);
}

static uint64_t hash_of(const dm_model *model)
{
    uint64_t hash = DM_HASH;
    for (Side side = DM_SOURCE; side <= DM_TARGET; side++)
        hash = hash_of_vocabulary(hash, dm_segmenter_vocabulary(model->segmenter, side));
    for (int i = 0; i < model->count; i++) hash = hash_of_weights(hash, model->models[i]);
    return model->drafter ? hash_of_weights(hash, model->drafter) : hash;
}

static Status compare(const dm_model *model, Exchange *exchange, Error *error)
{
    const int ranks = dm_ranks(exchange);
    uint64_t *hash = dm_allocate((size_t)ranks, sizeof *hash);
    hash[dm_rank(exchange)] = hash_of(model);
    dm_exchange_gather_each(exchange, hash, sizeof *hash);
    int other = 1;
    while (other < ranks && hash[other] == hash[0]) other++;
    dm_free(hash);
    if (other >= ranks) return DM_OK;
    return dm_fail(error, "%s has another model in that folder than rank 0: copy rank 0's to all machines",
                   dm_rank_name(exchange, other));
}

dm_status dm_models_compare(const dm_model *model, dm_exchange *exchange, dm_error *error)
{
    Status status = DM_OK;
    if (exchange) DM_SCOPE(status, error, compare(model, exchange, error));
    return status;
}
