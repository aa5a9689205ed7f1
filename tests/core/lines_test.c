// Lines: how a file is cut into them, and which files are refused.
#include "test.h"

#include "core/lines.h"
#include "core/memory.h"
#include "core/scratch.h"

static dm_status read_bytes(dm_lines *lines, const char *bytes, size_t size, dm_error *error)
{
    return dm_lines_read(lines, scratch_file("text", bytes, size), error);
}

static void lines_end_with_lf_or_cr_lf_and_the_last_one_may_not(void)
{
    static const struct {
        const char *bytes;
        size_t count;
        const char *first, *last;
    } cases[] = {
        {"", 0, NULL, NULL},
        {"\n", 1, "", ""},
        {"a", 1, "a", "a"},
        {"a\n", 1, "a", "a"},
        {"a\nb", 2, "a", "b"},
        {"a\n\n", 2, "a", ""},
        {"\n\nb\n", 3, "", "b"},
        {"a\r\nb\r\n", 2, "a", "b"},
        {"\r\n", 1, "", ""},
        {"a\r\nb\r", 2, "a", "b\r"},  // at the end as well
        {"\r", 1, "\r", "\r"},
        {"a\rb\n", 1, "a\rb", "a\rb"},  // a lone CR is a character
        {"\xEF\xBB\xBF\xE4\xB8\xAD\n", 1, "\xE4\xB8\xAD", "\xE4\xB8\xAD"},
        {"\xEF\xBB\xBF", 0, NULL, NULL},
        {"a\n\xEF\xBB\xBFz\n", 2, "a", "\xEF\xBB\xBFz"},  // a byte-order mark only at the start
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_lines lines;
        dm_error error;
        CU_ASSERT_FATAL(!read_bytes(&lines, cases[i].bytes, strlen(cases[i].bytes), &error));
        CU_ASSERT_EQUAL_FATAL(lines.count, cases[i].count);
        if (lines.count) {
            CU_ASSERT_STRING_EQUAL(lines.line[0], cases[i].first);
            CU_ASSERT_STRING_EQUAL(lines.line[lines.count - 1], cases[i].last);
        }
        dm_lines_free(&lines);
        CU_ASSERT(!lines.count && !lines.line);
    }
}

static void what_is_no_text_is_refused_with_file_line_and_byte(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *part;
    } cases[] = {
        {"a\nbc\xFF\n", 6, "text: line 2 is not valid UTF-8 (byte 3 is 0xff)"},
        {"a\nb\n\xE4\xB8", 6, "text: line 3 is not valid UTF-8 (byte 1 is 0xe4)"},
        {"\xE4\xB8\n\xAD\n", 5, "text: line 1 is not valid UTF-8 (byte 1 is 0xe4)"},
        {"a\n\nx\0y\n", 7, "text: line 3 has a NUL byte (byte 2)"},
        {"a\0", 2, "text: line 1 has a NUL byte (byte 2)"},
        {"\xFFx\0y\n", 5, "text: line 1 is not valid UTF-8 (byte 1 is 0xff)"},
        {"\xFF\xFE"
         "a\0\n\0",
         6, "text is UTF-16, not UTF-8"},
        {"\xFE\xFF\0a\0\n", 6, "text is UTF-16, not UTF-8"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_lines lines;
        dm_error error = {""};
        CU_ASSERT_EQUAL(read_bytes(&lines, cases[i].bytes, cases[i].size, &error), DM_FAILURE);
        bool good = strstr(error.message, cases[i].part) && strstr(error.message, "iconv");
        if (!good) printf("\n  %s\n", error.message);
        CU_ASSERT(good);
        CU_ASSERT(!lines.count && !lines.line);
    }
}

