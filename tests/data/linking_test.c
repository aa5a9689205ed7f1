// Facts about links of text that is learnt from: lines of a file against the text, words to pieces, and what becomes of
// them in examples.
#include "core/memory.h"
#include "test.h"

#include "data/examples.h"
#include "data/linking.h"
#include "text/scratch.h"

static char *path[3];  // messages call the files so

static void forget_files(void)
{
    for (int i = 0; i < 3; i++) dm_free(path[i]), path[i] = NULL;
}

static Status read_all(Bitext *bitext, LinkedPairs *links, dm_bad_lines *bad, const char *const texts[3],
                       dm_on_bad_line on, Error *error)
{
    forget_files();
    path[0] = scratch_write("words.de", texts[0]), path[1] = scratch_write("words.en", texts[1]);
    path[2] = scratch_write("links", texts[2]);
    CU_ASSERT_EQUAL_FATAL(dm_bitext_read(bitext, &(BitextFiles){.path = {path[0], path[1]}, .on = on}, error), DM_OK);
    return dm_links_of_bitext(links, bad, path[2], bitext, error);
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

static void files_that_do_not_fit_are_refused(void)
{
    static const struct {
        const char *texts[3], *messages[4];
    } cases[] = {
        {{"a b\nc\n", "x\ny\n", "0-0\n"}, {"links has 1 line and ", "words.en 2: it needs a line for each pair", NULL}},
        {{"a b\nc\n", "x\ny\n", "0-0\n0-0\n0-0\n"}, {"links has 3 lines", NULL}},
        {{"a b\nc\n", "x\ny\n", "0-0\n0-0 x-1\n"}, {"links: line 2: \"x-1\" is no link", NULL}},
        {{"a b\nc\n", "x\ny\n", "1-0\n1-0\n"}, {"links: line 2 links 1-0", "the source has 1 word", NULL}},
        {{"a b\nc\n", "x\ny\n", "1-0 0-1\n\n"}, {"links: line 1 links 0-1", "the target has 1 word", NULL}},
        {{"a\n", "x\n", "0-0 \xFF\n"}, {"links: line 1 is not valid UTF-8", NULL}},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Bitext bitext;
        LinkedPairs links;
        dm_bad_lines bad;
        Error error = {""};
        CU_ASSERT_EQUAL(read_all(&bitext, &links, &bad, cases[i].texts, DM_STOP_THERE, &error), DM_FAILURE);
        for (int k = 0; cases[i].messages[k]; k++) {
            const bool says = strstr(error.message, cases[i].messages[k]) != NULL;
            CU_ASSERT(says);
            if (!says) fprintf(stderr, "\nwanted: %s\n   got: %s\n", cases[i].messages[k], error.message);
        }
        dm_bitext_free(&bitext);
    }
    forget_files();
}

static void expect_links(const LinkedPairs *links, size_t pair, const char *wanted)
{
    char *line = dm_links_format(dm_links_of(links, pair));
    CU_ASSERT_STRING_EQUAL(line, wanted);
    dm_free(line);
}

// Of six pairs the second has an empty side, the third a line that is no text, the fourth links that are none, the
// fifth one to a word that is not there.
static void or_pairs_go_or_links_do(void)
{
    static const char *const texts[3] = {"a b\nc\n\xFF\nd e\nf g\nh\n", "x\n\ny z\nv w\nu\nt\n",
                                         "1-0\n3-3\n0-0\n1-1 ? 0-0\n1-0 0-1\n0-0\n"};
    Bitext bitext;
    LinkedPairs links;
    dm_bad_lines bad;
    CU_ASSERT_EQUAL_FATAL(read_all(&bitext, &links, &bad, texts, DM_SKIP_LINE, NULL), DM_OK);
    CU_ASSERT(links.pairs == 6 && bad.count == 2 && bad.line[0] == 3 && bad.line[1] == 4);
    expect_links(&links, 0, "1-0"), expect_links(&links, 1, ""), expect_links(&links, 2, "");
    expect_links(&links, 3, ""), expect_links(&links, 4, ""), expect_links(&links, 5, "0-0");
    for (size_t line = 2; line < 5; line++)
        CU_ASSERT(!*bitext.lines[DM_SOURCE].line[line] && !*bitext.lines[DM_TARGET].line[line]);
    dm_links_free(&links), dm_bad_lines_free(&bad), dm_bitext_free(&bitext);

    CU_ASSERT_EQUAL_FATAL(read_all(&bitext, &links, &bad, texts, DM_CROP_LINE, NULL), DM_OK);
    CU_ASSERT(links.pairs == 6 && bad.count == 2 && bad.line[0] == 3 && bad.line[1] == 4);
    expect_links(&links, 0, "1-0"), expect_links(&links, 1, ""), expect_links(&links, 2, "");
    expect_links(&links, 3, "1-1"), expect_links(&links, 4, "1-0"), expect_links(&links, 5, "0-0");
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_SOURCE].line[3], "d e");
    dm_links_free(&links), dm_bad_lines_free(&bad), dm_bitext_free(&bitext);
    forget_files();
}

