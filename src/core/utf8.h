// UTF-8: validity, code points, white space.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Length of the valid prefix: equal to size where all of it is valid UTF-8 (no surrogates, no overlong forms).
size_t dm_utf8_valid(const char *text, size_t size);
// The code point at *text (valid, not at its end), and moves *text past it.
uint32_t dm_utf8_next(const char **text);
// Writes a code point (1 to 4 bytes, no NUL behind it); returns how many.
int dm_utf8_put(uint32_t code_point, char *out);
// A copy in which U+FFFD stands for every byte that is no part of a character, and for NUL; the caller frees it.
char *dm_utf8_mended(const char *bytes, size_t size);

#define DM_BLANKS " \t\n\v\f\r"            // the white space of ASCII, which words of a line are cut at
bool dm_is_blank(const char *line);        // nothing else in it, or nothing at all
bool dm_white_space(uint32_t code_point);  // of all Unicode, as Python's str.isspace() and str.strip() see it
// Neither blank nor a control character nor ignorable: a sign of a script.
bool dm_is_visible(uint32_t code_point);

// Marks the code points of a valid text in seen[0x110000 / 8], bit by bit; returns how many had not been there.
int dm_utf8_mark(unsigned char *seen, const char *text);

// The table of invisible_table.c, in ascending order.
typedef struct CodePoints {
    uint32_t first, last;
} CodePoints;
extern const CodePoints dm_invisible[];
extern const size_t dm_invisible_count;
