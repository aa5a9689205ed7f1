// Examples: what a shard of a corpus is to a model, for every kind of example, and every sentence twice.
#include "data/examples.h"

#include "test.h"

enum { START = 29 };

static bool are(const int *got, const int *wanted, int n)
{
    return memcmp(got, wanted, (size_t)n * sizeof(int)) == 0;
}

// Four pairs; their sides lie in no order, as they might after filtering.
static int ids[] = {11, 0, 4, 5, 6, 0, 21, 22, 0, 7, 0, 0, 23, 24, 25, 0, 8, 9, 0, 0};
static size_t source[] = {2, 9, 11, 16}, target[] = {6, 0, 12, 19};
static int source_length[] = {4, 2, 1, 3}, target_length[] = {3, 2, 4, 1};
static int line[] = {1, 2, 5, 7};
static size_t places[] = {12, 2, 0, 9};  // of labels: some of the ids
static const Corpus corpus = {.pairs = 4,
                              .ids = ids,
                              .source = source,
                              .target = target,
                              .source_length = source_length,
                              .target_length = target_length,
                              .places = places,
                              .line = line};

// ---- Kinds ----------------------------------------------------------------------------------------------------------

static void pairs_are_sources_and_what_is_read_and_written_of_targets(const ExampleKind *kind)
{
    Arena arena = {0};
    const int order[] = {2, 0, 3};
    const Example e = kind->make(&arena, &corpus, order, 3, START);
    CU_ASSERT_EQUAL_FATAL(e.source.n, 8);
    CU_ASSERT_EQUAL_FATAL(e.read.n, 8);
    CU_ASSERT(are(e.source.ids, (int[]){0, 4, 5, 6, 0, 8, 9, 0}, 8));
    CU_ASSERT(e.source.spans.n == 3 && are(e.source.spans.length, (int[]){1, 4, 3}, 3));
    CU_ASSERT(are(e.written, (int[]){23, 24, 25, 0, 21, 22, 0, 0}, 8));
    CU_ASSERT(are(e.read.ids, (int[]){START, 23, 24, 25, START, 21, 22, START}, 8));
    CU_ASSERT(are(e.read.positions, (int[]){0, 1, 2, 3, 0, 1, 2, 0}, 8));
    CU_ASSERT(e.read.spans.n == 3 && are(e.read.spans.length, (int[]){4, 3, 1}, 3));
    CU_ASSERT_PTR_NULL(e.weights);
    dm_arena_destroy(&arena);
}

// The second line was too long, and was cut into three windows.
static void text_is_read_from_the_start_or_from_where_the_window_before_ended(const ExampleKind *kind)
{
    static int pieces[] = {11, 12, 0, 21, 22, 23, 24, 25, 26, 27, 0, 31, 0}, lines[] = {1, 2, 2, 2, 4},
               length[] = {3, 3, 3, 2, 2};
    static size_t first[] = {0, 3, 6, 9, 11};
    const Corpus text = {.pairs = 5, .ids = pieces, .target = first, .target_length = length, .line = lines};
    const int order[] = {2, 4, 1, 0, 3};
    Arena arena = {0};
    Example e = kind->make(&arena, &text, order, 5, START);
    CU_ASSERT_EQUAL_FATAL(e.read.n, 13);
    CU_ASSERT(e.source.n == 0 && e.source.spans.n == 5 && are(e.source.spans.length, (int[5]){0}, 5));
    CU_ASSERT(are(e.written, (int[]){24, 25, 26, 31, 0, 21, 22, 23, 11, 12, 0, 27, 0}, 13));
    CU_ASSERT(are(e.read.ids, (int[]){23, 24, 25, START, 31, START, 21, 22, START, 11, 12, 26, 27}, 13));
    CU_ASSERT(are(e.read.spans.length, (int[]){3, 2, 3, 3, 2}, 5));

    e = kind->make(&arena, &text, order, 5, -1);  // what there is no start for is read, and not predicted
    CU_ASSERT_EQUAL_FATAL(e.read.n, 10);
    CU_ASSERT(are(e.written, (int[]){24, 25, 26, 0, 22, 23, 12, 0, 27, 0}, 10));
    CU_ASSERT(are(e.read.ids, (int[]){23, 24, 25, 31, 21, 22, 11, 12, 26, 27}, 10));
    CU_ASSERT(are(e.read.spans.length, (int[]){3, 1, 2, 2, 2}, 5));
    dm_arena_destroy(&arena);
}

static void labels_are_written_at_the_places_that_are_read(const ExampleKind *kind)
{
    Arena arena = {0};
    const int order[] = {2, 0, 3};
    Example e = kind->make(&arena, &corpus, order, 3, START);
    CU_ASSERT_EQUAL_FATAL(e.source.n, 8);
    CU_ASSERT_EQUAL_FATAL(e.read.n, 8);
    CU_ASSERT(are(e.source.ids, (int[]){0, 4, 5, 6, 0, 8, 9, 0}, 8));
    CU_ASSERT(are(e.written, (int[]){23, 24, 25, 0, 21, 22, 0, 0}, 8));
    CU_ASSERT(are(e.read.ids, (int[]){11, 0, 4, 5, 23, 24, 25, 7}, 8));
    CU_ASSERT(e.read.spans.n == 3 && are(e.read.spans.length, (int[]){4, 3, 1}, 3));
    CU_ASSERT_PTR_NULL(e.weights);

    ids[7] = -1;  // a label that the model does not know
    e = kind->make(&arena, &corpus, order, 3, START);
    ids[7] = 22;
    CU_ASSERT_PTR_NOT_NULL_FATAL(e.weights);
    for (int i = 0; i < 8; i++) CU_ASSERT_EQUAL(e.weights[i], i == 5 ? 0 : 1);
    dm_arena_destroy(&arena);
}

