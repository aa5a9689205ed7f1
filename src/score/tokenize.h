// The tokenizers of sacreBLEU 2.6: 13a, none, zh, char, intl.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/choice.h"

typedef char *Tokenize(const char *line);  // the line with white space between its tokens; the caller frees it

typedef struct Tokenizer {
    const char *name;
    Tokenize *tokenize;
} Tokenizer;

const Tokenizer *dm_tokenizer(const char *name);  // NULL if there is none of this name
Choice dm_tokenizer_choice(int index);

// The tokenizer for references that nobody named one for: where most letters are of scripts without spaces between
// words, zh if they are Chinese characters, else char (Japanese, Thai, Lao, Khmer, Burmese, Tibetan ...); else 13a.
const Tokenizer *dm_tokenizer_for(const char *const *lines, size_t count);
// The same of lines that come one by one.
typedef struct ScriptCounts {
    size_t ideographs, kanas, unspaced, others;  // letters
} ScriptCounts;
void dm_scripts_count(ScriptCounts *counts, const char *line);
const Tokenizer *dm_tokenizer_of_scripts(const ScriptCounts *counts);
