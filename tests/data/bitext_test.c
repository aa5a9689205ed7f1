// Facts about reading a bitext: its lines, what messages call it, and what is refused.
#include "core/memory.h"
#include "test.h"

#include "data/bitext.h"
#include "text/scratch.h"

static Status read_sides(Bitext *bitext, const char *source_text, const char *target_text, Error *error)
{
    char *source = scratch_write("train.zh", source_text), *target = scratch_write("train.en", target_text);
    Status status = dm_bitext_read(bitext, &(BitextFiles){.path = {source, target}}, error);
    dm_free(source);
    dm_free(target);
    return status;
}

static void both_sides_are_there_line_by_line(void)
{
    Bitext bitext;
    CU_ASSERT_EQUAL_FATAL(read_sides(&bitext, "a\n\nb b", "\r\nb\nc\n", NULL), DM_OK);
    CU_ASSERT(bitext.lines[DM_SOURCE].count == 3 && bitext.lines[DM_TARGET].count == 3);
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_SOURCE].line[2], "b b");
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_TARGET].line[0], "");
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_TARGET].line[1], "b");
    dm_bitext_drop_lines(&bitext);
    CU_ASSERT(!bitext.lines[DM_SOURCE].count && !bitext.lines[DM_TARGET].line);
    CU_ASSERT(contains(bitext.name, "train.zh and ") && contains(bitext.name, "train.en"));
    dm_bitext_free(&bitext);
    CU_ASSERT_PTR_NULL(bitext.name);
}

static void the_names_of_files_may_say_their_languages(void)
{
    static const struct {
        const char *file, *language;
    } cases[] = {
        {"a.en", "en"}, {"a.deu", "deu"}, {"a.zh.gz", "zh"},   {"a.fr.zst", "fr"},
        {"a", "und"},   {"a.txt", "und"}, {"a.txt.gz", "und"}, {"a.gz", "und"},
        {"a.E", "und"}, {"a.en1", "und"}, {"a.engl", "und"},   {"en/a.b", "und"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char *file = scratch_write(cases[i].file, "a\n"), *other = scratch_write("b.it", "b\n");
        Bitext bitext;
        CU_ASSERT_EQUAL_FATAL(dm_bitext_read(&bitext, &(BitextFiles){.path = {file, other}}, NULL), DM_OK);
        CU_ASSERT_STRING_EQUAL(bitext.language[DM_SOURCE], cases[i].language);
        CU_ASSERT_STRING_EQUAL(bitext.language[DM_TARGET], "it");
        dm_bitext_free(&bitext);
        dm_free(file);
        dm_free(other);
    }
}

static void a_bad_bitext_is_refused_in_a_sentence(void)
{
    static const struct {
        const char *source, *target, *messages[3];
    } cases[] = {
        {"a\nb\nc\nd\n",
         "a\n\nb\n",
         {"train.zh has 4 lines and ", "train.en 3: the first pair that may be out of step is at line 2 (",
          "train.en is empty there)"}},
        {"a\n\n\nc\n", "a\n\nb\n", {"is at line 3 (", "train.zh is empty there)", "4 lines"}},
        {"a\n", "a\nb\n", {"train.zh has 1 line and ", "train.en 2: line by line", ""}},
        {"", "", {"train.zh and ", "train.en are empty", ""}},
        {"", "a\n", {"train.zh is empty, but ", "train.en is not", ""}},
        {"a\n", "", {"train.en is empty, but ", "train.zh is not", ""}},
        {"a\n\xC3(\n", "a\nb\n", {"train.zh: line 2 is not valid UTF-8", "", ""}},
        {"a\nb\n", "a\nb\xFF\n", {"train.en: line 2 is not valid UTF-8", "", ""}},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Bitext bitext;
        Error error = {""};
        CU_ASSERT_EQUAL(read_sides(&bitext, cases[i].source, cases[i].target, &error), DM_FAILURE);
        for (int k = 0; k < 3; k++) CU_ASSERT(contains(error.message, cases[i].messages[k]));
        CU_ASSERT(!bitext.lines[DM_SOURCE].line && !bitext.lines[DM_TARGET].line && !bitext.name);
    }
}

static void large_counts_have_commas(void)
{
    char *text = dm_allocate(20000, 1);
    for (int i = 0; i < 9999; i++) memcpy(text + 2 * i, i == 7311 ? " \n" : "a\n", 2);
    Error error = {""};
    Bitext bitext;
    char *longer = dm_format("%sa\n", text);
    longer[2 * 7311] = 'a';
    CU_ASSERT_EQUAL(read_sides(&bitext, longer, text, &error), DM_FAILURE);
    CU_ASSERT(contains(error.message, "train.zh has 10,000 lines and "));
    CU_ASSERT(contains(error.message, "train.en 9,999: the first pair that may be out of step is at line 7,312 ("));
    dm_free(longer);
    dm_free(text);
}

static void a_missing_side_is_named(void)
{
    char *here = scratch_write("here", "a\n");
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        BitextFiles files = {.path = {here, here}};
        files.path[side] = "/no/such/file";
        Bitext bitext;
        Error error = {""};
        CU_ASSERT_EQUAL(dm_bitext_read(&bitext, &files, &error), DM_FAILURE);
        CU_ASSERT(contains(error.message, "cannot open /no/such/file"));
    }
    dm_free(here);
}