// ---- Pieces ---------------------------------------------------------------------------------------------------------

// Every line of a corpus is a word or several, and its links, as places of pieces.
typedef struct Linked {
    Corpus corpus;
    int lost;
} Linked;

static Linked link_up(Segmenter *segmenter, const char *const texts[3])
{
    Linked l;
    Bitext bitext;
    LinkedPairs links;
    dm_bad_lines bad;
    if (read_all(&bitext, &links, &bad, texts, DM_SKIP_LINE, NULL)) abort();
    if (dm_corpus_make(&l.corpus, &bitext, &(CorpusRules){.max_length = 5, .shortest = 2, .threads = 1}, segmenter,
                       NULL))
        abort();
    l.lost = dm_corpus_link(&l.corpus, &links, &bitext, segmenter);
    dm_links_free(&links), dm_bad_lines_free(&bad), dm_bitext_free(&bitext);
    forget_files();
    return l;
}

static Segmenter *words(void)
{
    dm_free(scratch_write("model/vocab.json",
                          "{\"</s>\": 0, \"<unk>\": 1, \"a\": 2, \"b\": 3, \"c\": 4, \"d\": 5, \"<pad>\": 6}"));
    char *folder = scratch_path("model");
    Segmenter *segmenter;
    if (dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = "space"}, NULL)) abort();
    dm_free(folder);
    return segmenter;
}

// The second pair is too long, the third is empty on one side.
static const char *const five[3] = {"a b c\na b c d a b\na\nb\nc d\n", "b b\nb\n\nx a\nd\n",
                                    "2-1 0-1 1-0\n5-0\n\n0-1\n0-0 1p0\n"};

static void pairs_that_stay_keep_their_links(void)
{
    Segmenter *segmenter = words();
    Linked l = link_up(segmenter, five);
    const PieceLinks *links = &l.corpus.links;
    CU_ASSERT_EQUAL(l.lost, 0);
    CU_ASSERT_EQUAL_FATAL(l.corpus.pairs, 3);
    static const size_t first[] = {0, 3, 4, 6};
    static const int target[] = {0, 1, 1, 1, 0, 0}, source[] = {1, 0, 2, 0, 0, 1};
    CU_ASSERT(memcmp(links->first, first, sizeof first) == 0);
    CU_ASSERT(memcmp(links->target, target, sizeof target) == 0 && memcmp(links->source, source, sizeof source) == 0);
    dm_corpus_free(&l.corpus);
    dm_segmenter_close(segmenter);
}

