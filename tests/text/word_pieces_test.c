// Facts about which word of a line its pieces belong to.
#include "text/trained_folder.h"

// The words of a line are what their own pieces spell.
static void words_are_spelt_by_their_pieces(void)
{
    static const char *const lines[] = {"Where is the capital of China?",
                                        "  half-width\t?!,.  \"quotes\" ",
                                        "left",
                                        "",
                                        ">>deu<< Ich liebe China.",
                                        "x ☂☂ y unknown ☃letters",
                                        "机器学习 很有意思。",
                                        "2024 3.14 1,000 a b c d e f g h"};
    char *folder = trained_folder();
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    for (size_t k = 0; k < DM_COUNT(lines); k++) {
        Ids ids;
        char **pieces = dm_encode_pieces(segmenter, DM_SOURCE, lines[k], &ids), *copy = dm_copy_string(lines[k]),
             *rest = NULL;
        const int count = ids.count - 1;
        int word_of[64], at = 0, number = 0;
        CU_ASSERT_FATAL(dm_words_of_pieces(segmenter, DM_SOURCE, lines[k], count, word_of));
        for (char *word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest), number++) {
            const int first = at;
            while (at < count && word_of[at] == number) at++;
            char *spelt = dm_join_pieces(segmenter, (const char *const *)pieces + first, at - first);
            CU_ASSERT_STRING_EQUAL(spelt, word);
            dm_free(spelt);
        }
        CU_ASSERT(at == count && number == dm_count_words(lines[k]));
        CU_ASSERT(!dm_words_of_pieces(segmenter, DM_SOURCE, lines[k], count + 1, word_of));
        CU_ASSERT(!count || !dm_words_of_pieces(segmenter, DM_SOURCE, lines[k], count - 1, word_of));
        dm_pieces_free(pieces, ids.count);
        dm_free(ids.id);
        dm_free(copy);
    }
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

static void of_text_in_pieces_each_is_a_word(void)
{
    dm_free(scratch_write("spaced/vocab.json", "{\"</s>\": 0, \"<unk>\": 1, \"tr@@\": 2, \"late\": 3, \"<pad>\": 4}"));
    char *folder = scratch_path("spaced");
    Segmenter *segmenter = opened(folder, "space", false);
    int word_of[4] = {-1, -1, -1, -1};
    CU_ASSERT(dm_words_of_pieces(segmenter, DM_TARGET, "tr@@ ans  late", 3, word_of));
    CU_ASSERT(word_of[0] == 0 && word_of[1] == 1 && word_of[2] == 2 && word_of[3] == -1);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

const Fact facts[] = {FACT(words_are_spelt_by_their_pieces), FACT(of_text_in_pieces_each_is_a_word), {NULL, NULL}};
