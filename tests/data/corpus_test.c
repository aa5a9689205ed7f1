// Facts about making a corpus of a bitext: what is kept, what is left out, what is refused.
#include "core/memory.h"
#include "test.h"

#include "data/examples.h"
#include "data/windows.h"
#include "data/letters.h"

typedef struct Case {
    const char *source, *target;  // no source: text alone
    int max_length;
    bool keep_all;
    int threads;
    bool copies;
} Case;

static Status make(Corpus *corpus, const Case *c, Error *error)
{
    Segmenter *segmenter = letters();
    char *source = c->source ? scratch_write("train.zh", c->source) : NULL,
         *target = scratch_write("train.en", c->target);
    Bitext bitext;
    Status status = dm_bitext_read(&bitext, &(BitextFiles){.path = {source, target}, .alone = !source}, error);
    CorpusRules rules = {
        .max_length = c->max_length, .shortest = c->keep_all ? 1 : 2, .threads = c->threads, .copies = c->copies};
    if (!status) status = dm_corpus_make(corpus, &bitext, &rules, segmenter, error);
    dm_bitext_free(&bitext);
    dm_free(source);
    dm_free(target);
    dm_segmenter_close(segmenter);
    return status;
}

static bool is(const int *ids, int count, const int *expected, int expected_count)
{
    return count == expected_count && memcmp(ids, expected, (size_t)count * sizeof *ids) == 0;
}

