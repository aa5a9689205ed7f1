// UTF-8: validity and code points, after table 3-7 of the Unicode Standard (well-formed byte sequences).
#include "core/utf8.h"

#include <string.h>

#include "core/memory.h"

// Length of the well-formed sequence at `byte`, of which `left` bytes are there; 0 if there is none.
static size_t sequence(const unsigned char *byte, size_t left)
{
    unsigned char lead = byte[0], low = 0x80, high = 0xBF;  // the range of the second byte
    size_t length;
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;  // a continuation byte, or an overlong form of ASCII
    if (lead < 0xE0) {
        length = 2;
    } else if (lead < 0xF0) {
        length = 3;
        if (lead == 0xE0) low = 0xA0;   // below: overlong
        if (lead == 0xED) high = 0x9F;  // above: surrogates
    } else if (lead < 0xF5) {
        length = 4;
        if (lead == 0xF0) low = 0x90;   // below: overlong
        if (lead == 0xF4) high = 0x8F;  // above: past U+10FFFF
    } else {
        return 0;
    }
    if (left < length || byte[1] < low || byte[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if ((byte[i] & 0xC0) != 0x80) return 0;
    return length;
}

size_t dm_utf8_valid(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint64_t eight;
        if (size - at >= sizeof eight) {  // most text is runs of ASCII
            memcpy(&eight, text + at, sizeof eight);
            if (!(eight & 0x8080808080808080u)) {
                at += sizeof eight;
                continue;
            }
        }
        size_t length = sequence((const unsigned char *)text + at, size - at);
        if (!length) break;
        at += length;
    }
    return at;
}

uint32_t dm_utf8_next(const char **text)
{
    const unsigned char *byte = (const unsigned char *)*text;
    uint32_t lead = byte[0];
    if (lead < 0x80) {
        *text += 1;
        return lead;
    }
    if (lead < 0xE0) {
        *text += 2;
        return (lead & 0x1F) << 6 | (byte[1] & 0x3Fu);
    }
    if (lead < 0xF0) {
        *text += 3;
        return (lead & 0x0F) << 12 | (byte[1] & 0x3Fu) << 6 | (byte[2] & 0x3Fu);
    }
    *text += 4;
    return (lead & 0x07) << 18 | (byte[1] & 0x3Fu) << 12 | (byte[2] & 0x3Fu) << 6 | (byte[3] & 0x3Fu);
}

int dm_utf8_put(uint32_t code_point, char *out)
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    int length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (int i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (char)(lead[length] | code_point);
    return length;
}

char *dm_utf8_mended(const char *bytes, size_t size)
{
    enum { LOST = 0xFFFD, LOST_BYTES = 3 };
    char *mended = dm_allocate(LOST_BYTES * size + 1, 1), *to = mended;
    for (size_t at = 0; at < size;) {
        const size_t length = bytes[at] ? sequence((const unsigned char *)bytes + at, size - at) : 0;
        if (length)
            to = (char *)memcpy(to, bytes + at, length) + length;
        else
            to += dm_utf8_put(LOST, to);
        at += length ? length : 1;
    }
    return mended;
}

bool dm_white_space(uint32_t c)
{
    if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

bool dm_is_visible(uint32_t c)
{
    size_t low = 0, high = dm_invisible_count;  // the range sought, if there is one, lies in [low, high)
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (c < dm_invisible[middle].first)
            high = middle;
        else if (c > dm_invisible[middle].last)
            low = middle + 1;
        else
            return false;
    }
    return true;
}

bool dm_is_blank(const char *line)
{
    return line[strspn(line, DM_BLANKS)] == '\0';
}

int dm_utf8_mark(unsigned char *seen, const char *text)
{
    int fresh = 0;
    while (*text) {
        const uint32_t c = dm_utf8_next(&text);
        fresh += !(seen[c / 8] >> c % 8 & 1);
        seen[c / 8] |= (unsigned char)(1 << c % 8);
    }
    return fresh;
}
