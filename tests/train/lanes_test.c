// The sum of the lanes: as a tree over their numbers, to the bit, of the stretch that is asked for.
#include "train/lanes.h"

#include "core/random.h"
#include "test.h"

static void fill(const Lanes *lanes, uint64_t seed)
{
    for (int i = lanes->first; i < lanes->last; i++) {
        Random random = dm_random(seed, 0, (uint32_t)i, 0);
        for (size_t j = 0; j < lanes->size; j++) lanes->lane[i][j] = (float)dm_random_normal(&random);
    }
}

static void new_lanes_are_zero(void)
{
    Lanes lanes;
    dm_lanes_create(&lanes, 3, 0, 1, 100);
    CU_ASSERT(lanes.count == 3 && lanes.size == 100);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 100; j++) CU_ASSERT_EQUAL(lanes.lane[i][j], 0);
    dm_lanes_free(&lanes);
    CU_ASSERT(lanes.count == 0 && lanes.lane == NULL);
}

// The formula of lanes.h, for one number of each lane.
static float tree(const float *x, int count)
{
    if (count == 1) return x[0];
    int half = 1;
    while (2 * half < count) half *= 2;
    return tree(x, half) + tree(x + half, count - half);
}

// 2^24 + 1 is 2^24 in float32, and 1 + 1 is 2: of four lanes and of three plus one more, no two orders are equal here.
static void lanes_are_added_as_a_tree_over_their_numbers(void)
{
    static const float numbers[5] = {16777216, 1, 1, 1, -16777216};
    static const float sums[6] = {0, 16777216, 16777216, 16777216, 16777218, 2};
    for (int count = 1; count <= 5; count++) {
        Lanes lanes;
        dm_lanes_create(&lanes, count, 0, 1, 37);
        for (int i = 0; i < count; i++)
            for (size_t j = 0; j < lanes.size; j++) lanes.lane[i][j] = numbers[i];
        dm_lanes_sum(&lanes, 0, lanes.size);
        for (size_t j = 0; j < lanes.size; j++) CU_ASSERT_EQUAL(lanes.lane[0][j], sums[count]);
        dm_lanes_free(&lanes);
    }
}

static void the_first_lane_gets_the_sum_and_the_others_are_cleared(void)
{
    enum { SIZE = 2503, MOST = 17 };
    for (int count = 1; count <= MOST; count++) {
        Lanes lanes;
        static float wanted[SIZE];
        dm_lanes_create(&lanes, count, 0, 1, SIZE);
        fill(&lanes, 6);
        for (size_t j = 0; j < SIZE; j++) {
            float numbers[MOST];
            for (int i = 0; i < count; i++) numbers[i] = lanes.lane[i][j];
            wanted[j] = tree(numbers, count);
        }
        dm_lanes_sum(&lanes, 0, SIZE);
        CU_ASSERT(memcmp(lanes.lane[0], wanted, sizeof wanted) == 0);
        for (int i = 1; i < count; i++)
            for (size_t j = 0; j < SIZE; j++)
                if (lanes.lane[i][j] != 0) CU_FAIL("a gradient was left");
        dm_lanes_free(&lanes);
    }
}

// Threads sum a stretch each: together the same bytes as one sum, and each leaves all else alone.
static void a_stretch_is_summed_by_itself(void)
{
    enum { SIZE = 3000, FROM = 123, N = 1277, LANES = 6 };
    Lanes whole, parts;
    dm_lanes_create(&whole, LANES, 0, 1, SIZE);
    dm_lanes_create(&parts, LANES, 0, 1, SIZE);
    fill(&whole, 8), fill(&parts, 8);
    dm_lanes_sum(&parts, FROM, N);
    for (int i = 0; i < LANES; i++)
        for (size_t j = 0; j < SIZE; j++)
            if (j < FROM || j >= FROM + N) CU_ASSERT_EQUAL(parts.lane[i][j], whole.lane[i][j]);
    dm_lanes_sum(&whole, 0, SIZE);
    dm_lanes_sum(&parts, FROM + N, SIZE - FROM - N);
    dm_lanes_sum(&parts, 0, FROM);
    for (int i = 0; i < LANES; i++) CU_ASSERT(memcmp(whole.lane[i], parts.lane[i], SIZE * sizeof(float)) == 0);
    dm_lanes_free(&whole);
    dm_lanes_free(&parts);
}

// Each rank adds what lies among its lanes, and whoever gets these sums adds the rest.
static void ranks_add_to_the_same_bytes(void)
{
    enum { SIZE = 1100, MOST = 17 };
    for (int count = 1; count <= MOST; count++) {
        Lanes whole;
        dm_lanes_create(&whole, count, 0, 1, SIZE);
        fill(&whole, 9);
        dm_lanes_sum(&whole, 0, SIZE);
        for (int ranks = 1; ranks <= count; ranks++) {
            Lanes part[MOST];
            float *sum[MOST] = {NULL};
            int next = 0;
            for (int rank = 0; rank < ranks; rank++) {
                int roots[DM_MOST_SUBTREES];
                dm_lanes_create(&part[rank], count, rank, ranks, SIZE);
                CU_ASSERT_EQUAL_FATAL(part[rank].first, next);
                next = part[rank].last;
                fill(&part[rank], 9);
                dm_lanes_sum(&part[rank], 0, SIZE);
                const int subtrees = dm_lanes_subtrees(count, rank, ranks, roots);
                CU_ASSERT(subtrees > 0 && roots[0] == part[rank].first);
                for (int i = 0; i < subtrees; i++) sum[roots[i]] = part[rank].lane[roots[i]];
            }
            CU_ASSERT_EQUAL(next, count);
            dm_lanes_join(sum, count, ranks, SIZE);
            CU_ASSERT(memcmp(sum[0], whole.lane[0], SIZE * sizeof(float)) == 0);
            for (int rank = 0; rank < ranks; rank++) {
                for (int i = part[rank].first; i < part[rank].last; i++)
                    for (size_t j = 0; i && j < SIZE; j++)
                        if (part[rank].lane[i][j] != 0) CU_FAIL("a gradient was left");
                dm_lanes_free(&part[rank]);
            }
        }
        dm_lanes_free(&whole);
    }
}

const Fact facts[] = {
    FACT(new_lanes_are_zero),
    FACT(lanes_are_added_as_a_tree_over_their_numbers),
    FACT(the_first_lane_gets_the_sum_and_the_others_are_cleared),
    FACT(a_stretch_is_summed_by_itself),
    FACT(ranks_add_to_the_same_bytes),
    {NULL, NULL},
};
