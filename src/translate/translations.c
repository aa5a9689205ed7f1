// What a caller is given, and gives back.

#include "core/memory.h"
#include "dragoman/dragoman.h"

static void free_words(char **words, int count)
{
    for (int i = 0; i < count; i++) dm_free(words[i]);
    dm_free(words);
}

void dm_translations_free(dm_translation *translations, size_t count)
{
    for (dm_translation *t = translations; t < translations + count; t++) {
        for (dm_hypothesis *h = t->hypotheses; h < t->hypotheses + t->count; h++) {
            dm_free(h->text);
            dm_free(h->piece);
            dm_free(h->piece_scores);
            dm_free(h->accepted);
            free_words(h->word, h->words);
            dm_free(h->alignment);
        }
        dm_free(t->hypotheses);
        free_words(t->source_word, t->source_words);
        *t = (dm_translation){0};
    }
}
