// Facts about labelled text: what a model reads of it, the places of its words, labels to ids and back.
#include "test.h"

#include "text/tokenizer_json.h"
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

// ---- A tokenizer.json alone, and labels that the configuration names ------------------------------------------------

// More labels than the source has pieces.
static const char *const *named(int *count)
{
    enum { MANY = 300 };
    static char names[MANY][16];
    static const char *list[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "L%d", i);
        list[i] = names[i];
    }
    *count = MANY;
    return list;
}

// Of the trained folder, with these pieces around a text; eos: of config.json.
static Status open_tokenizer(Segmenter **segmenter, Labels labels, const char *before, const char *behind, Error *error)
{
    char *trained = trained_folder(), *folder = scratch_path("tokenizer");
    Segmenter *whole = opened(trained, "sentencepiece", false);
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(
        dm_tokenizer_json_write(&(TokenizerJson){.vocabulary = dm_segmenter_vocabulary(whole, DM_SOURCE),
                                                 .model = dm_segmenter_model(whole, DM_SOURCE),
                                                 .before = before,
                                                 .behind = behind},
                                folder, NULL),
        DM_OK);
    SegmenterFiles files = {.folder = folder, .kind = "sentencepiece", .separate = true, .labels = labels};
    files.label_names = named(&files.label_count);
    const Status status = dm_segmenter_open(segmenter, &files, error);
    dm_segmenter_close(whole);
    dm_free(trained);
    dm_free(folder);
    return status;
}

static void names_of_the_configuration_are_the_labels(void)
{
    Segmenter *segmenter;
    CU_ASSERT_EQUAL_FATAL(open_tokenizer(&segmenter, DM_LABELS_OF_WORDS, NULL, "</s>", NULL), DM_OK);
    Ids ids;
    dm_encode(segmenter, DM_TARGET, "L1 ADJ L0", &ids);
    CU_ASSERT_EQUAL_FATAL(ids.count, 3);
    CU_ASSERT(ids.id[0] == 1 && ids.id[1] == -1 && ids.id[2] == 0);
    dm_free(ids.id);
    int count;
    named(&count);
    for (int id = 0; id < count; id++) {  // also where the source has a special piece
        char *text = dm_decode(segmenter, &id, 1), *name = dm_format("L%d", id);
        CU_ASSERT_STRING_EQUAL(text, name);
        dm_free(text);
        dm_free(name);
    }
    dm_segmenter_close(segmenter);
}

// As BERT has [CLS]: a sentence's label is that of this piece, a word's still that of its own first one.
static void what_is_labelled_begins_as_the_tokenizer_has_it(void)
{
    static const struct {
        Labels labels;
        const char *line;
        int places;
    } cases[] = {{DM_LABELS_OF_WORDS, "I love China.", 3},
                 {DM_LABEL_OF_SENTENCE, "I love China.", 1},
                 {DM_LABELS_OF_WORDS, " ", 0},
                 {DM_LABEL_OF_SENTENCE, "", 0}};
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (int first = 0; first < 2; first++) {
            Segmenter *segmenter;
            CU_ASSERT_EQUAL_FATAL(open_tokenizer(&segmenter, cases[i].labels, first ? "<unk>" : NULL, "</s>", NULL),
                                  DM_OK);
            Ids ids, places;
            dm_encode_source(segmenter, cases[i].line, &ids, &places);
            const bool begins = first && cases[i].places, of_words = cases[i].labels == DM_LABELS_OF_WORDS;
            CU_ASSERT_EQUAL_FATAL(places.count, cases[i].places);
            if (begins) CU_ASSERT_STRING_EQUAL(piece_at(segmenter, &ids, 0), "<unk>");
            if (places.count) CU_ASSERT_EQUAL(places.id[0], begins && of_words);
            if (places.count > 1) CU_ASSERT(strncmp(piece_at(segmenter, &ids, places.id[1]), "▁", 3) == 0);
            CU_ASSERT(ids.id[ids.count - 1] == 0 && (places.count || ids.count == 1));
            free_both(&ids, &places);
            dm_segmenter_close(segmenter);
        }
}

static void a_tokenizer_that_does_not_end_what_is_labelled_is_refused(void)
{
    static const char *const behind[] = {NULL, "<unk>"};
    for (size_t i = 0; i < DM_COUNT(behind); i++) {
        Segmenter *segmenter;
        Error error = {"no error"};
        CU_ASSERT_EQUAL(open_tokenizer(&segmenter, DM_LABELS_OF_WORDS, NULL, behind[i], &error), DM_FAILURE);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "\"post_processor\" has to put eos_token_id (0) behind a text"));
    }
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
    FACT(names_of_the_configuration_are_the_labels),
    FACT(what_is_labelled_begins_as_the_tokenizer_has_it),
    FACT(a_tokenizer_that_does_not_end_what_is_labelled_is_refused),
    FACT(training_makes_a_vocabulary_of_labels),
    {NULL, NULL},
};