static void a_megabyte_line_and_many_lines_are_fine(void)
{
    enum { SIZE = 1 << 20, LINES = 5000 };
    char *bytes = dm_allocate(SIZE + 2 * LINES, 1);
    memset(bytes, 'x', SIZE);
    for (int i = 0; i < LINES; i++) memcpy(bytes + SIZE + 2 * i, "\ny", 2);
    dm_lines lines;
    dm_error error;
    CU_ASSERT_FATAL(!read_bytes(&lines, bytes, SIZE + 2 * LINES, &error));
    CU_ASSERT_EQUAL_FATAL(lines.count, LINES + 1);
    CU_ASSERT_EQUAL(strlen(lines.line[0]), SIZE);
    CU_ASSERT_STRING_EQUAL(lines.line[LINES], "y");
    lines.line[0] = lines.line[7];  // a caller may drop and sort lines
    lines.count = 1;
    dm_lines_free(&lines);
    dm_free(bytes);
}

static void missing_files_and_folders_are_named(void)
{
    dm_lines lines;
    dm_error error;
    char *folder = dm_copy_string(scratch("folder"));
    CU_ASSERT(!dm_make_folder(folder, &error));
    CU_ASSERT_EQUAL(dm_lines_read(&lines, folder, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "folder is a folder, but a file is needed"));
    CU_ASSERT_EQUAL(dm_lines_read(&lines, scratch("missing"), &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "missing: No such file or directory"));
    dm_lines_free(&lines);  // nothing was read: nothing to free
    dm_free(folder);
}

