// Unicode as scoring needs it: white space, punctuation, symbols and numbers, lower case.
// All of it answers as Python does, because scores have to agree with sacreBLEU's to the last digit.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The tables of unicode_table.c, in ascending order. What no range holds has no kind.
typedef struct CodeRange {
    uint32_t first, last;
    char kind;
} CodeRange;

typedef struct LowerRange {
    uint32_t first, last;
    uint32_t step;  // every step-th code point from first on has a lower case ...
    int32_t delta;  // ... which is itself plus delta
} LowerRange;

extern const CodeRange dm_general_category[], dm_sigma_context[];
extern const LowerRange dm_lower_ranges[];
extern const size_t dm_general_category_count, dm_sigma_context_count, dm_lower_ranges_count;

// Text that grows at its end; always NUL-terminated once something was put.
typedef struct Text {
    char *bytes;  // the owner frees it
    size_t used, room;
} Text;

void dm_text_put(Text *text, const char *bytes, size_t size);
void dm_text_put_code_point(Text *text, uint32_t code_point);

char dm_category(uint32_t code_point);              // 'P' punctuation, 'S' symbol, 'N' number, 0 anything else
size_t dm_stripped_length(const char *line);        // bytes before the white space at its end: str.rstrip()
const char *dm_skip_white_space(const char *line);  // str.lstrip()
char *dm_lower_case(const char *line);              // str.lower(); the caller frees it
