// Padding put in on purpose: which sentences become how long, and that nothing else becomes of them.
#include "bench/padding.h"

#include "core/memory.h"
#include "test.h"

enum { PAD = 99 };

static void groups_are_filled_up_to_their_longest(void)
{
    for (int least = 0; least <= 5; least += 5) {
        int ids[] = {1, 2, 3, 0, 4, 0, 5, 6, 7, 0, 8, 0, 9, 10, 0, 0};
        size_t source[] = {0, 6, 12}, target[] = {4, 10, 15};
        int source_length[] = {4, 4, 3}, target_length[] = {2, 2, 1};
        Corpus c = {.pairs = 3,
                    .ids = dm_allocate(DM_COUNT(ids), sizeof(int)),
                    .source = source,
                    .target = target,
                    .source_length = source_length,
                    .target_length = target_length};
        memcpy(c.ids, ids, sizeof ids);
        const int order[] = {2, 0, 1}, start[] = {0, 2, 3};
        CU_ASSERT_EQUAL(dm_padded_length(c.target_length, order, 2, least), least ? 5 : 2);
        dm_pad_corpus(&c, order, start, 2, least, PAD);
        static const int wanted_source[3][5] = {{1, 2, 3, 0, PAD}, {5, 6, 7, 0, PAD}, {9, 10, 0, PAD, PAD}},
                         wanted_target[3][5] = {{4, 0, PAD, PAD, PAD}, {8, 0, PAD, PAD, PAD}, {0, PAD, PAD, PAD, PAD}};
        for (int i = 0; i < 3; i++) {
            CU_ASSERT_EQUAL_FATAL(c.source_length[i], least ? 5 : 4);
            CU_ASSERT_EQUAL_FATAL(c.target_length[i], least ? 5 : 2);
            CU_ASSERT_FALSE(memcmp(c.ids + c.source[i], wanted_source[i], (size_t)c.source_length[i] * sizeof(int)));
            CU_ASSERT_FALSE(memcmp(c.ids + c.target[i], wanted_target[i], (size_t)c.target_length[i] * sizeof(int)));
        }
        dm_free(c.ids);
    }
}

const Fact facts[] = {
    FACT(groups_are_filled_up_to_their_longest),
    {NULL, NULL},
};
