// Facts about the plan of an epoch: every pair once, budgets kept, the same every time.
#include <math.h>

#include "test.h"

#include "core/random.h"
#include "data/corpus.h"

enum { PAIRS = 5000 };
static int source_length[PAIRS], target_length[PAIRS];

// A corpus of lengths alone: the plan looks at nothing else.
static Corpus lengths(int pairs, int longest)
{
    Random random = dm_random(7, 0, 0, 0);
    for (int i = 0; i < pairs; i++) {
        source_length[i] = 1 + (int)dm_random_below(&random, (uint64_t)longest);
        target_length[i] = 1 + (int)dm_random_below(&random, (uint64_t)longest);
    }
    return (Corpus){.pairs = pairs, .source_length = source_length, .target_length = target_length};
}

static Plan planned(const Corpus *corpus, PlanBudget budget)
{
    Plan plan;
    dm_plan_make(&plan, corpus, &budget);
    return plan;
}

static int words(const Plan *plan, int shard)
{
    int sum = 0;
    for (int i = plan->shard_start[shard]; i < plan->shard_start[shard + 1]; i++) sum += target_length[plan->order[i]];
    return sum;
}

static int update_words(const Plan *plan, int update)
{
    int sum = 0;
    for (int s = plan->update_start[update]; s < plan->update_start[update + 1]; s++) sum += words(plan, s);
    return sum;
}

static bool same(const Plan *a, const Plan *b, int pairs)
{
    return a->shards == b->shards && a->updates == b->updates &&
           memcmp(a->order, b->order, (size_t)pairs * sizeof(int)) == 0 &&
           memcmp(a->shard_start, b->shard_start, ((size_t)a->shards + 1) * sizeof(int)) == 0 &&
           memcmp(a->update_start, b->update_start, ((size_t)a->updates + 1) * sizeof(int)) == 0;
}

static void every_pair_comes_exactly_once_an_epoch(void)
{
    Corpus corpus = lengths(PAIRS, 40);
    for (uint32_t epoch = 0; epoch < 4; epoch++) {
        Plan plan = planned(&corpus, (PlanBudget){1, epoch, 512, 4096, 1});
        static int seen[PAIRS];
        memset(seen, 0, sizeof seen);
        for (int i = 0; i < PAIRS; i++) seen[plan.order[i]]++;
        int once = 0;
        for (int i = 0; i < PAIRS; i++) once += seen[i] == 1;
        CU_ASSERT_EQUAL(once, PAIRS);
        dm_plan_free(&plan);
    }
}

static void shards_and_updates_follow_one_another_without_a_gap(void)
{
    Corpus corpus = lengths(PAIRS, 40);
    Plan plan = planned(&corpus, (PlanBudget){1, 3, 300, 2000, 1});
    CU_ASSERT_EQUAL(plan.shard_start[0], 0);
    CU_ASSERT_EQUAL(plan.shard_start[plan.shards], PAIRS);
    CU_ASSERT_EQUAL(plan.update_start[0], 0);
    CU_ASSERT_EQUAL(plan.update_start[plan.updates], plan.shards);
    int empty = 0;
    for (int s = 0; s < plan.shards; s++) empty += plan.shard_start[s] >= plan.shard_start[s + 1];
    for (int u = 0; u < plan.updates; u++) empty += plan.update_start[u] >= plan.update_start[u + 1];
    CU_ASSERT_EQUAL(empty, 0);
    dm_plan_free(&plan);
}

// 4,096 in shards of at most 480 are 9, with four lanes 12; a shard is equal to the others but for the rest of a
// sentence.
static void shards_of_an_update_are_equal_and_a_multiple_of_the_lanes(void)
{
    Corpus corpus = lengths(PAIRS, 40);
    static const int cases[][2] = {{1, 9}, {4, 12}, {9, 9}, {16, 9}};  // lanes, shards
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Plan plan = planned(&corpus, (PlanBudget){1, 1, 480, 4096, cases[i][0]});
        const double share = 4096. / cases[i][1];
        for (int s = 0; s < plan.shards; s++) CU_ASSERT(fabs(words(&plan, s) - share) <= 40 + 0.01 * share);
        for (int u = 0; u < plan.updates; u++)
            CU_ASSERT_EQUAL(plan.update_start[u + 1] - plan.update_start[u], cases[i][1]);
        dm_plan_free(&plan);
    }
}

