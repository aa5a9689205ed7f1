// Exchange: the memory that the ranks of a run, processes that work on one thing, hand one another. Nothing is added on
// the way: whoever adds does it in an order that knows no ranks.
// A process alone has none: NULL, with which everything here does nothing and costs nothing.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

typedef struct dm_exchange Exchange;  // opened and closed as dragoman.h says

const char *dm_rank_name(const Exchange *exchange, int rank);  // "rank 2 (node7)"

// What has passed between this rank and the others until now, and for how long it has waited for that.
typedef struct Traffic {
    size_t sent, received;  // bytes
    double seconds;
} Traffic;
Traffic dm_exchange_traffic(const Exchange *exchange);

// Each of these is called by all ranks, in the same order. Where one is gone, the scope is left (core/scope.h).
void dm_exchange_broadcast(Exchange *exchange, void *bytes, size_t size);  // what rank 0 has
// A buffer of which rank r has the bytes start[r] ... start[r + 1] - 1: then all ranks have all of it.
void dm_exchange_gather(Exchange *exchange, void *bytes, const size_t *start);
void dm_exchange_gather_each(Exchange *exchange, void *items, size_t size);  // [ranks] items, of which rank r has number r
// The same where each has room for its own alone, and rank 0 for all, and back.
void dm_exchange_collect(Exchange *exchange, const void *own, void *all, const size_t *start);
void dm_exchange_deal(Exchange *exchange, const void *all, void *own, const size_t *start);
bool dm_exchange_any(Exchange *exchange, bool mine);

// The same in single messages: those between two ranks come in the order in which they are sent. Memory stays where it
// is until dm_exchange_wait has returned.
void dm_exchange_send(Exchange *exchange, int to, const void *bytes, size_t size);
void dm_exchange_receive(Exchange *exchange, int from, void *bytes, size_t size);
void dm_exchange_wait(Exchange *exchange);