static void a_dash_is_standard_input(void)
{
    dm_lines lines;
    dm_error error;
    CU_ASSERT_PTR_NOT_NULL_FATAL(freopen(scratch_file("text", "a\nb\xFF\n", 5), "r", stdin));
    CU_ASSERT_EQUAL(dm_lines_read(&lines, "-", &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "standard input: line 2 is not valid UTF-8"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(freopen(scratch_file("text", "a\nb\n", 4), "r", stdin));
    CU_ASSERT_FATAL(!dm_lines_read(&lines, "-", &error));
    CU_ASSERT_EQUAL(lines.count, 2);
    dm_lines_free(&lines);
}

static void two_columns_of_a_tsv_become_lines(void)
{
    static const struct {
        const char *bytes;
        int columns[2];
        size_t count;
        const char *first[2], *last[2];
    } cases[] = {
        {"a\tb\nc d\te f", {1, 2}, 2, {"a", "b"}, {"c d", "e f"}},
        {"a\tb\r\nc d\te f\r\n", {2, 1}, 2, {"b", "a"}, {"e f", "c d"}},
        {"\xEF\xBB\xBF"
         "1\ta\t2\tb\tmore\n3\t\t4\t\n",
         {2, 4},
         2,
         {"a", "b"},
         {"", ""}},
        {"\t\n", {1, 2}, 1, {"", ""}, {"", ""}},
        {"a\n\n", {1, 1}, 2, {"a", "a"}, {"", ""}},
        {"a\tb\n\n", {2, 1}, 2, {"b", "a"}, {"", ""}},  // a blank line is a pair with empty sides
        {"\r\na\tb\tc\n \t ", {3, 1}, 3, {"", ""}, {"", " "}},
        {"", {3, 7}, 0, {NULL}, {NULL}},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_lines lines[2];
        const char *path = scratch_file("text", cases[i].bytes, strlen(cases[i].bytes));
        CU_ASSERT_FATAL(!dm_lines_read_tsv(lines, path, cases[i].columns, NULL));
        for (int side = 0; side < 2; side++) {
            CU_ASSERT_EQUAL_FATAL(lines[side].count, cases[i].count);
            if (cases[i].count) {
                CU_ASSERT_STRING_EQUAL(lines[side].line[0], cases[i].first[side]);
                CU_ASSERT_STRING_EQUAL(lines[side].line[cases[i].count - 1], cases[i].last[side]);
            }
        }
        dm_lines_free(&lines[0]);  // the other stays
        if (cases[i].count) CU_ASSERT_STRING_EQUAL(lines[1].line[0], cases[i].first[1]);
        dm_lines_free(&lines[1]);
    }
}

static void a_line_with_too_few_columns_is_refused(void)
{
    static const struct {
        const char *bytes;
        int columns[2];
        const char *part;
    } cases[] = {
        {"a\tb\nc\n", {1, 2}, "text: line 2 has 1 column, but column 2 is wanted"},
        {"a\tb\n", {4, 3}, "text: line 1 has 2 columns, but column 4 is wanted"},
        {"a\tb\nc\xFF\td\n", {1, 2}, "text: line 2 is not valid UTF-8"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_lines lines[2];
        dm_error error = {""};
        const char *path = scratch_file("text", cases[i].bytes, strlen(cases[i].bytes));
        CU_ASSERT_EQUAL(dm_lines_read_tsv(lines, path, cases[i].columns, &error), DM_FAILURE);
        if (!strstr(error.message, cases[i].part)) printf("\n  %s\n", error.message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[i].part));
        CU_ASSERT(!lines[0].line && !lines[1].line);
    }
}

static void bad_lines_become_what_is_wished(void)
{
    static const char text[] = "a\tb\nc\xFF\td\n\ne\tf\0g\nh\n\xE4\xB8\ni\tj\n";
    static const struct {
        dm_on_bad_line on;
        const char *whole[7], *column[2][7];
    } cases[] = {
        {DM_SKIP_LINE,
         {"a\tb", "", "", "", "h", "", "i\tj"},
         {{"a", "", "", "", "", "", "i"}, {"b", "", "", "", "", "", "j"}}},
        {DM_CROP_LINE,
         {"a\tb", "c", "", "e\tf", "h", "", "i\tj"},
         {{"a", "c", "", "e", "h", "", "i"}, {"b", "", "", "f", "", "", "j"}}},
    };
    static const size_t bad_whole[] = {1, 3, 5}, bad_pairs[] = {1, 3, 4, 5};
    const char *path = scratch_file("text", text, sizeof text - 1);
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_lines lines, columns[2];
        dm_bad_lines bad = {.on = cases[i].on}, pairs = {.on = cases[i].on};
        CU_ASSERT_FATAL(!dm_lines_read_all(&lines, path, &bad, NULL));
        CU_ASSERT_FATAL(!dm_lines_read_all_tsv(columns, path, (const int[]){1, 2}, &pairs, NULL));
        CU_ASSERT_FATAL(lines.count == 7 && columns[0].count == 7 && columns[1].count == 7);
        for (int l = 0; l < 7; l++) {
            CU_ASSERT_STRING_EQUAL(lines.line[l], cases[i].whole[l]);
            for (int c = 0; c < 2; c++) CU_ASSERT_STRING_EQUAL(columns[c].line[l], cases[i].column[c][l]);
        }
        CU_ASSERT(bad.count == 3 && memcmp(bad.line, bad_whole, sizeof bad_whole) == 0);
        CU_ASSERT(pairs.count == 4 && memcmp(pairs.line, bad_pairs, sizeof bad_pairs) == 0);
        dm_bad_lines_free(&bad), dm_bad_lines_free(&pairs);
        dm_lines_free(&lines), dm_lines_free(&columns[0]), dm_lines_free(&columns[1]);
    }
}

const Fact facts[] = {
    FACT(bad_lines_become_what_is_wished),
    FACT(lines_end_with_lf_or_cr_lf_and_the_last_one_may_not),
    FACT(what_is_no_text_is_refused_with_file_line_and_byte),
    FACT(a_megabyte_line_and_many_lines_are_fine),
    FACT(missing_files_and_folders_are_named),
    FACT(a_dash_is_standard_input),
    FACT(two_columns_of_a_tsv_become_lines),
    FACT(a_line_with_too_few_columns_is_refused),
    {NULL, NULL},
};
