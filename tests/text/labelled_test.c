// Facts about labelled text: what a model reads of it, the places of its words, labels to ids and back.
#include "test.h"

#include "text/trained_folder.h"

// The trained folder with a vocabulary of labels, of which some are called as special pieces are.
static Segmenter *labelling(const char *name, Labels labels)
{
    static const char *const all[] = {"NOUN", "</s>", "B-PER", "<pad>", "@@"};
    char *trained = trained_folder(), *folder = scratch_path(name), *path = dm_join_path(folder, "target_vocab.json");
    Error error = {""};
    Segmenter *segmenter;
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_segmenter_copy(trained, folder, NULL), DM_OK);
    Vocabulary *vocabulary = dm_vocabulary_create(all, DM_COUNT(all));
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_write(vocabulary, path, NULL), DM_OK);
    dm_vocabulary_free(vocabulary);
    const SegmenterFiles files = {.folder = folder, .kind = "sentencepiece", .separate = true, .labels = labels};
    if (dm_segmenter_open(&segmenter, &files, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    dm_free(trained);
    dm_free(folder);
    dm_free(path);
    return segmenter;
}

static const char *piece_at(const Segmenter *segmenter, const Ids *ids, int at)
{
    return dm_vocabulary_piece(dm_segmenter_vocabulary(segmenter, DM_SOURCE), ids->id[at]);
}

static void free_both(Ids *a, Ids *b)
{
    dm_free(a->id);
    dm_free(b->id);
}

static void a_words_place_is_that_of_its_first_piece(void)
{
    Segmenter *segmenter = labelling("words", DM_LABELS_OF_WORDS);
    Ids ids, words, whole;
    dm_encode_source(segmenter, "  Machine learning\tis China.  ", &ids, &words);
    CU_ASSERT_EQUAL_FATAL(words.count, 4);
    for (int i = 0; i < 4; i++) CU_ASSERT(strncmp(piece_at(segmenter, &ids, words.id[i]), "▁", 3) == 0);
    CU_ASSERT_EQUAL(words.id[0], 0);
    CU_ASSERT(words.id[3] < ids.count - 1 && ids.id[ids.count - 1] == 0);
    dm_encode(segmenter, DM_SOURCE, "Machine learning is China.", &whole);  // no piece goes beyond a word anyway
    CU_ASSERT(ids.count == whole.count && !memcmp(ids.id, whole.id, (size_t)ids.count * sizeof(int)));
    free_both(&ids, &words);
    dm_free(whole.id);
    dm_segmenter_close(segmenter);
}

// A joiner of no width, of which normalisation leaves nothing; a space that does not break, which is one inside a word;
// a word that looks like the code of a language; the pieces that end sentences.
static void whatever_stands_between_blanks_is_one_word(void)
{
    Segmenter *segmenter = labelling("words", DM_LABELS_OF_WORDS);
    Ids ids, words;
    dm_encode_source(segmenter, ">>deu<< \u200b I\u00a0love </s> \U0001F600", &ids, &words);
    CU_ASSERT_EQUAL_FATAL(words.count, 5);
    for (int i = 0; i + 1 < 5; i++) CU_ASSERT(words.id[i] < words.id[i + 1]);
    CU_ASSERT_STRING_EQUAL(piece_at(segmenter, &ids, words.id[1]), "<unk>");
    CU_ASSERT_EQUAL(words.id[2], words.id[1] + 1);
    int ends = 0;
    for (int i = 0; i < ids.count; i++) ends += ids.id[i] == 0;
    CU_ASSERT_EQUAL(ends, 1);
    free_both(&ids, &words);
    char codes[256];
    CU_ASSERT_EQUAL(dm_unknown_code(segmenter, ">>fra<< I", codes), 0);  // it is a word like any other
    dm_encode_source(segmenter, " \t", &ids, &words);
    CU_ASSERT(ids.count == 1 && words.count == 0);
    free_both(&ids, &words);
    dm_segmenter_close(segmenter);
}

static void of_a_sentence_the_first_piece_counts(void)
{
    Segmenter *segmenter = labelling("sentences", DM_LABEL_OF_SENTENCE);
    Ids ids, places;
    dm_encode_source(segmenter, "I love China.", &ids, &places);
    CU_ASSERT(places.count == 1 && places.id[0] == 0);
    free_both(&ids, &places);
    dm_encode_source(segmenter, "", &ids, &places);
    CU_ASSERT(ids.count == 1 && places.count == 0);
    free_both(&ids, &places);
    dm_segmenter_close(segmenter);
}

static void labels_are_ids_and_come_back(void)
{
    Segmenter *segmenter = labelling("words", DM_LABELS_OF_WORDS);
    Ids ids;
    dm_encode(segmenter, DM_TARGET, " B-PER </s>  <pad> VERB @@ NOUN", &ids);
    CU_ASSERT_EQUAL_FATAL(ids.count, 6);
    const int wanted[] = {2, 1, 3, -1, 4, 0};
    CU_ASSERT(memcmp(ids.id, wanted, sizeof wanted) == 0);
    char *text = dm_decode(segmenter, (int[]){2, 1, 3, 4, 0}, 5),
         *unknown = dm_unknown_label(segmenter, "NOUN VERB ADJ"), *none = dm_unknown_label(segmenter, "NOUN @@");
    CU_ASSERT_STRING_EQUAL(text, "B-PER </s> <pad> @@ NOUN");
    CU_ASSERT_STRING_EQUAL(unknown, "VERB");
    CU_ASSERT_PTR_NULL(none);
    dm_free(ids.id);
    dm_encode(segmenter, DM_TARGET, "", &ids);
    CU_ASSERT_EQUAL(ids.count, 0);
    dm_free(ids.id);
    dm_free(text);
    dm_free(unknown);
    dm_segmenter_close(segmenter);
}

static void text_has_no_places(void)
{
    char *folder = trained_folder();
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    Ids ids, places, same;
    dm_encode_source(segmenter, ">>deu<< I love China.", &ids, &places);
    dm_encode(segmenter, DM_SOURCE, ">>deu<< I love China.", &same);
    CU_ASSERT(places.count == 0 && ids.count == same.count);
    CU_ASSERT(memcmp(ids.id, same.id, (size_t)same.count * sizeof(int)) == 0);
    free_both(&ids, &places);
    dm_free(same.id);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

// The most frequent first, among equals by their bytes; words are no pieces of it, nor labels of the other.
static void training_makes_a_vocabulary_of_labels(void)
{
    char *words[] = {"a b c", "d a"}, *labels[] = {"X </s> X", "B A"};
    const dm_lines text = {words, 2}, target = {labels, 2};
    char *folder = scratch_path("made");
    Error error = {""};
    const SegmenterTraining training = {
        .folder = folder, .kind = "space", .text = &text, .text_count = 1, .text_name = "text", .labels = &target};
    CU_ASSERT_EQUAL_FATAL(dm_segmenter_train(&training, &error), DM_OK);
    Segmenter *segmenter;
    const SegmenterFiles files = {.folder = folder, .kind = "space", .separate = true, .labels = DM_LABELS_OF_WORDS};
    CU_ASSERT_EQUAL_FATAL(dm_segmenter_open(&segmenter, &files, &error), DM_OK);
    const Vocabulary *of_labels = dm_segmenter_vocabulary(segmenter, DM_TARGET);
    static const char *const wanted[] = {"X", "</s>", "A", "B"};
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_size(of_labels), 4);
    for (int i = 0; i < 4; i++) CU_ASSERT_STRING_EQUAL(dm_vocabulary_piece(of_labels, i), wanted[i]);
    CU_ASSERT_EQUAL(dm_vocabulary_size(dm_segmenter_vocabulary(segmenter, DM_SOURCE)), 4 + 3);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

const Fact facts[] = {
    FACT(a_words_place_is_that_of_its_first_piece),
    FACT(whatever_stands_between_blanks_is_one_word),
    FACT(of_a_sentence_the_first_piece_counts),
    FACT(labels_are_ids_and_come_back),
    FACT(text_has_no_places),
    FACT(training_makes_a_vocabulary_of_labels),
    {NULL, NULL},
};
