// Facts about lines of labels against lines of words, and what a corpus of them holds.
#include "core/memory.h"
#include "test.h"

#include "data/bitext.h"
#include "text/scratch.h"

static Status check(Bitext *bitext, const char *words, const char *labels, Labels of, dm_on_bad_line on, Error *error)
{
    static char *source, *target;  // messages call the sides so, until the next ones are read
    dm_free(source);
    dm_free(target);
    source = scratch_write("words", words), target = scratch_write("labels", labels);
    CU_ASSERT_EQUAL_FATAL(dm_bitext_read(bitext, &(BitextFiles){.path = {source, target}, .on = on}, error), DM_OK);
    return dm_bitext_check_labels(bitext, of, error);
}

static void as_many_labels_as_words_are_good(void)
{
    Bitext bitext;
    CU_ASSERT_EQUAL(check(&bitext, "a  b\n\n c\n", "X Y\n \nX\n", DM_LABELS_OF_WORDS, DM_STOP_THERE, NULL), DM_OK);
    dm_bitext_free(&bitext);
    CU_ASSERT_EQUAL(check(&bitext, "a b\n\nc\n", "X\n\n Y \n", DM_LABEL_OF_SENTENCE, DM_STOP_THERE, NULL), DM_OK);
    dm_bitext_free(&bitext);
    CU_ASSERT_EQUAL(check(&bitext, "a b\n", "text has any number\n", DM_NO_LABELS, DM_STOP_THERE, NULL), DM_OK);
    dm_bitext_free(&bitext);
}

static void others_are_refused_with_their_line(void)
{
    static const struct {
        const char *words, *labels;
        Labels of;
        const char *messages[3];
    } cases[] = {
        {"a b\nc d e\n",
         "X Y\nX Y\n",
         DM_LABELS_OF_WORDS,
         {"labels: line 2 has 2 labels, but the same line of ", "words 3 words", NULL}},
        {"a\n", "X Y\n", DM_LABELS_OF_WORDS, {"has 2 labels", "1 word", NULL}},
        {"a\nb c\n", "X\nX Y\n", DM_LABEL_OF_SENTENCE, {"line 2 has 2 labels, but a sentence has one", NULL, NULL}},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Bitext bitext;
        Error error = {""};
        CU_ASSERT_EQUAL(check(&bitext, cases[i].words, cases[i].labels, cases[i].of, DM_STOP_THERE, &error),
                        DM_FAILURE);
        for (int k = 0; cases[i].messages[k]; k++)
            if (!contains(error.message, cases[i].messages[k])) {
                CU_FAIL("another message");
                fprintf(stderr, "\n%s\n", error.message);
            }
        dm_bitext_free(&bitext);
    }
}

static void or_left_out_or_cropped_to_the_shorter_one(void)
{
    Bitext bitext;
    static const char words[] = "a b c\n d  e f\ng\nh\xFF\n", labels[] = "X Y Z\nX Y\nX Y Z\nX\n";
    CU_ASSERT_EQUAL(check(&bitext, words, labels, DM_LABELS_OF_WORDS, DM_SKIP_LINE, NULL), DM_OK);
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_SOURCE].line[0], "a b c");
    for (size_t i = 1; i < 4; i++) CU_ASSERT(!*bitext.lines[DM_SOURCE].line[i] && !*bitext.lines[DM_TARGET].line[i]);
    char *said = dm_bitext_mended(&bitext);
    CU_ASSERT(contains(said, "Left out: 1 bad line of ") && contains(said, "2 bad lines of ") &&
              contains(said, "the first is line 2"));
    dm_free(said);
    dm_bitext_free(&bitext);

    CU_ASSERT_EQUAL(check(&bitext, words, labels, DM_LABELS_OF_WORDS, DM_CROP_LINE, NULL), DM_OK);
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_SOURCE].line[1], " d  e");
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_TARGET].line[1], "X Y");
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_SOURCE].line[2], "g");
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_TARGET].line[2], "X");
    said = dm_bitext_mended(&bitext);
    CU_ASSERT(contains(said, "Cropped: 1 bad line of ") && contains(said, "2 bad lines of "));
    dm_free(said);
    dm_bitext_free(&bitext);

    CU_ASSERT_EQUAL(check(&bitext, "a b\n", "X Y Z\n", DM_LABEL_OF_SENTENCE, DM_CROP_LINE, NULL), DM_OK);
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_SOURCE].line[0], "a b");
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_TARGET].line[0], "X");
    dm_bitext_free(&bitext);
}

const Fact facts[] = {
    FACT(as_many_labels_as_words_are_good),
    FACT(others_are_refused_with_their_line),
    FACT(or_left_out_or_cropped_to_the_shorter_one),
    {NULL, NULL},
};
