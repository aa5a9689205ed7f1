// The plan of an epoch: in which order the sentence pairs come, which of them share a shard, and which shards an
// update.
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/random.h"
#include "data/corpus.h"

// Random streams of their own: (seed, epoch, this, which). Updates and shards count from 0 and never get here.
enum { PLAN_STREAM = 0x706C616E, SHUFFLE_PAIRS = 0, SHUFFLE_SHARDS = 1 };

static void shuffle(int *items, int count, const PlanBudget *budget, uint32_t which)  // Fisher and Yates
{
    Random random = dm_random(budget->seed, budget->epoch, PLAN_STREAM, which);
    for (int i = count - 1; i > 0; i--) {
        int k = (int)dm_random_below(&random, (uint64_t)i + 1), kept = items[i];
        items[i] = items[k];
        items[k] = kept;
    }
}

// Stable counting sort: pairs of the same length stay in the order that the shuffle gave them.
static void sort_by(const int *length, int *order, int count)
{
    int longest = 0;
    for (int i = 0; i < count; i++) longest = length[i] > longest ? length[i] : longest;
    int *start = dm_allocate((size_t)longest + 2, sizeof *start), *sorted = dm_allocate((size_t)count, sizeof *sorted);
    for (int i = 0; i < count; i++) start[length[i] + 1]++;
    for (int l = 0; l <= longest; l++) start[l + 1] += start[l];
    for (int i = 0; i < count; i++) sorted[start[length[order[i]]]++] = order[i];
    memcpy(order, sorted, (size_t)count * sizeof *order);
    dm_free(sorted);
    dm_free(start);
}

// Cuts the sorted pairs into `shares` of as many words, as near as whole pairs come to it: a pair belongs to the share
// in which its middle word lies. start: [count + 1]; returns the number of shards, fewer where a pair fills several
// shares.
static int cut(int *start, const int *order, int count, const int *length, double share_words)
{
    int shards = 0;
    int64_t before = 0, last = -1;
    for (int i = 0; i < count; i++) {
        const int words = length[order[i]];
        const int64_t share = (int64_t)(((double)before + 0.5 * words) / share_words);
        if (share > last) start[shards++] = i;
        last = share;
        before += words;
    }
    start[shards] = count;
    return shards;
}

// Puts the shards, whole, into another order.
static void shuffle_shards(Plan *plan, int pairs, const PlanBudget *budget)
{
    int *which = dm_allocate((size_t)plan->shards, sizeof *which), *order = dm_allocate((size_t)pairs, sizeof *order);
    int *start = dm_allocate((size_t)plan->shards + 1, sizeof *start), used = 0;
    for (int i = 0; i < plan->shards; i++) which[i] = i;
    shuffle(which, plan->shards, budget, SHUFFLE_SHARDS);
    for (int i = 0; i < plan->shards; i++) {
        int from = plan->shard_start[which[i]], size = plan->shard_start[which[i] + 1] - from;
        memcpy(order + used, plan->order + from, (size_t)size * sizeof *order);
        start[i] = used;
        used += size;
    }
    start[plan->shards] = used;
    dm_free(which);
    dm_free(plan->order);
    dm_free(plan->shard_start);
    plan->order = order;
    plan->shard_start = start;
}

// Each update gets as many shards; one of several shares' words counts as several. So no update is left with a small
// rest.
static void deal(Plan *plan, const int *length, int64_t updates, double share_words)
{
    int64_t *weight = dm_allocate((size_t)plan->shards + 1, sizeof *weight), total = 0, before = 0, last = -1;
    for (int s = 0; s < plan->shards; s++) {
        double words = 0;
        for (int i = plan->shard_start[s]; i < plan->shard_start[s + 1]; i++) words += length[plan->order[i]];
        weight[s] = words < share_words ? 1 : (int64_t)(words / share_words + 0.5);
        total += weight[s];
    }
    plan->update_start = dm_allocate((size_t)plan->shards + 1, sizeof *plan->update_start);
    for (int s = 0; s < plan->shards; s++) {
        const int64_t update = (2 * before + weight[s]) * updates / (2 * total);
        if (update > last) plan->update_start[plan->updates++] = s;
        last = update;
        before += weight[s];
    }
    plan->update_start[plan->updates] = plan->shards;
    dm_free(weight);
}

static int64_t round_up(int64_t n, int64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

// The words of the epoch, divided by those of an update and rounded, give the number of updates. Shards of an update
// are equal, and where there are more of them than lanes, every lane gets as many: at its end no thread waits for long.
void dm_plan_make(Plan *plan, const Corpus *corpus, const PlanBudget *budget)
{
    // Labels may be one of each sentence: there the work is what is read.
    const int pairs = corpus->pairs, *length = corpus->places ? corpus->source_length : corpus->target_length;
    int64_t total = 0;
    for (int i = 0; i < pairs; i++) total += length[i];
    int64_t updates = (total + budget->update_words / 2) / budget->update_words;
    if (updates < 1) updates = 1;  // of no pairs, too
    int64_t shards = ((total + updates - 1) / updates + budget->shard_words - 1) / budget->shard_words;
    if (shards < 1) shards = 1;
    if (shards > budget->lanes) shards = round_up(shards, budget->lanes);
    const double share_words = (double)total / (double)(updates * shards);

    *plan = (Plan){.order = dm_allocate((size_t)pairs, sizeof *plan->order),
                   .shard_start = dm_allocate((size_t)pairs + 1, sizeof *plan->shard_start)};
    for (int i = 0; i < pairs; i++) plan->order[i] = i;
    if (budget->epoch) shuffle(plan->order, pairs, budget, SHUFFLE_PAIRS);
    sort_by(corpus->source_length, plan->order, pairs);
    sort_by(corpus->target_length, plan->order, pairs);
    plan->shards = cut(plan->shard_start, plan->order, pairs, length, share_words);
    if (budget->epoch) shuffle_shards(plan, pairs, budget);
    deal(plan, length, updates, share_words);
}

void dm_plan_free(Plan *plan)
{
    dm_free(plan->order);
    dm_free(plan->shard_start);
    dm_free(plan->update_start);
    *plan = (Plan){0};
}
