// Facts about word links: lines to links and back, and what is no link.
#include "text/links.h"

#include "core/memory.h"
#include "core/scratch.h"
#include "test.h"

static void a_line_says_the_same_in_any_order(void)
{
    static const struct {
        const char *line, *same;
    } cases[] = {
        {"0-0 1-2", "0-0 1-2"},
        {"", ""},
        {" \t ", ""},
        {"10-9 2p3\t2-1  0-4 ", "0-4 2-1 2p3 10-9"},
        {"1-1 1-1 1p1 0p0 0p0", "0p0 1-1"},  // of two of the same words a sure one stays
        {"1p1 1-1", "1-1"},
        {"9999999-0 0-9999999", "0-9999999 9999999-0"},
        {"007-0010", "7-10"},
    };
    LinkedPairs pairs = {0};
    for (size_t k = 0; k < DM_COUNT(cases); k++) {
        CU_ASSERT_EQUAL(dm_links_parse(&pairs, cases[k].line, NULL), DM_OK);
        CU_ASSERT_EQUAL(pairs.pairs, k + 1);
    }
    for (size_t k = 0; k < DM_COUNT(cases); k++) {
        char *line = dm_links_format(dm_links_of(&pairs, k));
        CU_ASSERT_STRING_EQUAL(line, cases[k].same);
        dm_free(line);
    }
    dm_links_free(&pairs);
}

static void what_is_no_link_is_named(void)
{
    static const char *const words[] = {"1",   "1-",   "-1",         "1-2-3",      "a-b", "1:2",   "1 2",  "1p-2",
                                        "1P2", "-1-2", "10000000-1", "1-10000000", "1,2", "1-2pp", "+1-2", "1.0-2"};
    LinkedPairs pairs = {0};
    for (size_t k = 0; k < DM_COUNT(words); k++) {
        char *line = dm_format("0-0 %s 3-3", words[k]), *first = dm_copy_string(words[k]);
        first[strcspn(first, " ")] = '\0';
        char *named = dm_format("\"%s\" is no link", first);
        Error error = {""};
        CU_ASSERT_EQUAL(dm_links_parse(&pairs, line, &error), DM_FAILURE);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, named));
        dm_free(line);
        dm_free(first);
        dm_free(named);
    }
    CU_ASSERT_EQUAL(pairs.pairs, 0);
    dm_links_free(&pairs);
}

static void a_file_is_read_line_by_line(void)
{
    const char good[] = "0-0 1p1\n\n2-1", bad[] = "0-0\n0-1 x\n";
    LinkedPairs pairs;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_links_read(&pairs, scratch_file("good", good, sizeof good - 1), &error), DM_OK);
    CU_ASSERT_EQUAL(pairs.pairs, 3);
    CU_ASSERT_EQUAL(dm_links_of(&pairs, 0).count, 2);
    CU_ASSERT(dm_links_of(&pairs, 0).link[1].possible);
    CU_ASSERT_EQUAL(dm_links_of(&pairs, 1).count, 0);
    const Link last = dm_links_of(&pairs, 2).link[0];
    CU_ASSERT(last.source == 2 && last.target == 1 && !last.possible);
    dm_links_free(&pairs);

    CU_ASSERT_EQUAL(dm_links_read(&pairs, scratch_file("bad", bad, sizeof bad - 1), &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "bad: line 2: \"x\" is no link"));
    CU_ASSERT_PTR_NULL(pairs.link);
    CU_ASSERT_EQUAL(dm_links_read(&pairs, scratch("nowhere"), &error), DM_FAILURE);
}

static void links_beyond_the_words_of_their_pair_are_refused(void)
{
    LinkedPairs pairs = {0};
    Error error = {""};
    dm_links_parse(&pairs, "0-3 2p1", NULL);
    const Links links = dm_links_of(&pairs, 0);
    CU_ASSERT_EQUAL(dm_links_fit(links, 3, 4, "gold", 7, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_links_fit(links, 3, 3, "gold", 7, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "gold: line 7 links 0-3, but that line of the target has 3 words"));
    CU_ASSERT_EQUAL(dm_links_fit(links, 2, 4, "gold", 7, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "gold: line 7 links 2p1, but that line of the source has 2 words"));
    dm_links_free(&pairs);
}

const Fact facts[] = {
    FACT(a_line_says_the_same_in_any_order),
    FACT(what_is_no_link_is_named),
    FACT(a_file_is_read_line_by_line),
    FACT(links_beyond_the_words_of_their_pair_are_refused),
    {NULL, NULL},
};