static void a_sentence_longer_than_a_shard_is_a_shard_of_its_own(void)
{
    Corpus corpus = lengths(100, 10);
    target_length[50] = 1000;
    Plan plan = planned(&corpus, (PlanBudget){1, 1, 64, 256, 1});
    int alone = 0;
    for (int s = 0; s < plan.shards; s++) {
        alone += plan.order[plan.shard_start[s]] == 50 && plan.shard_start[s + 1] - plan.shard_start[s] == 1;
        CU_ASSERT(words(&plan, s) <= 64 + 10 || plan.order[plan.shard_start[s]] == 50);
    }
    CU_ASSERT_EQUAL(alone, 1);
    dm_plan_free(&plan);
}

static void updates_come_close_to_their_budget(void)
{
    Corpus corpus = lengths(PAIRS, 40);
    for (int budget = 1000; budget <= 16000; budget += 777) {
        Plan plan = planned(&corpus, (PlanBudget){5, 2, 500, budget, 1});
        int64_t total = 0;
        for (int i = 0; i < PAIRS; i++) total += target_length[i];
        double share = (double)total / plan.updates;
        CU_ASSERT(share > budget * 2 / 3. && share < budget * 1.5);
        for (int u = 0; u < plan.updates; u++) {  // the last one too
            CU_ASSERT(update_words(&plan, u) >= share - 500);
            CU_ASSERT(update_words(&plan, u) <= share + 500);
        }
        dm_plan_free(&plan);
    }
}

// One pair in ten fills ten shards: an update with many of these gets fewer of the others.
static void long_pairs_count_for_the_shards_that_they_fill(void)
{
    Corpus corpus = lengths(PAIRS, 10);
    for (int i = 0; i < PAIRS; i += 10) target_length[i] = 1000;
    Plan plan = planned(&corpus, (PlanBudget){1, 1, 100, 10000, 1});
    int64_t total = 0;
    for (int i = 0; i < PAIRS; i++) total += target_length[i];
    for (int u = 0; u < plan.updates; u++)
        CU_ASSERT(fabs(update_words(&plan, u) - (double)total / plan.updates) <= 1000 + 200);
    dm_plan_free(&plan);
}

static void a_corpus_smaller_than_the_budget_is_one_update(void)
{
    Corpus corpus = lengths(50, 10);
    Plan plan = planned(&corpus, (PlanBudget){1, 1, 100, 1000000, 1});
    CU_ASSERT_EQUAL(plan.updates, 1);
    CU_ASSERT(plan.shards > 1);
    dm_plan_free(&plan);
    plan = planned(&corpus, (PlanBudget){1, 1, 1000, 1, 1});  // and every update has a sentence
    CU_ASSERT_EQUAL(plan.updates, plan.shards);
    dm_plan_free(&plan);
}

static void updates_are_rounded_to_the_nearest_number(void)
{
    Corpus corpus = lengths(100, 1);
    static const int cases[][2] = {{201, 1}, {101, 1}, {99, 1}, {68, 1}, {66, 2}, {41, 2}, {39, 3}};  // budget, updates
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Plan plan = planned(&corpus, (PlanBudget){1, 1, 1, cases[i][0], 1});
        CU_ASSERT_EQUAL(plan.updates, cases[i][1]);
        dm_plan_free(&plan);
    }
}

// Each of the six orders of three pairs comes a hundred times in 600, give or take five deviations.
static void all_orders_are_as_likely(void)
{
    Corpus corpus = lengths(3, 1);
    int times[9] = {0};
    for (uint32_t epoch = 1; epoch <= 600; epoch++) {
        Plan plan = planned(&corpus, (PlanBudget){1, epoch, 100, 100, 1});  // one shard: the shuffle of the pairs alone
        times[plan.order[0] * 3 + plan.order[1]]++;
        dm_plan_free(&plan);
    }
    for (int i = 0; i < 9; i++)
        if (i % 4) CU_ASSERT(times[i] > 54 && times[i] < 146);
}

static void sentences_of_a_shard_are_alike(void)
{
    Corpus corpus = lengths(PAIRS, 40);
    Plan plan = planned(&corpus, (PlanBudget){1, 1, 500, 4000, 1});
    int unlike = 0, unsorted = 0;
    for (int s = 0; s < plan.shards; s++) {
        const int *pair = plan.order + plan.shard_start[s];
        int count = plan.shard_start[s + 1] - plan.shard_start[s];
        unlike += target_length[pair[count - 1]] - target_length[pair[0]] > 2;
        for (int i = 1; i < count; i++)
            unsorted += target_length[pair[i]] == target_length[pair[i - 1]] &&
                        source_length[pair[i]] < source_length[pair[i - 1]];
    }
    CU_ASSERT(unlike <= 2);  // where one-word sentences end the first shards reach further
    CU_ASSERT_EQUAL(unsorted, 0);
    dm_plan_free(&plan);
}