static void one_side_may_be_standard_input(void)
{
    char *text = scratch_write("text", "a\nb\n"), *other = scratch_write("other.en", "c\nd\n");
    Bitext bitext;
    CU_ASSERT_PTR_NOT_NULL_FATAL(freopen(text, "r", stdin));
    CU_ASSERT_EQUAL_FATAL(dm_bitext_read(&bitext, &(BitextFiles){.path = {"-", other}}, NULL), DM_OK);
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_SOURCE].line[1], "b");
    CU_ASSERT_STRING_EQUAL(bitext.file[DM_SOURCE], "standard input");
    CU_ASSERT(contains(bitext.name, "standard input and "));
    CU_ASSERT_STRING_EQUAL(bitext.language[DM_SOURCE], "und");
    dm_bitext_free(&bitext);
    dm_free(text);
    dm_free(other);
}

static void columns_of_one_file_are_its_sides(void)
{
    char *tsv = scratch_write("pairs.en", "1\ta\tb\n2\tc\td\n"), *blank = scratch_write("blank.tsv", "");
    Bitext bitext;
    CU_ASSERT_EQUAL_FATAL(dm_bitext_read(&bitext, &(BitextFiles){.tsv = tsv, .columns = {3, 2}}, NULL), DM_OK);
    CU_ASSERT(bitext.lines[DM_SOURCE].count == 2 && bitext.lines[DM_TARGET].count == 2);
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_SOURCE].line[1], "d");
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_TARGET].line[1], "c");
    CU_ASSERT_STRING_EQUAL(bitext.name, tsv);
    CU_ASSERT_STRING_EQUAL(bitext.file[DM_SOURCE], tsv);
    CU_ASSERT_STRING_EQUAL(bitext.language[DM_TARGET], "und");
    dm_bitext_free(&bitext);
    Error error = {""};
    CU_ASSERT_EQUAL(dm_bitext_read(&bitext, &(BitextFiles){.tsv = blank, .columns = {1, 2}}, &error), DM_FAILURE);
    CU_ASSERT(contains(error.message, "blank.tsv is empty: give it text"));
    dm_free(tsv);
    dm_free(blank);
}

