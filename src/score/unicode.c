// Unicode as scoring needs it: look-ups in unicode_table.c, and what is no table.
#include "score/unicode.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/utf8.h"

void dm_text_put(Text *text, const char *bytes, size_t size)
{
    if (text->used + size >= text->room) {
        text->room = 2 * (text->used + size) + 64;
        text->bytes = dm_reallocate(text->bytes, text->room, 1);
    }
    if (size) memcpy(text->bytes + text->used, bytes, size);
    text->used += size;
    text->bytes[text->used] = '\0';
}

void dm_text_put_code_point(Text *text, uint32_t code_point)
{
    char bytes[4];
    dm_text_put(text, bytes, (size_t)dm_utf8_put(code_point, bytes));
}

static char kind_of(const CodeRange *ranges, size_t count, uint32_t code_point)
{
    size_t low = 0, high = count;  // the range sought, if there is one, lies in [low, high)
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code_point < ranges[middle].first)
            high = middle;
        else if (code_point > ranges[middle].last)
            low = middle + 1;
        else
            return ranges[middle].kind;
    }
    return 0;
}

char dm_category(uint32_t code_point)
{
    return kind_of(dm_general_category, dm_general_category_count, code_point);
}

size_t dm_stripped_length(const char *line)
{
    const char *at = line, *end = line;
    while (*at) {
        if (!dm_white_space(dm_utf8_next(&at))) end = at;
    }
    return (size_t)(end - line);
}

const char *dm_skip_white_space(const char *line)
{
    const char *at = line;
    while (*at && dm_white_space(dm_utf8_next(&at))) line = at;
    return line;
}

static uint32_t lower_case_of(uint32_t c)
{
    size_t low = 0, high = dm_lower_ranges_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const LowerRange *range = &dm_lower_ranges[middle];
        if (c < range->first)
            high = middle;
        else if (c > range->last)
            low = middle + 1;
        else
            return (c - range->first) % range->step == 0 ? (uint32_t)((int64_t)c + range->delta) : c;
    }
    return c;
}

// The context of a capital sigma: 'C' cased, 'I' ignorable (looked through), 0 neither.
static char sigma_context(uint32_t code_point)
{
    return kind_of(dm_sigma_context, dm_sigma_context_count, code_point);
}

static bool cased_follows(const char *at)
{
    while (*at) {
        char kind = sigma_context(dm_utf8_next(&at));
        if (kind != 'I') return kind == 'C';
    }
    return false;
}

// A capital sigma after a cased letter and not before one ends a word, where the small letter has another form
// (Unicode 3.13, Final_Sigma). U+0130 is the only character whose lower case is two code points.
char *dm_lower_case(const char *line)
{
    enum { SIGMA = 0x3A3, SMALL_SIGMA = 0x3C3, FINAL_SIGMA = 0x3C2, I_WITH_DOT = 0x130, DOT_ABOVE = 0x307 };
    Text lower = {0};
    dm_text_put(&lower, "", 0);
    char before = 0;  // the last context that was not ignorable
    while (*line) {
        uint32_t c = dm_utf8_next(&line);
        if (c == SIGMA)
            dm_text_put_code_point(&lower, before == 'C' && !cased_follows(line) ? FINAL_SIGMA : SMALL_SIGMA);
        else
            dm_text_put_code_point(&lower, c == I_WITH_DOT ? 'i' : lower_case_of(c));
        if (c == I_WITH_DOT) dm_text_put_code_point(&lower, DOT_ABOVE);
        char kind = sigma_context(c);
        if (kind != 'I') before = kind;
    }
    return lower.bytes;
}
