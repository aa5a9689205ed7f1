// dm_align: the word links of a text, by a lexicon of itself. Words are what blanks separate, as they stand.
#include <string.h>

#include "core/hash.h"
#include "core/lines.h"
#include "core/memory.h"
#include "core/observer.h"
#include "core/scope.h"
#include "core/threads.h"
#include "core/utf8.h"
#include "data/inputs.h"
#include "data/lexicon.h"
#include "data/symmetrize.h"

// ---- Words to numbers -----------------------------------------------------------------------------------------------

// The words of one side of a text, numbered in the order in which they come.
typedef struct NumberedWords {
    int *number;    // [words] those of all lines, one behind the other
    size_t *first;  // [lines + 1] of a line
} NumberedWords;

typedef struct WordTable {
    const char **word;  // [slots] where it was first met; NULL: the slot is free
    int *length, *number;
    size_t slots, used;  // a power of two, and at most half of it
} WordTable;

static size_t slot_of(const WordTable *table, const char *word, size_t length)
{
    size_t at = dm_hash_text(word, length) & (table->slots - 1);
    while (table->word[at] && ((size_t)table->length[at] != length || memcmp(table->word[at], word, length) != 0))
        at = (at + 1) & (table->slots - 1);
    return at;
}

static void make_slots(WordTable *table, size_t slots)
{
    table->word = dm_allocate(slots, sizeof *table->word);
    table->length = dm_allocate(slots, sizeof *table->length);
    table->number = dm_allocate(slots, sizeof *table->number);
    table->slots = slots;
}

static void free_slots(WordTable *table)
{
    dm_free(table->word);
    dm_free(table->length);
    dm_free(table->number);
}

static void put(WordTable *table, const char *word, int length, int number)
{
    const size_t at = slot_of(table, word, (size_t)length);
    table->word[at] = word;
    table->length[at] = length;
    table->number[at] = number;
}

static void grow(WordTable *table)
{
    WordTable larger = {.used = table->used};
    make_slots(&larger, 2 * table->slots);
    for (size_t k = 0; k < table->slots; k++)
        if (table->word[k]) put(&larger, table->word[k], table->length[k], table->number[k]);
    free_slots(table);
    *table = larger;
}

static int number_of(WordTable *table, const char *word, size_t length)
{
    const size_t at = slot_of(table, word, length);
    if (table->word[at]) return table->number[at];
    const int number = (int)table->used++;
    put(table, word, (int)length, number);
    if (2 * table->used > table->slots) grow(table);
    return number;
}

static NumberedWords number_words(const dm_lines *lines)
{
    NumberedWords words = {.first = dm_allocate(lines->count + 1, sizeof *words.first)};
    WordTable table = {0};
    for (size_t i = 0; i < lines->count; i++)
        words.first[i + 1] = words.first[i] + (size_t)dm_count_words(lines->line[i]);
    words.number = dm_allocate(words.first[lines->count], sizeof *words.number);
    make_slots(&table, 1 << 12);
    int *number = words.number;
    for (size_t i = 0; i < lines->count; i++)
        for (const char *at = lines->line[i] + strspn(lines->line[i], DM_BLANKS); *at; at += strspn(at, DM_BLANKS)) {
            const size_t length = strcspn(at, DM_BLANKS);
            *number++ = number_of(&table, at, length);
            at += length;
        }
    free_slots(&table);
    return words;
}

static int count_of(const NumberedWords *words, size_t line)
{
    return (int)(words->first[line + 1] - words->first[line]);
}

// ---- Links ----------------------------------------------------------------------------------------------------------

typedef struct AlignedText {
    NumberedWords words[2];
    PiecePair *pair;  // [count]
    int **from[2];    // [count] of each side's words, into room[side]
    int *room[2];
    int count;
} AlignedText;

static AlignedText number_text(const Bitext *text)
{
    AlignedText a = {.count = (int)dm_bitext_count(text)};
    a.pair = dm_allocate((size_t)a.count, sizeof *a.pair);
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        a.words[side] = number_words(&text->lines[side]);
        a.room[side] = dm_allocate(a.words[side].first[a.count], sizeof *a.room[side]);
        a.from[side] = dm_allocate((size_t)a.count, sizeof *a.from[side]);
        for (int i = 0; i < a.count; i++) a.from[side][i] = a.room[side] + a.words[side].first[i];
    }
    const NumberedWords *source = &a.words[DM_SOURCE], *target = &a.words[DM_TARGET];
    for (size_t i = 0; i < (size_t)a.count; i++)
        a.pair[i] = (PiecePair){source->number + source->first[i], target->number + target->first[i],
                                count_of(source, i), count_of(target, i)};
    return a;
}

static void free_text(AlignedText *a)
{
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        dm_free(a->words[side].number);
        dm_free(a->words[side].first);
        dm_free(a->room[side]);
        dm_free(a->from[side]);
    }
    dm_free(a->pair);
}

static LinkedPairs link_text(const Bitext *text, const Symmetrization *how, int threads)
{
    AlignedText a = number_text(text);
    Lexicon lexicon;
    LinkedPairs links = {0};
    dm_lexicon_fit(&lexicon, a.pair, a.count, threads, NULL);
    dm_lexicon_align_all(&lexicon, a.pair, a.count, (int *const *const[2]){a.from[DM_SOURCE], a.from[DM_TARGET]},
                         threads);
    dm_lexicon_free(&lexicon);
    for (int i = 0; i < a.count; i++) {
        const TwoAlignments two = {{a.from[DM_SOURCE][i], a.from[DM_TARGET][i]}, a.pair[i].sources, a.pair[i].targets};
        dm_symmetrize(&links, how, &two);
    }
    free_text(&a);
    return links;
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

static Status write_lines(dm_lines *lines, const LinkedPairs *links, Error *error)
{
    size_t used = 0, room = 1 << 16;
    char *text = dm_reallocate(NULL, room, 1);
    for (size_t i = 0; i < links->pairs; i++) {
        char *line = dm_links_format(dm_links_of(links, i));
        const size_t length = strlen(line);
        if (used + length + 2 > room) text = dm_reallocate(text, room = 2 * (room + length), 1);
        memcpy(text + used, line, length);
        used += length;
        text[used++] = '\n';
        dm_free(line);
    }
    text[used] = '\0';
    return dm_lines_cut(lines, text, used, "the links", NULL, error);
}

static Status align(const dm_options *options, const dm_observer *observer, dm_lines *lines, Error *error)
{
    const int threads = (int)dm_options_number(options, "cpu-threads");
    Bitext text = {0};
    Status status = dm_options_complete(options, error);
    if (!status) status = dm_inputs_check(options, (const char *const[]){"train-sets", "tsv", NULL}, error);
    if (!status) status = dm_bitext_of_options(&text, options, "train-sets", "tsv", error);
    if (!status) {
        dm_bitext_say_mended(&text, observer);
        LinkedPairs links = link_text(&text, dm_symmetrization_of(dm_options_text(options, "symmetrize", 0)),
                                      threads ? threads : dm_processors());
        status = write_lines(lines, &links, error);
        dm_links_free(&links);
    }
    dm_bitext_free(&text);
    return status;
}

dm_status dm_align(const dm_options *options, const dm_observer *observer, dm_lines *links, dm_error *error)
{
    Status status;
    *links = (dm_lines){0};
    DM_SCOPE(status, error, align(options, observer, links, error));
    if (status) *links = (dm_lines){0};
    return status;
}
