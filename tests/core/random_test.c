// Random numbers: the vectors that are published with Philox, and the distributions made from it.
#include "test.h"

#include <math.h>

#include "core/error.h"
#include "core/random.h"

// Philox4x32-10 known-answer vectors of Random123 (Salmon et al. 2011).
static void philox_gives_the_published_words(void)
{
    static const struct {
        uint32_t counter[4], key[2], words[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        uint32_t words[4];
        dm_philox(cases[i].key, cases[i].counter, words);
        CU_ASSERT(memcmp(words, cases[i].words, sizeof words) == 0);
    }
}

static void a_stream_is_named_by_seed_and_place(void)
{
    static const struct {
        uint64_t seed;
        uint32_t a, b, c;
    } cases[] = {{1, 2, 3, 4}, {2, 2, 3, 4}, {1 + (1ull << 32), 2, 3, 4}, {1, 3, 3, 4}, {1, 2, 4, 4}, {1, 2, 3, 5}};
    uint64_t first[DM_COUNT(cases)];
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Random random = dm_random(cases[i].seed, cases[i].a, cases[i].b, cases[i].c), again = random;
        first[i] = (uint64_t)dm_random_next(&random) << 32 | dm_random_next(&random);
        CU_ASSERT_EQUAL(dm_random_next(&again), first[i] >> 32);
        for (size_t j = 0; j < i; j++) CU_ASSERT(first[i] != first[j]);
    }
}

// Of n draws with p each, the deviation of a count is sqrt(n p (1-p)); these streams stay within 5 of them.
static void below_is_even(void)
{
    enum { N = 7, DRAWS = 70000 };
    int count[N] = {0};
    Random random = dm_random(1, 0, 0, 0);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t value = dm_random_below(&random, N);
        CU_ASSERT_FATAL(value < N);
        count[value]++;
    }
    double deviation = sqrt(DRAWS * (1.0 / N) * (1 - 1.0 / N));
    for (int i = 0; i < N; i++) CU_ASSERT(fabs(count[i] - (double)DRAWS / N) < 5 * deviation);
    CU_ASSERT_EQUAL(dm_random_below(&random, 1), 0);
    int high = 0;  // a range that 2^64 is no multiple of: without rejection, its lower half would come twice as often
    for (int i = 0; i < 10000; i++) high += dm_random_below(&random, 3ull << 62) >= 3ull << 61;
    CU_ASSERT(abs(high - 5000) < 250);
}

static void uniform_and_normal_have_their_moments(void)
{
    enum { DRAWS = 100000 };
    Random random = dm_random(1, 0, 0, 1);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double value = dm_random_uniform(&random);
        CU_ASSERT_FATAL(value >= 0 && value < 1);
        sum += value, squares += value * value;
    }
    CU_ASSERT(fabs(sum / DRAWS - 0.5) < 5 * sqrt(1.0 / 12 / DRAWS));
    CU_ASSERT(fabs(squares / DRAWS - 1.0 / 3) < 5 * sqrt(4.0 / 45 / DRAWS));
    sum = squares = 0;
    double fourth = 0;
    for (int i = 0; i < DRAWS; i++) {
        double value = dm_random_normal(&random), square = value * value;
        CU_ASSERT_FATAL(isfinite(value));
        sum += value, squares += square, fourth += square * square;
    }
    CU_ASSERT(fabs(sum / DRAWS) < 5 * sqrt(1.0 / DRAWS));
    CU_ASSERT(fabs(squares / DRAWS - 1) < 5 * sqrt(2.0 / DRAWS));
    CU_ASSERT(fabs(fourth / DRAWS - 3) < 5 * sqrt(96.0 / DRAWS));
}

const Fact facts[] = {
    FACT(philox_gives_the_published_words),
    FACT(a_stream_is_named_by_seed_and_place),
    FACT(below_is_even),
    FACT(uniform_and_normal_have_their_moments),
    {NULL, NULL},
};
