// Sequences of ids: copied and counted, and shifted by one for teacher forcing.
#include "tensor/tokens.h"

#include "test.h"

static bool are(const int *got, const int *wanted, int n)
{
    return memcmp(got, wanted, (size_t)n * sizeof(int)) == 0;
}

static void tokens_are_copied_and_counted(void)
{
    Arena arena = {0};
    int lengths[] = {2, 0, 3}, ids[] = {7, 8, 4, 5, 6};
    const Tokens t = dm_tokens(&arena, 3, lengths, ids);
    CU_ASSERT_EQUAL(t.n, 5);
    CU_ASSERT_EQUAL(t.spans.n, 3);
    CU_ASSERT(are(t.positions, (int[]){0, 1, 0, 1, 2}, 5));
    CU_ASSERT(are(t.spans.start, (int[]){0, 2, 2}, 3));
    for (int i = 0; i < 5; i++) ids[i] = -1;
    for (int i = 0; i < 3; i++) lengths[i] = -1;
    CU_ASSERT(are(t.ids, (int[]){7, 8, 4, 5, 6}, 5));
    CU_ASSERT(are(t.spans.length, (int[]){2, 0, 3}, 3));
    dm_arena_destroy(&arena);
}

static void there_may_be_none(void)
{
    Arena arena = {0};
    const Tokens none = dm_tokens(&arena, 0, NULL, NULL), empty = dm_tokens(&arena, 2, (int[]){0, 0}, NULL);
    CU_ASSERT(none.n == 0 && none.spans.n == 0 && dm_longest(none.spans) == 0);
    CU_ASSERT(empty.n == 0 && empty.spans.n == 2 && dm_longest(empty.spans) == 0);
    CU_ASSERT(dm_shifted(&arena, empty, 9).n == 0);
    dm_arena_destroy(&arena);
}

// Every sequence by itself: neither does the last piece of one stand before the first of the next, nor does an empty
// one begin.
static void every_row_reads_what_stands_before_the_piece_that_it_is_to_predict(void)
{
    enum { START = 99 };
    Arena arena = {0};
    const int lengths[] = {3, 1, 0, 2}, ids[] = {5, 6, 0, 0, 7, 0};
    const Tokens written = dm_tokens(&arena, 4, lengths, ids), read = dm_shifted(&arena, written, START);
    CU_ASSERT_EQUAL(read.n, 6);
    CU_ASSERT(are(read.ids, (int[]){START, 5, 6, START, START, 7}, 6));
    CU_ASSERT(are(read.positions, (int[]){0, 1, 2, 0, 0, 1}, 6));
    CU_ASSERT_EQUAL(read.spans.n, 4);
    CU_ASSERT(are(read.spans.start, (int[]){0, 3, 4, 4}, 4));
    CU_ASSERT(are(read.spans.length, lengths, 4));
    CU_ASSERT(are(written.ids, ids, 6));
    dm_arena_destroy(&arena);
}

static void mixtures_are_shifted_along(void)
{
    enum { START = 99 };
    Arena arena = {0};
    const int lengths[] = {2, 1}, ids[] = {5, 6, 7};
    Tokens written = dm_tokens(&arena, 2, lengths, ids);
    written.mixture = &(Mixture){2, (int[]){5, 8, 6, 8, 7, 8}, (float[]){0.25f, 0.75f, 0, 1, 1, 0}};
    const Tokens read = dm_shifted(&arena, written, START);
    const float *shares = read.mixture->shares, wanted[] = {1, 0, 0.25f, 0.75f, 1, 0};
    CU_ASSERT_EQUAL(read.mixture->most, 2);
    for (int i = 0; i < 6; i++) CU_ASSERT(shares[i] >= wanted[i] && shares[i] <= wanted[i]);
    CU_ASSERT(read.mixture->ids[0] == START && read.mixture->ids[4] == START);
    CU_ASSERT(are(read.mixture->ids + 2, (int[]){5, 8}, 2));
    dm_arena_destroy(&arena);
}

static void the_longest_is_found_wherever_it_stands(void)
{
    Arena arena = {0};
    const int ids[7] = {0};
    for (int at = 0; at < 3; at++) {
        int lengths[] = {2, 2, 2};
        lengths[at] = 3;
        CU_ASSERT_EQUAL(dm_longest(dm_tokens(&arena, 3, lengths, ids).spans), 3);
    }
    dm_arena_destroy(&arena);
}

const Fact facts[] = {
    FACT(tokens_are_copied_and_counted),
    FACT(there_may_be_none),
    FACT(every_row_reads_what_stands_before_the_piece_that_it_is_to_predict),
    FACT(mixtures_are_shifted_along),
    FACT(the_longest_is_found_wherever_it_stands),
    {NULL, NULL},
};
