// The plan of an epoch: in which order the sentence pairs come, which of them share a shard, and which shards an
// update.
#include <stdlib.h>
#include <string.h>

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
    free(sorted);
    free(start);
}

// Cuts the sorted pairs where the next one would go over the budget. start: [count + 1]; returns the number of shards.
static int cut(int *start, const int *order, int count, const int *length, int budget)
{
    int shards = 0;
    int64_t words = 0;
    for (int i = 0; i < count; i++) {
        if (i == 0 || words + length[order[i]] > budget) {
            start[shards++] = i;
            words = 0;
        }
        words += length[order[i]];
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
    free(which);
    free(plan->order);
    free(plan->shard_start);
    plan->order = order;
    plan->shard_start = start;
}

// The epoch's words, divided by the budget and rounded, give the number of updates; each gets an equal share, as near
// as whole shards come to it: shard i goes to the update in whose share its middle word lies. So no update is left with
// a small rest. An epoch of less than a budget and a half is one update.
static void deal(Plan *plan, const int *length, int budget)
{
    int64_t total = 0, before = 0;
    for (int i = 0; i < plan->shard_start[plan->shards]; i++) total += length[plan->order[i]];
    int64_t shares = (total + budget / 2) / budget, last = -1;
    if (shares < 1) shares = 1;
    plan->update_start = dm_allocate((size_t)plan->shards + 1, sizeof *plan->update_start);
    for (int s = 0; s < plan->shards; s++) {
        int64_t words = 0;
        for (int i = plan->shard_start[s]; i < plan->shard_start[s + 1]; i++) words += length[plan->order[i]];
        int64_t share = (int64_t)(((double)before + 0.5 * (double)words) * (double)shares / (double)total);
        if (s == 0 || share > last) plan->update_start[plan->updates++] = s;
        last = share;
        before += words;
    }
    plan->update_start[plan->updates] = plan->shards;
}

void dm_plan_make(Plan *plan, const Corpus *corpus, const PlanBudget *budget)
{
    int pairs = corpus->pairs, update_words = budget->update_words > 0 ? budget->update_words : 1;
    int shard_words = budget->shard_words < update_words ? budget->shard_words : update_words;
    *plan = (Plan){.order = dm_allocate((size_t)pairs, sizeof *plan->order),
                   .shard_start = dm_allocate((size_t)pairs + 1, sizeof *plan->shard_start)};
    for (int i = 0; i < pairs; i++) plan->order[i] = i;
    if (budget->epoch) shuffle(plan->order, pairs, budget, SHUFFLE_PAIRS);
    sort_by(corpus->source_length, plan->order, pairs);
    sort_by(corpus->target_length, plan->order, pairs);
    plan->shards = cut(plan->shard_start, plan->order, pairs, corpus->target_length, shard_words);
    if (budget->epoch) shuffle_shards(plan, pairs, budget);
    deal(plan, corpus->target_length, update_words);
}

void dm_plan_free(Plan *plan)
{
    free(plan->order);
    free(plan->shard_start);
    free(plan->update_start);
    *plan = (Plan){0};
}
