// Where the time of an update goes on several ranks. The losses of all shards are gathered first, a few bytes for which
// a rank waits until the slowest has run its own; what it waits for after that is gradients and weights on their way.
#include "bench/shares.h"

#include "core/clock.h"
#include "core/memory.h"

static int own_shards(const Workers *w, const Lanes *lanes)
{
    int shards = 0;
    for (int i = lanes->first; i < lanes->last; i++) shards += atomic_load(&w->turns[i]);
    return shards;
}

void dm_share_update(Share *share, Workers *workers, const ShardRange *range, Optimizer *optimizer,
                     Parameters *parameters, Step step)
{
    const double begun = dm_clock();
    const Traffic before = dm_exchange_traffic(workers->exchange);
    step.count = dm_shards_train(workers, range, step.update, optimizer).count;
    const Traffic between = dm_exchange_traffic(workers->exchange);
    dm_optimizer_step(optimizer, parameters, &step);
    const Traffic after = dm_exchange_traffic(workers->exchange);
    share->waiting += between.seconds - before.seconds;
    share->exchanging += after.seconds - between.seconds;
    share->computing += dm_clock() - begun - (after.seconds - before.seconds);
    share->sent += (double)(after.sent - before.sent);
    share->received += (double)(after.received - before.received);
    share->shards += own_shards(workers, &optimizer->lanes);
}

cJSON *dm_shares_describe(const Share *own, Exchange *exchange)
{
    const int ranks = dm_ranks(exchange);
    Share *all = dm_allocate((size_t)ranks, sizeof *all);
    all[dm_rank(exchange)] = *own;
    dm_exchange_gather_each(exchange, all, sizeof *all);
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < ranks; i++) {
        cJSON *share = cJSON_CreateObject();
        if (exchange) cJSON_AddStringToObject(share, "name", dm_rank_name(exchange, i));
        cJSON_AddNumberToObject(share, "computing_seconds", all[i].computing);
        cJSON_AddNumberToObject(share, "waiting_seconds", all[i].waiting);
        cJSON_AddNumberToObject(share, "exchange_seconds", all[i].exchanging);
        cJSON_AddNumberToObject(share, "sent_bytes", all[i].sent);
        cJSON_AddNumberToObject(share, "received_bytes", all[i].received);
        cJSON_AddNumberToObject(share, "shards", all[i].shards);
        cJSON_AddItemToArray(list, share);
    }
    dm_free(all);
    return list;
}
