// Arena: what is taken stays apart and in place; what is released is handed out again.
#include "test.h"

#include <stdint.h>

#include "core/arena.h"

static void what_is_taken_is_aligned_and_apart(void)
{
    enum { PIECES = 2000 };
    Arena arena = {0};
    static unsigned char *piece[PIECES];
    static size_t size[PIECES];
    for (int i = 0; i < PIECES; i++) {
        size[i] = i % 97 == 0 ? 300000 : (size_t)(i * 7 % 1000);
        piece[i] = dm_arena_take(&arena, size[i]);
        CU_ASSERT_EQUAL((uintptr_t)piece[i] % 64, 0);
        memset(piece[i], i % 251, size[i]);
    }
    int overwritten = 0;
    for (int i = 0; i < PIECES; i++)
        for (size_t at = 0; at < size[i]; at++) overwritten += piece[i][at] != i % 251;
    CU_ASSERT_EQUAL(overwritten, 0);
    dm_arena_destroy(&arena);
    CU_ASSERT(!arena.first && !arena.current);
}

static void release_gives_the_same_memory_again_and_keeps_what_was_before(void)
{
    Arena arena = {0};
    char *kept = dm_arena_take(&arena, 100);
    strcpy(kept, "kept");
    ArenaMark mark = dm_arena_mark(&arena);
    void *first = dm_arena_take(&arena, 1000), *far = dm_arena_take(&arena, 3 << 20), *last = dm_arena_take(&arena, 10);
    for (int round = 0; round < 3; round++) {
        dm_arena_release(&arena, mark);
        CU_ASSERT_PTR_EQUAL(dm_arena_take(&arena, 1000), first);
        CU_ASSERT_PTR_EQUAL(dm_arena_take(&arena, 3 << 20), far);
        CU_ASSERT_PTR_EQUAL(dm_arena_take(&arena, 10), last);
    }
    CU_ASSERT_STRING_EQUAL(kept, "kept");
    dm_arena_destroy(&arena);
}

static void marks_nest_across_blocks(void)
{
    Arena arena = {0};
    unsigned char *outer = dm_arena_take(&arena, 900000);
    memset(outer, 1, 900000);
    ArenaMark first = dm_arena_mark(&arena);
    unsigned char *middle = dm_arena_take(&arena, 900000);  // a second block
    memset(middle, 2, 900000);
    ArenaMark second = dm_arena_mark(&arena);
    memset(dm_arena_take(&arena, 900000), 3, 900000);  // a third
    dm_arena_release(&arena, second);
    memset(dm_arena_take(&arena, 2000000), 4, 2000000);
    CU_ASSERT(middle[0] == 2 && middle[899999] == 2);
    dm_arena_release(&arena, first);
    CU_ASSERT_PTR_EQUAL(dm_arena_take(&arena, 900000), middle);
    CU_ASSERT(outer[0] == 1 && outer[899999] == 1);
    dm_arena_destroy(&arena);
}

static void a_second_round_takes_no_new_memory(void)
{
    Arena arena = {0};
    void *taken[100];
    for (int i = 0; i < 100; i++) taken[i] = dm_arena_take(&arena, 100000);
    for (int round = 0; round < 3; round++) {
        dm_arena_reset(&arena);
        int moved = 0;
        for (int i = 0; i < 100; i++) moved += dm_arena_take(&arena, 100000) != taken[i];
        CU_ASSERT_EQUAL(moved, 0);
    }
    dm_arena_destroy(&arena);
}

static void an_empty_arena_can_be_marked_released_and_destroyed(void)
{
    Arena arena = {0};
    ArenaMark mark = dm_arena_mark(&arena);
    dm_arena_release(&arena, mark);
    dm_arena_reset(&arena);
    void *first = dm_arena_take(&arena, 10);
    dm_arena_release(&arena, mark);
    CU_ASSERT_PTR_EQUAL(dm_arena_take(&arena, 10), first);
    dm_arena_destroy(&arena);
    dm_arena_destroy(&arena);
}

const Fact facts[] = {
    FACT(what_is_taken_is_aligned_and_apart),
    FACT(release_gives_the_same_memory_again_and_keeps_what_was_before),
    FACT(marks_nest_across_blocks),
    FACT(a_second_round_takes_no_new_memory),
    FACT(an_empty_arena_can_be_marked_released_and_destroyed),
    {NULL, NULL},
};
