// Words become numbers by sorting: those that are equal are neighbours then.
#include "score/words.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "score/unicode.h"

typedef struct Word {
    const char *text;
    size_t length;
    int stream;    // whose word it is: 0 the hypothesis, then the references
    size_t place;  // in its stream
} Word;

typedef struct Words {
    Word *word;
    size_t count, room;
} Words;

// Cuts a text at white space. Returns how many words it has.
static size_t add_words(Words *words, const char *text, int stream)
{
    size_t place = 0;
    for (const char *at = dm_skip_white_space(text); *at; at = dm_skip_white_space(at)) {
        const char *start = at, *end = at;
        while (*at && !dm_white_space(dm_utf8_next(&at))) end = at;
        if (words->count == words->room) {
            words->room = 2 * words->room + 64;
            words->word = dm_reallocate(words->word, words->room, sizeof *words->word);
        }
        words->word[words->count++] = (Word){start, (size_t)(end - start), stream, place++};
    }
    return place;
}

static int compare_words(const void *first, const void *second)
{
    const Word *a = first, *b = second;
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    return memcmp(a->text, b->text, a->length);
}

static void number_words(Words *words, Symbols *symbols)
{
    if (words->count) qsort(words->word, words->count, sizeof *words->word, compare_words);
    uint32_t number = 0;
    for (size_t i = 0; i < words->count; i++) {
        const Word *word = &words->word[i];
        if (i == 0 || compare_words(word - 1, word) != 0) number++;
        symbols[word->stream].symbol[word->place] = number;
    }
}

static char *prepare(const char *line, Tokenize *tokenize, bool lower_case)
{
    char *lower = lower_case ? dm_lower_case(line) : NULL;
    if (!tokenize) return lower ? lower : dm_copy_string(line);
    char *text = tokenize(lower ? lower : line);
    dm_free(lower);
    return text;
}

Symbols *dm_words(const Comparison *comparison, size_t line, Tokenize *tokenize, bool lower_case)
{
    int streams = 1 + comparison->reference_count;
    Symbols *symbols = dm_allocate((size_t)streams, sizeof *symbols);
    char **texts = dm_allocate((size_t)streams, sizeof *texts);
    Words words = {0};
    for (int s = 0; s < streams; s++) {
        const char *text = s == 0 ? comparison->hypotheses[line] : comparison->references[s - 1][line];
        texts[s] = prepare(text, tokenize, lower_case);
        symbols[s].length = add_words(&words, texts[s], s);
        symbols[s].symbol = dm_allocate(symbols[s].length + 1, sizeof(uint32_t));
    }
    number_words(&words, symbols);
    for (int s = 0; s < streams; s++) dm_free(texts[s]);
    dm_free(texts);
    dm_free(words.word);
    return symbols;
}

void dm_words_free(Symbols *words, const Comparison *comparison)
{
    for (int s = 0; s <= comparison->reference_count; s++) dm_symbols_free(&words[s]);
    dm_free(words);
}

Cut dm_cut_words(const char *line)
{
    Words words = {0};
    Cut cut = {.text = dm_copy_string(line)};
    cut.count = add_words(&words, cut.text, 0);
    cut.word = dm_allocate(cut.count, sizeof *cut.word);
    for (size_t i = 0; i < cut.count; i++) {
        cut.word[i] = words.word[i].text;
        cut.text[(size_t)(words.word[i].text - cut.text) + words.word[i].length] = '\0';
    }
    dm_free(words.word);
    return cut;
}

void dm_cut_free(Cut *cut)
{
    dm_free(cut->text);
    dm_free(cut->word);
    *cut = (Cut){0};
}