static void text_alone_is_a_target(void)
{
    char *text = scratch_write("train.en.gz", "a\nb\xff\n"), *tsv = scratch_write("text.tsv", "1\ta\n2\tc\n"),
         *empty = scratch_write("empty", "");
    Bitext bitext;
    BitextFiles files = {.path = {NULL, text}, .on = DM_SKIP_LINE, .alone = true};
    CU_ASSERT_EQUAL_FATAL(dm_bitext_read(&bitext, &files, NULL), DM_OK);
    CU_ASSERT(bitext.alone && bitext.lines[DM_SOURCE].count == 0 && dm_bitext_count(&bitext) == 2);
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_TARGET].line[1], "");
    CU_ASSERT_STRING_EQUAL(bitext.name, text);
    CU_ASSERT_STRING_EQUAL(bitext.file[DM_SOURCE], text);
    CU_ASSERT_STRING_EQUAL(bitext.language[DM_SOURCE], "en");
    char *mended = dm_bitext_mended(&bitext);
    CU_ASSERT(mended && contains(mended, "Left out: 1 bad line of") && contains(mended, "train.en.gz"));
    dm_free(mended);
    const long one = dm_bitext_fingerprint(&bitext);
    CU_ASSERT(one != 0);
    dm_bitext_free(&bitext);

    files = (BitextFiles){.tsv = tsv, .columns = {0, 2}, .alone = true};
    CU_ASSERT_EQUAL_FATAL(dm_bitext_read(&bitext, &files, NULL), DM_OK);
    CU_ASSERT(bitext.lines[DM_SOURCE].count == 0 && dm_bitext_count(&bitext) == 2);
    CU_ASSERT_STRING_EQUAL(bitext.lines[DM_TARGET].line[1], "c");
    CU_ASSERT(dm_bitext_fingerprint(&bitext) != one);
    dm_bitext_free(&bitext);

    Error error = {""};
    CU_ASSERT_EQUAL(dm_bitext_read(&bitext, &(BitextFiles){.path = {NULL, empty}, .alone = true}, &error), DM_FAILURE);
    CU_ASSERT(contains(error.message, "empty is empty: give it text, one sentence a line"));
    dm_free(text);
    dm_free(tsv);
    dm_free(empty);
}

// ---- Block by block -------------------------------------------------------------------------------------------------

static int bad_count(const Bitext *bitext)
{
    return (int)(bitext->bad[0].count + bitext->bad[1].count);
}

// The same lines, bad ones and complaints, however many pairs are read at once.
static void compare_blocks(const BitextFiles *files, size_t most)
{
    Bitext whole, block;
    BitextStream stream;
    Error error = {.message = ""}, other = {.message = ""};
    const Status status = dm_bitext_read(&whole, files, &error);
    CU_ASSERT_EQUAL_FATAL(dm_bitext_stream_open(&stream, files, NULL, &other), DM_OK);
    size_t at = 0;
    Status ended = DM_OK;
    for (size_t count = most; count == most && !ended; at += count) {
        ended = dm_bitext_stream_next(&stream, most, &block, &other);
        count = dm_bitext_count(&block);
        for (int side = DM_SOURCE; side <= DM_TARGET && !status; side++)
            for (size_t i = 0; i < block.lines[side].count; i++) {
                CU_ASSERT_FATAL(at + i < whole.lines[side].count);
                CU_ASSERT_STRING_EQUAL(block.lines[side].line[i], whole.lines[side].line[at + i]);
            }
        dm_bitext_free(&block);
    }
    CU_ASSERT_EQUAL(ended, status);
    CU_ASSERT_STRING_EQUAL(other.message, error.message);
    if (!status) {
        char *mended[2] = {dm_bitext_mended(&whole), dm_bitext_mended(&stream.whole)};
        CU_ASSERT_EQUAL(at, dm_bitext_count(&whole));
        CU_ASSERT_EQUAL(bad_count(&stream.whole), bad_count(&whole));
        CU_ASSERT(!mended[0] == !mended[1] && (!mended[0] || !strcmp(mended[0], mended[1])));
        CU_ASSERT_STRING_EQUAL(stream.whole.name, whole.name);
        CU_ASSERT_STRING_EQUAL(stream.whole.language[DM_SOURCE], whole.language[DM_SOURCE]);
        dm_free(mended[0]);
        dm_free(mended[1]);
        dm_bitext_free(&whole);
    }
    dm_bitext_stream_close(&stream);
}