static void pairs_are_kept_in_order_as_ids(void)
{
    Corpus corpus;
    CU_ASSERT_EQUAL_FATAL(make(&corpus, &(Case){"a b\r\nc\nx", "b\nc c c\na\n", .threads = 1}, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(corpus.pairs, 3);
    CU_ASSERT(is(corpus.ids + corpus.source[0], corpus.source_length[0], (int[]){2, 3, 0}, 3));
    CU_ASSERT(is(corpus.ids + corpus.target[0], corpus.target_length[0], (int[]){3, 0}, 2));
    CU_ASSERT(is(corpus.ids + corpus.target[1], corpus.target_length[1], (int[]){4, 4, 4, 0}, 4));
    CU_ASSERT(is(corpus.ids + corpus.source[2], corpus.source_length[2], (int[]){1, 0}, 2));
    CU_ASSERT_EQUAL(corpus.skipped_empty + corpus.skipped_long, 0);
    dm_corpus_free(&corpus);
}

// Of ids, what can be copied alone is a place of the source behind the six pieces of the vocabulary. Examples read it
// as unknown, and have it to write.
static void what_pieces_are_copied_as_stands_beside_them(void)
{
    static const int order[] = {1, 0};
    Corpus corpus;
    Case c = {"a x y\nc\nx b x\n", "y x a\n\nx z\n", .threads = 2, .copies = true};
    CU_ASSERT_EQUAL_FATAL(make(&corpus, &c, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(corpus.pairs, 2);
    CU_ASSERT(is(corpus.ids + corpus.target[0], 4, (int[]){1, 1, 2, 0}, 4));
    CU_ASSERT(is(corpus.copies + corpus.source[0], 4, (int[]){2, 7, 8, 0}, 4));
    CU_ASSERT(is(corpus.copies + corpus.target[0], 4, (int[]){8, 7, 2, 0}, 4));
    CU_ASSERT(is(corpus.copies + corpus.source[1], 4, (int[]){6, 3, 6, 0}, 4));
    CU_ASSERT(is(corpus.copies + corpus.target[1], 3, (int[]){6, 1, 0}, 3));
    Arena arena = {0};
    const Example once = dm_pairs.make(&arena, &corpus, order, 2, 5), twice = dm_example_twice(&arena, &once);
    CU_ASSERT(is(once.source.ids, once.source.n, (int[]){1, 3, 1, 0, 2, 1, 1, 0}, 8));
    CU_ASSERT(is(once.copies, once.source.n, (int[]){6, 3, 6, 0, 2, 7, 8, 0}, 8));
    CU_ASSERT(is(once.read.ids, once.read.n, (int[]){5, 1, 1, 5, 1, 1, 2}, 7));
    CU_ASSERT(is(once.written, once.read.n, (int[]){6, 1, 0, 8, 7, 2, 0}, 7));
    CU_ASSERT(is(twice.copies, 8, once.copies, 8) && is(twice.copies + 8, 8, once.copies, 8));
    dm_arena_destroy(&arena);
    dm_corpus_free(&corpus);
    c.copies = false;
    CU_ASSERT_EQUAL_FATAL(make(&corpus, &c, NULL), DM_OK);
    CU_ASSERT_PTR_NULL(corpus.copies);
    dm_corpus_free(&corpus);
}

static void empty_and_long_pairs_are_left_out_and_counted(void)
{
    Corpus corpus;
    Case c = {"a\n\n  \na a a\nb\nb b\n", "a\nb\nb\na\n\t\nc c\n", .max_length = 3, .threads = 2};
    CU_ASSERT_EQUAL_FATAL(make(&corpus, &c, NULL), DM_OK);
    CU_ASSERT_EQUAL(corpus.pairs, 2);
    CU_ASSERT_EQUAL(corpus.skipped_empty, 3);
    CU_ASSERT_EQUAL(corpus.skipped_long, 1);
    CU_ASSERT_EQUAL(corpus.source_length[1], 3);  // as long as allowed, end of sentence counted
    CU_ASSERT(corpus.line[0] == 1 && corpus.line[1] == 6);
    dm_corpus_free(&corpus);
}

static void validation_keeps_every_line(void)
{
    Corpus corpus;
    Case c = {"a\n\nb b\n", "\nb\nc\n", .keep_all = true, .threads = 1};
    CU_ASSERT_EQUAL_FATAL(make(&corpus, &c, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(corpus.pairs, 3);
    CU_ASSERT(is(corpus.ids + corpus.target[0], corpus.target_length[0], (int[]){0}, 1));
    CU_ASSERT(is(corpus.ids + corpus.source[1], corpus.source_length[1], (int[]){0}, 1));
    dm_corpus_free(&corpus);
}

// Of 8 pieces with the end: in windows of at most 3, as equal as can be.
static void text_alone_is_cut_into_windows(void)
{
    static const int first[] = {0, 2, 5, 8, 10}, lines[] = {1, 3, 3, 3, 4}, lengths[] = {2, 3, 3, 2, 3};
    Corpus corpus;
    Case c = {NULL, "a\n \na b c a b c a\nb c\n", .max_length = 3, .threads = 2};
    CU_ASSERT_EQUAL_FATAL(make(&corpus, &c, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(corpus.pairs, 5);
    for (int i = 0; i < 5; i++) {
        CU_ASSERT(corpus.line[i] == lines[i] && corpus.target_length[i] == lengths[i]);
        CU_ASSERT(corpus.source_length[i] == 0 && corpus.target[i] == (size_t)first[i]);
    }
    CU_ASSERT(is(corpus.ids, 13, (int[]){2, 0, 2, 3, 4, 2, 3, 4, 2, 0, 3, 4, 0}, 13));
    CU_ASSERT(corpus.skipped_empty == 1 && corpus.skipped_long == 0 && corpus.cut == 1);
    dm_corpus_free(&corpus);
    c.max_length = 0;
    CU_ASSERT_EQUAL_FATAL(make(&corpus, &c, NULL), DM_OK);
    CU_ASSERT(corpus.pairs == 3 && corpus.target_length[1] == 8 && corpus.cut == 0);
    dm_corpus_free(&corpus);
    c.keep_all = true;  // an empty line is its end
    CU_ASSERT_EQUAL_FATAL(make(&corpus, &c, NULL), DM_OK);
    CU_ASSERT(corpus.pairs == 4 && corpus.target_length[1] == 1 && corpus.skipped_empty == 0);
    dm_corpus_free(&corpus);
}

static void windows_are_few_and_equal(void)
{
    for (int pieces = 1; pieces < 60; pieces++)
        for (int most = 0; most < 60; most++) {
            const int n = dm_windows(pieces, most);
            CU_ASSERT_FATAL(n >= 1 && dm_window_start(pieces, n, 0) == 0 && dm_window_start(pieces, n, n) == pieces);
            CU_ASSERT(most == 0 ? n == 1 : (n - 1) * most < pieces && pieces <= n * most);
            for (int i = 0; i < n; i++) {
                const int size = dm_window_start(pieces, n, i + 1) - dm_window_start(pieces, n, i);
                CU_ASSERT(size == (pieces + n - 1) / n || size == pieces / n);
                CU_ASSERT(i || size == (pieces + n - 1) / n);  // the longest comes first
            }
        }
}

static void the_number_of_threads_changes_nothing(void)
{
    enum { LINES = 3000 };
    char *text = dm_allocate(LINES * 12 + 1, 1), *end = text;
    for (int i = 0; i < LINES; i++) {
        for (int k = i * 7 % 6; k > 0; k--) end += sprintf(end, "%c ", "abcx"[(i + k) % 4]);
        *end++ = '\n';
    }
    Corpus one, many;
    CU_ASSERT_EQUAL_FATAL(make(&one, &(Case){text, text, 5, .threads = 1}, NULL), DM_OK);
    for (int threads = 2; threads <= 5; threads++) {
        CU_ASSERT_EQUAL_FATAL(make(&many, &(Case){text, text, 5, .threads = threads}, NULL), DM_OK);
        CU_ASSERT_EQUAL_FATAL(one.pairs, many.pairs);
        size_t bytes = (size_t)one.pairs * sizeof(int), ids = 0;
        for (int i = 0; i < one.pairs; i++) ids += (size_t)(one.source_length[i] + one.target_length[i]);
        CU_ASSERT_EQUAL(memcmp(one.source_length, many.source_length, bytes), 0);
        CU_ASSERT_EQUAL(memcmp(one.target_length, many.target_length, bytes), 0);
        CU_ASSERT_EQUAL(memcmp(one.source, many.source, (size_t)one.pairs * sizeof *one.source), 0);
        CU_ASSERT_EQUAL(memcmp(one.target, many.target, (size_t)one.pairs * sizeof *one.target), 0);
        CU_ASSERT_EQUAL(memcmp(one.ids, many.ids, ids * sizeof(int)), 0);
        dm_corpus_free(&many);
    }
    dm_corpus_free(&one);
    dm_free(text);
}

static void a_corpus_without_a_pair_is_refused(void)
{
    static const struct {
        Case c;
        const char *message;
    } cases[] = {
        {{.source = "a\n\n", .target = "\nb\n"}, "train.en: no sentence pair is left: each has an empty side"},
        {{.source = "a b c\n", .target = "a\n", .max_length = 3},
         "train.en: no sentence pair is left: 0 have an empty side and 1 a side of more than 3 pieces"},
        {{.source = NULL, .target = "\n \n"}, "train.en: no line is left: all are empty"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Corpus corpus;
        Error error = {""};
        CU_ASSERT_EQUAL(make(&corpus, &cases[i].c, &error), DM_FAILURE);
        CU_ASSERT(contains(error.message, cases[i].message));
        CU_ASSERT_PTR_NULL(corpus.ids);
    }
}

static void a_line_of_a_megabyte_is_one_pair(void)
{
    enum { WORDS = 1 << 19 };
    char *text = dm_allocate(2 * WORDS + 1, 1);
    for (int i = 0; i < WORDS; i++) memcpy(text + 2 * i, "a ", 2);
    text[2 * WORDS - 1] = '\n';
    Corpus corpus;
    CU_ASSERT_EQUAL_FATAL(make(&corpus, &(Case){text, "b\n", .threads = 1}, NULL), DM_OK);
    CU_ASSERT_EQUAL(corpus.source_length[0], WORDS + 1);
    dm_corpus_free(&corpus);
    CU_ASSERT_EQUAL(make(&corpus, &(Case){text, "b\n", .max_length = 100, .threads = 1}, NULL), DM_FAILURE);
    dm_free(text);
}

const Fact facts[] = {FACT(pairs_are_kept_in_order_as_ids),
                      FACT(what_pieces_are_copied_as_stands_beside_them),
                      FACT(empty_and_long_pairs_are_left_out_and_counted),
                      FACT(text_alone_is_cut_into_windows),
                      FACT(windows_are_few_and_equal),
                      FACT(validation_keeps_every_line),
                      FACT(the_number_of_threads_changes_nothing),
                      FACT(a_corpus_without_a_pair_is_refused),
                      FACT(a_line_of_a_megabyte_is_one_pair),
                      {NULL, NULL}};
