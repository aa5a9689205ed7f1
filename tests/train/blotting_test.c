// Which pieces are blotted out, and how many.
#include "train/blotting.h"

#include <math.h>

#include "core/memory.h"
#include "tensor/check.h"
#include "test.h"

enum { SENTENCES = 400, LENGTH = 20, ROWS = SENTENCES * LENGTH };

static int lengths[SENTENCES], ids[ROWS];

static Tokens text(Arena *arena)
{
    for (int i = 0; i < SENTENCES; i++) lengths[i] = LENGTH;
    return dm_tokens(arena, SENTENCES, lengths, ids);
}

static int gone(Tokens tokens, int first, int end)
{
    int count = 0;
    for (int i = first; i < end; i++) count += tokens.mixture->shares[i] <= 0;
    return count;
}

static void about(int count, double rate, int of, const char *what)
{
    expect(fabs(count - rate * of) < 5 * sqrt(rate * of), "%s: %d of %d are gone", what, count, of);
}

static void words_go_on_both_sides_and_in_both_copies(void)
{
    Arena arena = {0};
    const Blotting how = {.words = {0.2f, 0.3f}, .seed = 3};
    const Tokens source = dm_blotted(&arena, &how, text(&arena), DM_SOURCE, 1, 2, 2),
                 target = dm_blotted(&arena, &how, text(&arena), DM_TARGET, 1, 2, 2);
    about(gone(source, 0, ROWS), 0.2, ROWS, "source");
    about(gone(target, 0, ROWS), 0.3, ROWS - SENTENCES, "target");
    for (int s = 0; s < SENTENCES; s++) CU_ASSERT(target.mixture->shares[s * LENGTH] > 0);
    const Tokens again = dm_blotted(&arena, &how, text(&arena), DM_SOURCE, 1, 2, 2),
                 other = dm_blotted(&arena, &how, text(&arena), DM_SOURCE, 1, 3, 2);
    CU_ASSERT(!memcmp(again.mixture->shares, source.mixture->shares, ROWS * sizeof(float)));
    CU_ASSERT(memcmp(other.mixture->shares, source.mixture->shares, ROWS * sizeof(float)) != 0);
    dm_arena_destroy(&arena);
}

static void the_second_copy_alone_is_cut(void)
{
    Arena arena = {0};
    for (int kind = 0; kind < 2; kind++) {
        const Blotting how = {.cutoff = 0.25f, .kind = kind ? DM_CUTOFF_SPAN : DM_CUTOFF_TOKENS, .seed = 3};
        const Tokens target = dm_blotted(&arena, &how, text(&arena), DM_TARGET, 1, 2, 2);
        CU_ASSERT_EQUAL(gone(target, 0, ROWS / 2), 0);
        about(gone(target, ROWS / 2, ROWS), 0.25, (ROWS - SENTENCES) / 2, kind ? "span" : "token");
        CU_ASSERT_PTR_NULL(dm_blotted(&arena, &how, text(&arena), DM_TARGET, 1, 2, 1).mixture);
    }
    dm_arena_destroy(&arena);
}

// Of 19 words a quarter is 5, wherever it begins.
static void a_span_hangs_together(void)
{
    Arena arena = {0};
    const Blotting how = {.cutoff = 0.25f, .kind = DM_CUTOFF_SPAN, .seed = 4};
    const Tokens target = dm_blotted(&arena, &how, text(&arena), DM_TARGET, 7, 0, 2);
    int starts[LENGTH] = {0};
    for (int s = SENTENCES / 2; s < SENTENCES; s++) {
        int edges = 0, start = 0;
        const float *shares = target.mixture->shares + s * LENGTH;
        CU_ASSERT_EQUAL(gone(target, s * LENGTH, (s + 1) * LENGTH), 5);
        for (int j = 1; j < LENGTH; j++)
            if ((shares[j] > 0) != (shares[j - 1] > 0) && edges++ == 0) start = j;
        CU_ASSERT(edges == 2 || (edges == 1 && start == LENGTH - 5));
        starts[start]++;
    }
    for (int j = 1; j <= LENGTH - 5; j++) CU_ASSERT(starts[j] > 0);
    dm_arena_destroy(&arena);
}

static void of_short_sentences_nothing_is_cut_that_is_not_there(void)
{
    Arena arena = {0};
    const int few[] = {1, 2, 1, 2};
    for (int kind = 0; kind < 2; kind++) {
        const Blotting how = {.cutoff = 0.95f, .kind = kind ? DM_CUTOFF_SPAN : DM_CUTOFF_TOKENS, .seed = 4};
        const Tokens target = dm_blotted(&arena, &how, dm_tokens(&arena, 4, few, ids), DM_TARGET, 7, 0, 2);
        CU_ASSERT(target.mixture->shares[3] > 0 && target.mixture->shares[4] > 0);
        CU_ASSERT_EQUAL(gone(target, 0, 3), 0);
    }
    dm_arena_destroy(&arena);
}

const Fact facts[] = {FACT(words_go_on_both_sides_and_in_both_copies),
                      FACT(the_second_copy_alone_is_cut),
                      FACT(a_span_hangs_together),
                      FACT(of_short_sentences_nothing_is_cut_that_is_not_there),
                      {NULL, NULL}};