// A pair whose source is predicted too is the text that both are, one behind the other.
static void joined_pairs_are_text_alone(const ExampleKind *kind)
{
    int pieces[32], length[4], lines[] = {1, 2, 3, 4}, used = 0;
    size_t first[4];
    for (int i = 0; i < 4; i++) {
        first[i] = (size_t)used;
        memcpy(pieces + used, ids + source[i], (size_t)source_length[i] * sizeof(int));
        memcpy(pieces + used + source_length[i], ids + target[i], (size_t)target_length[i] * sizeof(int));
        used += length[i] = source_length[i] + target_length[i];
    }
    const Corpus text = {.pairs = 4, .ids = pieces, .target = first, .target_length = length, .line = lines};
    const int order[] = {3, 0, 2, 1};
    Arena arena = {0};
    const Example got = kind->make(&arena, &corpus, order, 4, START),
                  wanted = dm_text.make(&arena, &text, order, 4, START);
    CU_ASSERT_FATAL(got.read.n == used && wanted.read.n == used && got.source.n == 0 && got.source.spans.n == 4);
    CU_ASSERT(are(got.read.ids, wanted.read.ids, used) && are(got.written, wanted.written, used));
    CU_ASSERT(are(got.read.spans.length, wanted.read.spans.length, 4));
    CU_ASSERT(are(got.read.positions, wanted.read.positions, used));
    CU_ASSERT(got.read.ids[0] == START && got.weights == NULL);
    dm_arena_destroy(&arena);
}

static const struct {
    const ExampleKind *kind;
    void (*check)(const ExampleKind *kind);
} cases[] = {{&dm_pairs, pairs_are_sources_and_what_is_read_and_written_of_targets},
             {&dm_text, text_is_read_from_the_start_or_from_where_the_window_before_ended},
             {&dm_joined, joined_pairs_are_text_alone},
             {&dm_labelled, labels_are_written_at_the_places_that_are_read}};

static void every_kind_makes_what_it_says(void)
{
    for (int i = 0; dm_example_kinds[i]; i++) {
        int checked = 0;
        for (size_t k = 0; k < DM_COUNT(cases); k++)
            if (cases[k].kind == dm_example_kinds[i]) cases[k].check(dm_example_kinds[i]), checked++;
        CU_ASSERT_EQUAL(checked, 1);
        if (!checked) fprintf(stderr, "\nthere is no case of %s\n", dm_example_kinds[i]->name);
    }
}

// ---- Twice ----------------------------------------------------------------------------------------------------------

static void check_twice(const Tokens *t, const Tokens *twice)
{
    const int n = t->n, spans = t->spans.n;
    CU_ASSERT_EQUAL_FATAL(twice->n, 2 * n);
    CU_ASSERT_EQUAL_FATAL(twice->spans.n, 2 * spans);
    for (int copy = 0; copy < 2; copy++) {
        CU_ASSERT(are(twice->ids + copy * n, t->ids, n));
        CU_ASSERT(are(twice->positions + copy * n, t->positions, n));
        CU_ASSERT(are(twice->spans.length + copy * spans, t->spans.length, spans));
        for (int i = 0; i < spans; i++)
            CU_ASSERT_EQUAL(twice->spans.start[copy * spans + i], t->spans.start[i] + copy * n);
    }
}

static void of_every_kind_twice_means_the_same_rows_once_more_behind_themselves(void)
{
    for (int i = 0; dm_example_kinds[i]; i++)
        for (int weighted = 0; weighted < 2; weighted++) {
            Arena arena = {0};
            const int order[] = {1, 3, 0};
            const float weights[] = {1, 0, 0.5f, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
            Example once = dm_example_kinds[i]->make(&arena, &corpus, order, 3, START);
            const int rows = once.read.n;
            CU_ASSERT_FATAL(rows >= 6 && rows <= 16);
            if (weighted) once.weights = weights;
            const Example twice = dm_example_twice(&arena, &once);
            check_twice(&once.source, &twice.source);
            check_twice(&once.read, &twice.read);
            for (int row = 0; row < 2 * rows; row++) {
                CU_ASSERT_EQUAL(twice.written[row], once.written[row % rows]);
                if (weighted) CU_ASSERT_EQUAL(twice.weights[row], weights[row % rows]);
            }
            CU_ASSERT_EQUAL(twice.weights != NULL, once.weights != NULL);
            dm_arena_destroy(&arena);
        }
}

const Fact facts[] = {
    FACT(every_kind_makes_what_it_says),
    FACT(of_every_kind_twice_means_the_same_rows_once_more_behind_themselves),
    {NULL, NULL},
};