static void the_same_seed_and_epoch_give_the_same_plan(void)
{
    Corpus corpus = lengths(PAIRS, 40);
    Plan plan = planned(&corpus, (PlanBudget){1, 2, 512, 4096, 1}),
         again = planned(&corpus, (PlanBudget){1, 2, 512, 4096, 1});
    CU_ASSERT(same(&plan, &again, PAIRS));
    dm_plan_free(&again);
    const PlanBudget others[] = {{1, 3, 512, 4096, 1}, {2, 2, 512, 4096, 1}, {1ull << 32 | 1, 2, 512, 4096, 1}};
    for (size_t i = 0; i < DM_COUNT(others); i++) {
        Plan other = planned(&corpus, others[i]);
        int moved = 0;
        for (int k = 0; k < PAIRS; k++) moved += plan.order[k] != other.order[k];
        CU_ASSERT(moved > PAIRS * 9 / 10);
        dm_plan_free(&other);
    }
    dm_plan_free(&plan);
}

// Both shuffles count: which sentences share a shard changes from epoch to epoch, and so does the order of shards.
static void sentences_meet_others_in_the_next_epoch(void)
{
    Corpus corpus = lengths(PAIRS, 1);  // all alike: the sort says nothing
    Plan plan = planned(&corpus, (PlanBudget){1, 1, 10, 100, 1}),
         next = planned(&corpus, (PlanBudget){1, 2, 10, 100, 1});
    static int shard_then[PAIRS];
    for (int i = 0; i < PAIRS; i++) shard_then[plan.order[i]] = i / 10;
    int together = 0;
    for (int i = 0; i + 1 < PAIRS; i += 10) together += shard_then[next.order[i]] == shard_then[next.order[i + 1]];
    CU_ASSERT(together < 20);
    dm_plan_free(&plan);
    dm_plan_free(&next);
}

static void long_and_short_shards_are_mixed(void)
{
    Corpus corpus = lengths(PAIRS, 40);
    Plan plan = planned(&corpus, (PlanBudget){1, 1, 500, 4000, 1});
    int rising = 0;
    for (int s = 1; s < plan.shards; s++)
        rising += target_length[plan.order[plan.shard_start[s]]] > target_length[plan.order[plan.shard_start[s - 1]]];
    CU_ASSERT(rising > plan.shards / 4 && rising < plan.shards * 3 / 4);
    dm_plan_free(&plan);
}

static void without_an_epoch_pairs_are_sorted_by_length(void)
{
    Corpus corpus = lengths(PAIRS, 40);
    Plan plan = planned(&corpus, (PlanBudget){1, 0, 500, 4000, 1});
    int falling = 0;
    for (int i = 1; i < PAIRS; i++) {
        int before = plan.order[i - 1], here = plan.order[i];
        int target = target_length[here] - target_length[before], source = source_length[here] - source_length[before];
        falling += target < 0 || (target == 0 && (source < 0 || (source == 0 && here < before)));
    }
    CU_ASSERT_EQUAL(falling, 0);
    dm_plan_free(&plan);
}

static void no_pairs_are_no_work(void)
{
    Corpus corpus = {0};
    Plan plan = planned(&corpus, (PlanBudget){1, 1, 500, 4000, 1});
    CU_ASSERT_EQUAL(plan.shards, 0);
    CU_ASSERT_EQUAL(plan.updates, 0);
    dm_plan_free(&plan);
}

const Fact facts[] = {FACT(every_pair_comes_exactly_once_an_epoch),
                      FACT(shards_and_updates_follow_one_another_without_a_gap),
                      FACT(shards_of_an_update_are_equal_and_a_multiple_of_the_lanes),
                      FACT(a_sentence_longer_than_a_shard_is_a_shard_of_its_own),
                      FACT(updates_come_close_to_their_budget),
                      FACT(long_pairs_count_for_the_shards_that_they_fill),
                      FACT(a_corpus_smaller_than_the_budget_is_one_update),
                      FACT(updates_are_rounded_to_the_nearest_number),
                      FACT(all_orders_are_as_likely),
                      FACT(sentences_of_a_shard_are_alike),
                      FACT(the_same_seed_and_epoch_give_the_same_plan),
                      FACT(sentences_meet_others_in_the_next_epoch),
                      FACT(long_and_short_shards_are_mixed),
                      FACT(without_an_epoch_pairs_are_sorted_by_length),
                      FACT(no_pairs_are_no_work),
                      {NULL, NULL}};
