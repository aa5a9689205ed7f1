// The tokenizers of sacreBLEU 2.6. Each is a row of substitutions as sed would make them: from left to right, and what
// one match took is not looked at again. Functions named after their pattern make one substitution each.
#include "score/tokenize.h"

#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "score/unicode.h"

typedef void Substitution(const char *line, Text *out);

// Applies the substitutions in order to a line that it takes over.
static char *substitute(char *line, Substitution *const *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Text out = {0};
        dm_text_put(&out, "", 0);
        steps[i](line, &out);
        dm_free(line);
        line = out.bytes;
    }
    return line;
}

static char *copy_stripped(const char *line)
{
    size_t length = dm_stripped_length(line);
    char *copy = dm_allocate(length + 1, 1);
    memcpy(copy, line, length);
    return copy;
}

// ---- What 13a and zh share. Every character it asks about is ASCII, and no byte of a longer one is, so that going
// byte by byte is the same as going character by character.

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool stop(char c)
{
    return c == '.' || c == ',';
}

static bool ascii_symbol(char c)
{
    return (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') ||
           (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// ([\{-\~\[-\` -\&\(-\+\:-\@\/]) becomes " \1 "
static void set_off_ascii_symbols(const char *line, Text *out)
{
    for (; *line; line++) {
        if (ascii_symbol(*line)) dm_text_put(out, " ", 1);
        dm_text_put(out, line, 1);
        if (ascii_symbol(*line)) dm_text_put(out, " ", 1);
    }
}

// ([^0-9])([\.,]) becomes "\1 \2 "
static void set_off_stop_after_non_digit(const char *line, Text *out)
{
    while (*line) {
        dm_text_put(out, line, 1);
        if (!digit(line[0]) && stop(line[1])) {
            dm_text_put(out, (const char[]){' ', line[1], ' '}, 3);
            line++;
        }
        line++;
    }
}

// ([\.,])([^0-9]) becomes " \1 \2"
static void set_off_stop_before_non_digit(const char *line, Text *out)
{
    while (*line) {
        if (stop(line[0]) && line[1] && !digit(line[1])) {
            dm_text_put(out, (const char[]){' ', line[0], ' ', line[1]}, 4);
            line += 2;
        } else {
            dm_text_put(out, line++, 1);
        }
    }
}

// ([0-9])(-) becomes "\1 \2 "
static void set_off_dash_after_digit(const char *line, Text *out)
{
    while (*line) {
        dm_text_put(out, line, 1);
        if (digit(line[0]) && line[1] == '-') {
            dm_text_put(out, " - ", 3);
            line++;
        }
        line++;
    }
}

static Substitution *const western[] = {set_off_ascii_symbols, set_off_stop_after_non_digit,
                                        set_off_stop_before_non_digit, set_off_dash_after_digit};

// ---- 13a: the tokenizer of NIST's mteval-v13a

static char *replace_all(char *line, const char *what, const char *with)
{
    Text out = {0};
    dm_text_put(&out, "", 0);
    const char *at = line;
    for (const char *found; (found = strstr(at, what)); at = found + strlen(what)) {
        dm_text_put(&out, at, (size_t)(found - at));
        dm_text_put(&out, with, strlen(with));
    }
    dm_text_put(&out, at, strlen(at));
    dm_free(line);
    return out.bytes;
}

static char *tokenize_13a(const char *line)
{
    static const char *const always[][2] = {{"<skipped>", ""}, {"-\n", ""}, {"\n", " "}};
    static const char *const entities[][2] = {{"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}};
    char *text = copy_stripped(line);
    for (size_t i = 0; i < DM_COUNT(always); i++) text = replace_all(text, always[i][0], always[i][1]);
    bool escaped = strchr(text, '&') != NULL;
    for (size_t i = 0; escaped && i < DM_COUNT(entities); i++) text = replace_all(text, entities[i][0], entities[i][1]);
    char *padded = dm_format(" %s ", text);
    dm_free(text);
    return substitute(padded, western, DM_COUNT(western));
}

// ---- zh: Chinese characters stand alone, then as above (but nothing is unescaped or padded)

// The blocks are those of sacreBLEU, what they hold and what they don't. The first row is no mistake of ours: its table
// has the astral blocks 20000-2A6D6 and 2F800-2FA1D as four hexadecimal digits and a letter, which compares as all of
// 2001-2A6D (quotation marks, dashes, arrows) and 2F81-2FA1; characters beyond FFFF are never split.
static bool chinese_block(uint32_t c)
{
    static const uint32_t blocks[][2] = {
        {0x2001, 0x2A6D}, {0x2E80, 0x2EFF}, {0x2F00, 0x2FDF}, {0x2FF0, 0x2FFF}, {0x3000, 0x303F}, {0x3100, 0x312F},
        {0x31A0, 0x31BF}, {0x31C0, 0x31EF}, {0x3200, 0x32FF}, {0x3300, 0x33FF}, {0x3400, 0x4DB5}, {0x4E00, 0x9FBB},
        {0xF900, 0xFA2D}, {0xFA30, 0xFA6A}, {0xFA70, 0xFAD9}, {0xFE10, 0xFE1F}, {0xFE30, 0xFE4F}, {0xFF00, 0xFFEF},
    };
    for (size_t i = 0; i < DM_COUNT(blocks); i++) {
        if (c >= blocks[i][0] && c <= blocks[i][1]) return true;
    }
    return false;
}

static void set_off_chinese(const char *line, Text *out)
{
    while (*line) {
        uint32_t c = dm_utf8_next(&line);
        bool alone = chinese_block(c);
        if (alone) dm_text_put(out, " ", 1);
        dm_text_put_code_point(out, c);
        if (alone) dm_text_put(out, " ", 1);
    }
}

static char *tokenize_zh(const char *line)
{
    static Substitution *const chinese[] = {set_off_chinese};
    char *text = substitute(copy_stripped(dm_skip_white_space(line)), chinese, DM_COUNT(chinese));
    return substitute(text, western, DM_COUNT(western));
}

// ---- intl: punctuation and symbols of any script (mteval-v14)

// (\P{N})(\p{P}) becomes "\1 \2 "
static void set_off_punctuation_after_non_number(const char *line, Text *out)
{
    while (*line) {
        uint32_t c = dm_utf8_next(&line);
        dm_text_put_code_point(out, c);
        const char *behind = line;
        uint32_t next = *line ? dm_utf8_next(&behind) : 0;
        if (dm_category(c) == 'N' || dm_category(next) != 'P') continue;
        dm_text_put(out, " ", 1);
        dm_text_put_code_point(out, next);
        dm_text_put(out, " ", 1);
        line = behind;
    }
}

// (\p{P})(\P{N}) becomes " \1 \2"
static void set_off_punctuation_before_non_number(const char *line, Text *out)
{
    while (*line) {
        uint32_t c = dm_utf8_next(&line);
        const char *behind = line;
        uint32_t next = *line ? dm_utf8_next(&behind) : 0;
        bool match = dm_category(c) == 'P' && next && dm_category(next) != 'N';
        if (match) dm_text_put(out, " ", 1);
        dm_text_put_code_point(out, c);
        if (!match) continue;
        dm_text_put(out, " ", 1);
        dm_text_put_code_point(out, next);
        line = behind;
    }
}

// (\p{S}) becomes " \1 "
static void set_off_symbols(const char *line, Text *out)
{
    while (*line) {
        uint32_t c = dm_utf8_next(&line);
        bool alone = dm_category(c) == 'S';
        if (alone) dm_text_put(out, " ", 1);
        dm_text_put_code_point(out, c);
        if (alone) dm_text_put(out, " ", 1);
    }
}

static char *tokenize_intl(const char *line)
{
    static Substitution *const steps[] = {set_off_punctuation_after_non_number, set_off_punctuation_before_non_number,
                                          set_off_symbols};
    return substitute(copy_stripped(line), steps, DM_COUNT(steps));
}

// ---- char, none, and the choice

static void set_off_everything(const char *line, Text *out)
{
    while (*line) {
        dm_text_put_code_point(out, dm_utf8_next(&line));
        dm_text_put(out, " ", 1);
    }
}

static char *tokenize_char(const char *line)
{
    static Substitution *const steps[] = {set_off_everything};
    return substitute(copy_stripped(line), steps, DM_COUNT(steps));
}

static const Tokenizer tokenizers[] = {
    {"13a", tokenize_13a},   {"none", copy_stripped}, {"zh", tokenize_zh},
    {"char", tokenize_char}, {"intl", tokenize_intl},
};

const Tokenizer *dm_tokenizer(const char *name)
{
    for (size_t i = 0; i < DM_COUNT(tokenizers); i++) {
        if (!strcmp(tokenizers[i].name, name)) return &tokenizers[i];
    }
    return NULL;
}

Choice dm_tokenizer_choice(int index)
{
    return (Choice){.name = (size_t)index < DM_COUNT(tokenizers) ? tokenizers[index].name : NULL};
}

static bool ideograph(uint32_t c)
{
    return (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x20000 && c <= 0x323AF);
}

static bool in_blocks(const uint32_t (*blocks)[2], size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= blocks[i][0] && c <= blocks[i][1]) return true;
    return false;
}

static bool kana(uint32_t c)
{
    static const uint32_t blocks[][2] = {{0x3041, 0x30FF}, {0x31F0, 0x31FF}, {0xFF66, 0xFF9F}, {0x1AFF0, 0x1B16F}};
    return in_blocks(blocks, DM_COUNT(blocks), c);
}

// Other scripts with no spaces between words.
static bool runs_on(uint32_t c)
{
    static const uint32_t blocks[][2] = {
        {0x0E00, 0x0E7F},  // Thai
        {0x0E80, 0x0EFF},  // Lao
        {0x0F00, 0x0FFF},  // Tibetan
        {0x1000, 0x109F},  // Burmese
        {0x1780, 0x17FF},  // Khmer
        {0x1950, 0x19DF},  // Tai Le, New Tai Lue
        {0x1A20, 0x1AAF},  // Tai Tham
        {0x1B00, 0x1B7F},  // Balinese
        {0xA000, 0xA4CF},  // Yi
        {0xA980, 0xA9DF},  // Javanese
        {0xA9E0, 0xA9FF},  // Burmese
        {0xAA60, 0xAADF},  // Burmese, Tai Viet
    };
    return in_blocks(blocks, DM_COUNT(blocks), c);
}

void dm_scripts_count(ScriptCounts *counts, const char *line)
{
    while (*line) {
        uint32_t c = dm_utf8_next(&line);
        if (ideograph(c))
            counts->ideographs++;
        else if (kana(c))
            counts->kanas++;
        else if (runs_on(c))
            counts->unspaced++;
        else if (!dm_category(c) && !dm_white_space(c))
            counts->others++;
    }
}

// Japanese has many Chinese characters between its kana, Chinese hardly a kana.
const Tokenizer *dm_tokenizer_of_scripts(const ScriptCounts *counts)
{
    const size_t without_spaces = counts->ideographs + counts->kanas + counts->unspaced;
    if (without_spaces <= counts->others) return dm_tokenizer("13a");
    return dm_tokenizer(counts->ideographs > counts->unspaced && counts->ideographs > 9 * counts->kanas ? "zh"
                                                                                                        : "char");
}

const Tokenizer *dm_tokenizer_for(const char *const *lines, size_t count)
{
    ScriptCounts counts = {0};
    for (size_t i = 0; i < count; i++) dm_scripts_count(&counts, lines[i]);
    return dm_tokenizer_of_scripts(&counts);
}