static void rows_of_examples_have_the_links_of_their_pieces(void)
{
    Segmenter *segmenter = words();
    Linked l = link_up(segmenter, five);
    Arena arena = {0};
    static const int order[] = {2, 0, 1}, first[] = {0, 2, 2, 3, 5, 5, 5, 6, 6}, source[] = {0, 1, 1, 0, 2, 0};
    const Example once = dm_pairs.make(&arena, &l.corpus, order, 3, 6), twice = dm_example_twice(&arena, &once);
    CU_ASSERT_EQUAL_FATAL(once.read.n, 8);  // d, end; b b, end; x a, end
    CU_ASSERT(memcmp(once.links.first, first, sizeof first) == 0);
    CU_ASSERT(memcmp(once.links.source, source, sizeof source) == 0);
    for (int copy = 0; copy < 2; copy++)
        for (int i = 0; i < 8; i++) {
            const int at = twice.links.first[8 * copy + i], n = twice.links.first[8 * copy + i + 1] - at;
            CU_ASSERT_FATAL(n == first[i + 1] - first[i]);
            CU_ASSERT(memcmp(twice.links.source + at, source + first[i], (size_t)n * sizeof(int)) == 0);
        }
    dm_arena_destroy(&arena);
    dm_corpus_free(&l.corpus);
    dm_segmenter_close(segmenter);
}

// Of words that come together in another order each time, each links its like.
static void a_corpus_links_itself(void)
{
    static const char *const texts[3] = {"a b\nb c\nc a\na b\nc b\nd a\nd c\n", "b a\nb c\na c\nb a\nc b\na d\nd c\n",
                                         "0-0\n\n\n\n\n\n\n"};
    Segmenter *segmenter = words();
    Linked l = link_up(segmenter, texts);
    for (int threads = 1; threads <= 2; threads++) {
        dm_free(l.corpus.links.first), dm_free(l.corpus.links.target), dm_free(l.corpus.links.source);
        l.corpus.links = (PieceLinks){0};
        CU_ASSERT(dm_corpus_link_itself(&l.corpus, threads, NULL));
        const PieceLinks *links = &l.corpus.links;
        for (int pair = 0; pair < l.corpus.pairs; pair++) {
            CU_ASSERT_EQUAL_FATAL(links->first[pair + 1] - links->first[pair], 2);
            for (size_t i = links->first[pair]; i < links->first[pair + 1]; i++) {
                CU_ASSERT_EQUAL((size_t)links->target[i], i - links->first[pair]);
                CU_ASSERT_EQUAL(l.corpus.ids[l.corpus.source[pair] + (size_t)links->source[i]],
                                l.corpus.ids[l.corpus.target[pair] + (size_t)links->target[i]]);
            }
        }
    }
    dm_corpus_free(&l.corpus);
    dm_segmenter_close(segmenter);
}

static void other_links_have_another_fingerprint(void)
{
    static const char *const others[] = {"2-1 0-1 1-0\n5-0\n\n0-1\n0-0\n", "2-1 0-1 1-0\n5-0\n\n0-1\n1p0\n",
                                         "2-1 0-1\n5-0\n\n0-0\n0-0 1p0\n", "0-0\n\n\n\n\n"};
    Segmenter *segmenter = words();
    Linked l = link_up(segmenter, five);
    const long known = dm_links_fingerprint(&l.corpus);
    CU_ASSERT(known > 0);
    dm_corpus_free(&l.corpus);
    for (size_t i = 0; i < DM_COUNT(others); i++) {
        Linked other = link_up(segmenter, (const char *const[]){five[0], five[1], others[i]});
        CU_ASSERT(dm_links_fingerprint(&other.corpus) > 0 && dm_links_fingerprint(&other.corpus) != known);
        dm_corpus_free(&other.corpus);
    }
    CU_ASSERT_EQUAL(dm_links_fingerprint(&(Corpus){.pairs = 2}), 0);
    dm_segmenter_close(segmenter);
}

const Fact facts[] = {
    FACT(files_that_do_not_fit_are_refused),
    FACT(or_pairs_go_or_links_do),
    FACT(pairs_that_stay_keep_their_links),
    FACT(rows_of_examples_have_the_links_of_their_pieces),
    FACT(a_corpus_links_itself),
    FACT(other_links_have_another_fingerprint),
    {NULL, NULL},
};
