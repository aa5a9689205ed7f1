// What a caller is given, and gives back.
#include <stdlib.h>

#include "dragoman/dragoman.h"

static void free_words(char **words, int count)
{
    for (int i = 0; i < count; i++) free(words[i]);
    free(words);
}

void dm_translations_free(dm_translation *translations, size_t count)
{
    for (dm_translation *t = translations; t < translations + count; t++) {
        for (dm_hypothesis *h = t->hypotheses; h < t->hypotheses + t->count; h++) {
            free(h->text);
            free(h->piece);
            free(h->piece_scores);
            free_words(h->word, h->words);
            free(h->alignment);
        }
        free(t->hypotheses);
        free_words(t->source_word, t->source_words);
        *t = (dm_translation){0};
    }
}
