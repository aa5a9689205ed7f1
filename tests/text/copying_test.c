// Facts about what pieces are copied as: ids where the vocabulary has them, and else places of the source.
#include "text/trained_folder.h"

static Segmenter *spaced(void)
{
    dm_free(scratch_write("spaced/vocab.json", "{\"</s>\": 0, \"<unk>\": 1, \"a\": 2, \"b\": 3, \"<pad>\": 4}"));
    char *folder = scratch_path("spaced");
    Segmenter *segmenter = opened(folder, "space", false);
    dm_free(folder);
    return segmenter;
}

static bool are(const Ids *ids, const int *wanted, int count)
{
    return ids->count == count && (!count || memcmp(ids->id, wanted, (size_t)count * sizeof(int)) == 0);
}

static void unknown_pieces_are_places_of_the_source(void)
{
    static const struct {
        const char *source, *target;
        int count, copies[8], written_count, written[8];
    } cases[] = {
        {"a x b y x", "y a x z b", 6, {2, 6, 3, 8, 6, 0}, 6, {8, 2, 6, 1, 3, 0}},
        {"a b", "x <unk>", 3, {2, 3, 0}, 3, {1, 1, 0}},
        {"<pad> </s> <unk> x", "x </s>", 5, {5, 6, 7, 8, 0}, 3, {8, 6, 0}},  // spelt as what is no text
        {"", "x", 1, {0}, 2, {1, 0}},
        {"x", NULL, 2, {5, 0}, 0, {0}},
    };
    Segmenter *segmenter = spaced();
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Ids copies, written = {0};
        dm_encode_copies(segmenter, cases[i].source, cases[i].target, &copies, &written);
        CU_ASSERT(are(&copies, cases[i].copies, cases[i].count));
        CU_ASSERT(are(&written, cases[i].written, cases[i].written_count));
        dm_free(copies.id), dm_free(written.id);
    }
    dm_segmenter_close(segmenter);
}

// What was written by pieces comes back as text, copies by the pieces of the source.
static void copies_are_text_again(void)
{
    static const char *const pairs[][2] = {{"a x b yy x", "yy a x b"}, {"☂ a ☃", "☃ ☃ a"}, {"a", "b"}};
    Segmenter *segmenter = spaced();
    for (size_t i = 0; i < DM_COUNT(pairs); i++) {
        Ids copies, written;
        dm_encode_copies(segmenter, pairs[i][0], pairs[i][1], &copies, &written);
        dm_free(copies.id);
        char **pieces = dm_pieces_to_copy(segmenter, pairs[i][0], &copies),
             *text = dm_decode_copies(segmenter, written.id, written.count, pieces);
        CU_ASSERT_STRING_EQUAL(text, pairs[i][1]);
        dm_pieces_free(pieces, copies.count);
        dm_free(copies.id), dm_free(written.id), dm_free(text);
    }
    dm_segmenter_close(segmenter);
}

// Letters that a SentencePiece model has never seen.
static void unknown_letters_are_copied_too(void)
{
    char *folder = trained_folder();
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    const int size = dm_vocabulary_size(dm_segmenter_vocabulary(segmenter, DM_TARGET));
    Ids copies, written;
    dm_encode_copies(segmenter, "I love ☂ here", "love ☂", &copies, &written);
    int beyond = 0;
    for (int i = 0; i < written.count; i++) {
        if (written.id[i] < size) continue;
        beyond++;
        CU_ASSERT(written.id[i] - size < copies.count && copies.id[written.id[i] - size] == written.id[i]);
    }
    CU_ASSERT_EQUAL(beyond, 1);
    dm_free(copies.id);
    char **pieces = dm_pieces_to_copy(segmenter, "I love ☂ here", &copies),
         *text = dm_decode_copies(segmenter, written.id, written.count, pieces);
    CU_ASSERT_STRING_EQUAL(text, "love ☂");
    dm_pieces_free(pieces, copies.count);
    dm_free(copies.id), dm_free(written.id), dm_free(text);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

const Fact facts[] = {
    FACT(unknown_pieces_are_places_of_the_source),
    FACT(copies_are_text_again),
    FACT(unknown_letters_are_copied_too),
    {NULL, NULL},
};
