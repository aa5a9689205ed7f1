// UTF-8: every code point there and back, and what is not valid.
#include "test.h"

#include "core/memory.h"
#include "core/error.h"
#include "core/utf8.h"

static bool is_surrogate(uint32_t code_point)
{
    return code_point >= 0xD800 && code_point < 0xE000;
}

static void every_code_point_is_written_read_and_valid(void)
{
    int wrong = 0;
    for (uint32_t code_point = 1; code_point <= 0x10FFFF; code_point++) {
        char text[8] = "";
        int length = dm_utf8_put(code_point, text);
        const char *at = text;
        wrong += length != (code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4);
        wrong += dm_utf8_valid(text, (size_t)length) != (is_surrogate(code_point) ? 0 : (size_t)length);
        wrong += dm_utf8_next(&at) != code_point || at != text + length;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

// Any two bytes, then 0x80, 0x80: valid at the start exactly where some code point is written so.
static void no_other_sequence_is_valid(void)
{
    static unsigned char length_of[256][256];  // of the character that begins with these two bytes; 0: none does
    for (uint32_t code_point = 0x80; code_point <= 0x10FFFF; code_point++) {
        char text[4];
        if (is_surrogate(code_point)) continue;
        int length = dm_utf8_put(code_point, text);
        length_of[(unsigned char)text[0]][(unsigned char)text[1]] = (unsigned char)length;
    }
    int wrong = 0;
    for (int first = 0x80; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            char text[] = {(char)first, (char)second, (char)0x80, (char)0x80};
            size_t length = length_of[first][second];
            for (size_t size = 1; size <= 4; size++) {
                size_t valid = dm_utf8_valid(text, size);
                wrong += length && length <= size ? valid != length : valid != 0;
            }
            text[2] = 'x';
            if (length > 2) wrong += dm_utf8_valid(text, 4) != 0;
            text[2] = (char)0x80, text[3] = (char)0xC0;
            if (length > 3) wrong += dm_utf8_valid(text, 4) != 0;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void validity_is_that_of_the_standard(void)
{
    static const struct {
        const char *text;
        size_t valid;
    } cases[] = {
        {"", 0},
        {"plain", 5},
        {"\xC2\x80", 2},
        {"\xC1\xBF", 0},          // overlong
        {"\xE0\x9F\xBF", 0},      // overlong
        {"\xED\xA0\x80", 0},      // a surrogate
        {"\xF0\x8F\xBF\xBF", 0},  // overlong
        {"\xF4\x90\x80\x80", 0},  // past the last code point
        {"\xF5\x80\x80\x80", 0},
        {"\x80", 0},
        {"ab\xE4\xB8", 2},  // cut short
        {"\xE4\xB8\xAD\xFFx", 3},
        {"eight by\xE4\xB8\xADtes, eight bytes\xFF", 27},  // after runs that are looked at eight at a time
        {"eight b\xE4\xB8\xAD", 10},
        {"\xF0\x9F\x98\x80", 4},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        CU_ASSERT_EQUAL(dm_utf8_valid(cases[i].text, strlen(cases[i].text)), cases[i].valid);
    CU_ASSERT_EQUAL(dm_utf8_valid("a\0b", 3), 3);  // NUL is a character too; lines refuse it
    CU_ASSERT_EQUAL(dm_utf8_valid("\xE4\xB8\xAD", 2), 0);
}

static void an_invalid_byte_is_found_wherever_it_stands(void)
{
    for (size_t at = 0; at < 40; at++) {
        char text[41];
        memset(text, 'x', sizeof text);
        text[at] = (char)0xFF;
        CU_ASSERT_EQUAL(dm_utf8_valid(text, sizeof text), at);
    }
}

// Those of Python 3: [c for c in range(0x110000) if chr(c).isspace()]
static void white_space_is_that_of_python(void)
{
    static const struct {
        uint32_t first, last;
    } white[] = {{0x09, 0x0D},     {0x1C, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
                 {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
    size_t range = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        while (range < DM_COUNT(white) && c > white[range].last) range++;
        if (dm_white_space(c) != (range < DM_COUNT(white) && c >= white[range].first)) CU_FAIL_FATAL("a code point");
    }
}

static void a_blank_line_has_no_word(void)
{
    CU_ASSERT(dm_is_blank(""));
    CU_ASSERT(dm_is_blank(" \t\r\n\v\f"));
    CU_ASSERT_FALSE(dm_is_blank("  x"));
    CU_ASSERT_FALSE(dm_is_blank("\u3000"));  // it may be a piece
}

static void what_is_no_character_becomes_a_mark_and_nothing_else_is_lost(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *mended;
    } cases[] = {
        {"", 0, ""},
        {"a\xC3\xA9z", 4, "a\xC3\xA9z"},
        {"a\0b", 3, "a\uFFFDb"},
        {"\xFFz", 2, "\uFFFDz"},
        {"a\xE4\xB8z", 4, "a\uFFFD\uFFFDz"},
        {"\xE4\xB8\xAD\xE4", 4, "\u4E2D\uFFFD"},
        {"\xED\xA0\x80", 3, "\uFFFD\uFFFD\uFFFD"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char *mended = dm_utf8_mended(cases[i].bytes, cases[i].size);
        CU_ASSERT_STRING_EQUAL(mended, cases[i].mended);
        dm_free(mended);
    }
}

const Fact facts[] = {
    FACT(what_is_no_character_becomes_a_mark_and_nothing_else_is_lost),
    FACT(every_code_point_is_written_read_and_valid),
    FACT(no_other_sequence_is_valid),
    FACT(validity_is_that_of_the_standard),
    FACT(an_invalid_byte_is_found_wherever_it_stands),
    FACT(white_space_is_that_of_python),
    FACT(a_blank_line_has_no_word),
    {NULL, NULL},
};