static void blocks_of_a_text_are_the_text(void)
{
    static const char *const texts[][2] = {
        {"a\nb\nc\n", "d\ne\nf\n"},
        {"\xEF\xBB\xBF"
         "a\r\n\xEF\xBB\xBF"
         "b\n\nc",
         "d\n\r\r\n\nf\r"},
        {"a\nb\nc\nd\n", "a\n\nb\n"},
        {"a\nb\n", "a\nb\nc\nd\n\ne\n"},
        {"", "a\nb\n"},
        {"a\nb\n", ""},
        {"", ""},
        {"\n\n\n", "\n\n\n"},
        {"a\nb\xFF\nc\nd\xC3\n", "a\nb\nc\xC0x\nd\n"},
        {"a\nb\nc\xFF\n", "a\nb\n"},
        {"a\tb\nf\xFF\tg\nc\nd\te\n\n\th\n", "a\tb\n\nc\td\ne\tf\n1\t2\n3\n"},
        {"\xFF\xFE"
         "a",
         "b\n"},
        {"version https://git-lfs.github.com/spec/v1\n", "b\n"},
    };
    static const dm_on_bad_line wishes[] = {DM_STOP_THERE, DM_SKIP_LINE, DM_CROP_LINE};
    for (size_t i = 0; i < DM_COUNT(texts); i++) {
        char *source = scratch_write("blocks.zh", texts[i][0]), *target = scratch_write("blocks.en", texts[i][1]);
        for (size_t k = 0; k < DM_COUNT(wishes); k++)
            for (size_t most = 1; most <= 7; most++) {
                const dm_on_bad_line on = wishes[k];
                compare_blocks(&(BitextFiles){.path = {source, target}, .on = on}, most);
                compare_blocks(&(BitextFiles){.path = {NULL, target}, .alone = true, .on = on}, most);
                if (!strchr(texts[i][0], '\t')) continue;  // the first complaint of each line would be another
                compare_blocks(&(BitextFiles){.tsv = source, .columns = {1, 2}, .on = on}, most);
                compare_blocks(&(BitextFiles){.tsv = target, .columns = {0, 2}, .alone = true, .on = on}, most);
            }
        dm_free(source);
        dm_free(target);
    }
}

// Lines that end where what is read at once does, and one that is much longer.
static void long_lines_are_whole_in_blocks(void)
{
    enum { CHUNK = 1 << 16 };
    for (int change = -2; change <= 2; change++) {
        const size_t size = 4 * CHUNK + 8;
        char *text = dm_allocate(size + 1, 1);
        memset(text, 'a', size);
        text[CHUNK + change] = text[CHUNK + change + 1] = text[4 * CHUNK] = '\n';
        char *path = scratch_write("long.en", text);
        for (size_t most = 1; most <= 4; most++) compare_blocks(&(BitextFiles){.path = {path, path}}, most);
        dm_free(path);
        dm_free(text);
    }
}

const Fact facts[] = {FACT(both_sides_are_there_line_by_line),
                      FACT(the_names_of_files_may_say_their_languages),
                      FACT(a_bad_bitext_is_refused_in_a_sentence),
                      FACT(large_counts_have_commas),
                      FACT(a_missing_side_is_named),
                      FACT(one_side_may_be_standard_input),
                      FACT(columns_of_one_file_are_its_sides),
                      FACT(text_alone_is_a_target),
                      FACT(blocks_of_a_text_are_the_text),
                      FACT(long_lines_are_whole_in_blocks),
                      {NULL, NULL}};
