// Facts about making a segmenter: the layout of ids, sizes that the text does not allow, the same bytes every time.
#include "test.h"

#include "core/lines.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "text/scratch.h"
#include "text/segmenter.h"

static const char chinese[] = "猫坐在垫子上\n狗坐在木头上\n猫看见了狗\n猫和狗坐着看\n垫子和木头\n";
static const char english[] = "the cat sat on the mat\nthe dog sat on the log\nthe cat saw the dog\n"
                              "a cat and a dog sat and saw\nthe mat and the log\n";

static Status train_with(const char *const *texts, int count, SegmenterTraining training, const char *name,
                         Error *error)
{
    dm_lines lines[2];
    for (int i = 0; i < count; i++)
        if (dm_lines_cut(&lines[i], dm_copy_string(texts[i]), strlen(texts[i]), "text", NULL, NULL)) abort();
    char *folder = scratch_path(name), *first = dm_copy_string(lines[0].count ? lines[0].line[0] : "");
    training.folder = folder;
    training.text = lines;
    training.text_count = count;
    training.text_name = "text.zh and text.en";
    training.languages[0] = "zh", training.languages[1] = "en";
    Status status = dm_segmenter_train(&training, error);
    if (lines[0].count) CU_ASSERT_STRING_EQUAL(lines[0].line[0], first);  // the text is as it was
    for (int i = 0; i < count; i++) dm_lines_free(&lines[i]);
    dm_free(first);
    dm_free(folder);
    return status;
}

static Status train_on(const char *const *texts, int count, const char *kind, int size, const char *name, Error *error)
{
    return train_with(texts, count, (SegmenterTraining){.kind = kind, .size = size}, name, error);
}

static Status train(const char *kind, int size, const char *name, Error *error)
{
    return train_on((const char *[]){chinese, english}, 2, kind, size, name, error);
}

static Vocabulary *vocabulary_of(const char *name)
{
    char *folder = scratch_path(name), *path = dm_join_path(folder, "vocab.json");
    Vocabulary *vocabulary = NULL;
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_read(&vocabulary, path, NULL), DM_OK);
    dm_free(folder);
    dm_free(path);
    return vocabulary;
}

static void ids_are_laid_out_as_in_a_marian_folder(void)
{
    static const char *const kinds[] = {"unigram", "bpe"};
    for (size_t k = 0; k < DM_COUNT(kinds); k++) {
        Error error = {""};
        CU_ASSERT_EQUAL_FATAL(train(kinds[k], 40, kinds[k], &error), DM_OK);
        Vocabulary *vocabulary = vocabulary_of(kinds[k]);
        CU_ASSERT_EQUAL(dm_vocabulary_size(vocabulary), 40);
        CU_ASSERT_EQUAL(dm_vocabulary_id(vocabulary, "</s>"), 0);
        CU_ASSERT_EQUAL(dm_vocabulary_id(vocabulary, "<unk>"), 1);
        CU_ASSERT_EQUAL(dm_vocabulary_id(vocabulary, "<pad>"), 39);
        CU_ASSERT_EQUAL(dm_vocabulary_id(vocabulary, "<s>"), -1);
        CU_ASSERT(dm_vocabulary_id(vocabulary, "▁") > 1);
        CU_ASSERT(dm_vocabulary_id(vocabulary, "猫") > 1);
        dm_vocabulary_free(vocabulary);
    }
}

static void the_folder_holds_what_marian_tokenizer_needs(void)
{
    static const char *const names[] = {"vocab.json", "source.spm", "target.spm", "tokenizer_config.json"};
    CU_ASSERT_EQUAL_FATAL(train("bpe", 60, "all", NULL), DM_OK);
    char *folder = scratch_path("all");
    for (size_t i = 0; i < DM_COUNT(names); i++) {
        char *path = dm_join_path(folder, names[i]), *text;
        CU_ASSERT_EQUAL_FATAL(dm_read_file(path, &text, NULL, NULL), DM_OK);
        if (i == 3) {
            CU_ASSERT(contains(text, "\"tokenizer_class\": \"MarianTokenizer\""));
            CU_ASSERT(contains(text, "\"source_lang\": \"zh\""));
            CU_ASSERT(contains(text, "\"target_lang\": \"en\""));
        }
        dm_free(text);
        dm_free(path);
    }
    dm_free(folder);
}

static void the_same_text_gives_the_same_bytes(void)
{
    static const char *const names[] = {"vocab.json", "source.spm", "target.spm"};
    CU_ASSERT_EQUAL_FATAL(train("unigram", 40, "first", NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(train("unigram", 40, "second", NULL), DM_OK);
    char *first = scratch_path("first"), *second = scratch_path("second");
    for (size_t i = 0; i < DM_COUNT(names); i++) {
        char *a = dm_join_path(first, names[i]), *b = dm_join_path(second, names[i]), *left, *right;
        size_t left_size, right_size;
        CU_ASSERT_EQUAL_FATAL(dm_read_file(a, &left, &left_size, NULL), DM_OK);
        CU_ASSERT_EQUAL_FATAL(dm_read_file(b, &right, &right_size, NULL), DM_OK);
        CU_ASSERT(left_size == right_size && memcmp(left, right, left_size) == 0);
        dm_free(left);
        dm_free(right);
        dm_free(a);
        dm_free(b);
    }
    dm_free(first);
    dm_free(second);
}

static int number_after(const char *message, const char *words)
{
    const char *at = strstr(message, words);
    return at ? atoi(at + strlen(words)) : -1;
}

// The size that the message names is taken, and one more or one less is not.
static void a_size_that_the_text_does_not_allow_is_refused_with_the_nearest(void)
{
    static const char *const kinds[] = {"unigram", "bpe", "space"};
    for (size_t k = 0; k < DM_COUNT(kinds); k++) {
        Error error = {""};
        CU_ASSERT_EQUAL(train(kinds[k], 8000, "large", &error), DM_FAILURE);
        CU_ASSERT(contains(error.message, "the vocabulary of 8,000 is larger than this text allows: at most "));
        int most = number_after(error.message, "at most ");
        CU_ASSERT_EQUAL(train(kinds[k], most + 1, "large", NULL), DM_FAILURE);
        CU_ASSERT_EQUAL(train(kinds[k], most, "large", NULL), DM_OK);
        Vocabulary *vocabulary = vocabulary_of("large");
        CU_ASSERT_EQUAL(dm_vocabulary_size(vocabulary), most);
        dm_vocabulary_free(vocabulary);
    }
    for (size_t k = 0; k < 2; k++)
        for (int size = -1; size < 7; size += 3) {
            Error error = {""};
            CU_ASSERT_EQUAL(train(kinds[k], size, "small", &error), DM_FAILURE);
            CU_ASSERT(contains(error.message, "is smaller than this text allows: its characters alone need at least "));
            int least = number_after(error.message, "at least ");
            CU_ASSERT_EQUAL(train(kinds[k], least - 1, "small", NULL), DM_FAILURE);
            CU_ASSERT_EQUAL(train(kinds[k], least, "small", NULL), DM_OK);
        }
}

// Down to what the text allows, and up to what its characters need.
static void a_size_that_adapts_is_the_nearest(void)
{
    static const char *const kinds[] = {"unigram", "bpe"}, *const texts[] = {chinese, english};
    for (size_t k = 0; k < DM_COUNT(kinds); k++)
        for (int size = 4; size <= 8000; size += 7996) {
            Error error = {""};
            CU_ASSERT_EQUAL(train(kinds[k], size, "fixed", &error), DM_FAILURE);
            const int nearest = number_after(error.message, size > 4 ? "at most " : "at least ");
            CU_ASSERT_EQUAL(train_with(texts, 2, (SegmenterTraining){.kind = kinds[k], .size = size, .adapts = true},
                                       "adapted", NULL),
                            DM_OK);
            Vocabulary *vocabulary = vocabulary_of("adapted");
            CU_ASSERT_EQUAL(dm_vocabulary_size(vocabulary), nearest);
            dm_vocabulary_free(vocabulary);
        }
}

// Of a text of few characters each is a piece, however rare it is; of one with many the rarest 0.05% are not.
static void rare_characters_are_left_out_where_there_are_many(void)
{
    enum { TIMES = 4000, MANY = 200, RARE = 8 };
    char *few = dm_allocate(TIMES * 10 + 16, 1), *many = dm_allocate(TIMES * 10 + (MANY * 20 + RARE) * 16, 1),
         *at = many;
    for (int i = 0; i < TIMES * 10; i++) few[i] = (char)(i % 10 == 9 ? '\n' : 'a' + i * i % 97 * (i / 10) % 9);
    strcat(few, "abc\u0436\n");
    for (uint32_t i = 0; i < MANY * 20; i++) {  // more than 2,000 characters for one that is rare
        for (uint32_t k = 0; k < 4; k++) at += dm_utf8_put(0x4E00 + (i * 7 + k * 31) % MANY, at);
        *at++ = '\n';
    }
    for (uint32_t i = 0; i < RARE; i++) {
        at += dm_utf8_put(0x6000 + i, at);
        *at++ = '\n';
    }
    static const char *const kinds[] = {"unigram", "bpe"};
    for (size_t k = 0; k < DM_COUNT(kinds); k++) {
        CU_ASSERT_EQUAL_FATAL(train_on((const char *[]){few}, 1, kinds[k], 30, "few", NULL), DM_OK);
        CU_ASSERT_EQUAL_FATAL(train_on((const char *[]){many}, 1, kinds[k], 300, "many", NULL), DM_OK);
        Vocabulary *of_few = vocabulary_of("few"), *of_many = vocabulary_of("many");
        CU_ASSERT(dm_vocabulary_id(of_few, "\u0436") > 1);
        CU_ASSERT(dm_vocabulary_id(of_many, "\u4E00") > 1);
        CU_ASSERT(dm_vocabulary_id(of_many, "\u6007") < 0);
        dm_vocabulary_free(of_few), dm_vocabulary_free(of_many);
    }
    dm_free(few), dm_free(many);
}

// Khmer, Tifinagh, Cherokee, Mongolian, Tibetan, Ethiopic, Yi, Gothic, Cuneiform, Han beyond the first plane, an accent
// by itself, a picture, a mark of nobody's.
static void every_script_is_learned_from(void)
{
    static const char *const texts[] = {"\u179F\u17BD\u179F\u17D2\u178F\u17B8\n",
                                        "\u2D30\u2D63\u2D53\u2D4D\n",
                                        "\u13E3\u13B3\u13A9\n",
                                        "\u182E\u1823\u1829\u182D\u1823\u182F\n",
                                        "\u0F56\u0F7C\u0F51\u0F0B\n",
                                        "\u12A0\u121B\u122D\n",
                                        "\uA188\uA320\n",
                                        "\U00010330\U00010331\n",
                                        "\U00012000\U00012001\n",
                                        "\U00020000\U0002A6D6\n",
                                        "\u0301\n",
                                        "\U0001F600\n",
                                        "\uE000\n"};
    static const char *const kinds[] = {"unigram", "bpe"};
    for (size_t k = 0; k < DM_COUNT(kinds); k++)
        for (size_t i = 0; i < DM_COUNT(texts); i++) {
            CU_ASSERT_EQUAL(train_with(&texts[i], 1,
                                       (SegmenterTraining){.kind = kinds[k], .size = 8000, .adapts = true}, "script",
                                       NULL),
                            DM_OK);
        }
}

// SentencePiece would end the program on a text of a visible character that its normalisation takes for nothing.
static void what_is_visible_remains(void)
{
    CU_ASSERT_EQUAL_FATAL(train("bpe", 40, "visible", NULL), DM_OK);
    char *folder = scratch_path("visible"), line[5];
    Segmenter *segmenter;
    CU_ASSERT_EQUAL_FATAL(
        dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = "sentencepiece"}, NULL), DM_OK);
    int lost = 0;
    for (uint32_t c = 1; c < 0x110000; c += c < 0x20000 || c / 0x1000 == 0xE0 ? 1 : 251) {
        if ((c >= 0xD800 && c < 0xE000) || !dm_is_visible(c)) continue;
        Ids ids;
        line[dm_utf8_put(c, line)] = '\0';
        dm_encode(segmenter, DM_SOURCE, line, &ids);
        if (ids.count < 2 && !lost++) fprintf(stderr, "\n    nothing remains of U+%04X\n", c);
        dm_free(ids.id);
    }
    CU_ASSERT_EQUAL(lost, 0);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

// SentencePiece would end the program on some of these.
static void text_without_words_is_refused(void)
{
    static const char *const texts[] = {
        "",           "\n\n",           "   \n\t\n", "\xE2\x80\x8B\n", "\xE2\x96\x81 \xE2\x96\x81\n",
        "\x01\x02\n", "\xE2\x96\x85\n", ">>deu<<\n"};
    static const char *const kinds[] = {"unigram", "bpe", "space"};
    for (size_t k = 0; k < DM_COUNT(kinds); k++)
        for (size_t i = 0; i < (k < 2 ? DM_COUNT(texts) : 3); i++) {
            Error error = {""};
            CU_ASSERT_EQUAL(train_on(&texts[i], 1, kinds[k], 10, "blank", &error), DM_FAILURE);
            CU_ASSERT(contains(error.message, "text.en: there are no words to make a vocabulary of"));
        }
}

static void odd_text_is_learned_from(void)
{
    static const char *const texts[] = {
        "a\n",
        "x\ty\n",
        "</s> <pad> <unk> </s> <pad> <unk> </s><pad><unk> </s><pad><unk>\n",
        "\xE2\x96\x85 abc \xE2\x96\x85\xE2\x96\x85\n",
        "\xEF\xBF\xBF \xEF\xBF\xBE \xF4\x8F\xBF\xBF \xEF\xBF\xBD a\n",
    };
    static const char *const kinds[] = {"unigram", "bpe"};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < DM_COUNT(texts); i++) {
            Error error = {""};
            CU_ASSERT_EQUAL(train_on(&texts[i], 1, kinds[k], 9999, "odd", &error), DM_FAILURE);
            int most = number_after(error.message, "at most ");
            CU_ASSERT(most >= 5);
            CU_ASSERT_EQUAL(train_on(&texts[i], 1, kinds[k], most, "odd", &error), DM_OK);
        }
}

static void every_character_of_a_long_line_is_learned(void)
{
    enum { SIZE = 1 << 20 };
    char *line = dm_allocate(SIZE + 8, 1);
    for (int i = 0; i < SIZE; i++) line[i] = "abc defg hijk lmnop qrstu "[i % 26];
    memcpy(line + SIZE / 2, "zz", 2);  // far behind the limit of SentencePiece, in a full part of the line
    CU_ASSERT_EQUAL(train_on((const char *[]){line}, 1, "bpe", 46, "long", NULL), DM_OK);
    Vocabulary *vocabulary = vocabulary_of("long");
    CU_ASSERT(dm_vocabulary_id(vocabulary, "z") > 1);
    dm_vocabulary_free(vocabulary);
    dm_free(line);
}

// A line without spaces is cut into sentences for SentencePiece, wherever that falls among the bytes of its characters:
// halves of one would be learned as what is no character (U+FFFD).
static void a_long_line_without_spaces_is_cut_between_characters(void)
{
    enum { SIZE = 3 * 6000 };
    for (int before = 0; before < 3; before++) {
        char *line = dm_allocate(SIZE + 8, 1);
        memset(line, 'a', (size_t)before);
        for (int i = 0; i < SIZE / 3; i++) memcpy(line + before + 3 * i, &"猫狗坐垫木头看见"[3 * (i * i % 8)], 3);
        CU_ASSERT_EQUAL(train_on((const char *[]){line}, 1, "bpe", 24, "uncut", NULL), DM_OK);
        Vocabulary *vocabulary = vocabulary_of("uncut");
        for (int i = 0; i < dm_vocabulary_size(vocabulary); i++)
            CU_ASSERT_PTR_NULL(strstr(dm_vocabulary_piece(vocabulary, i), "\xEF\xBF\xBD"));
        dm_vocabulary_free(vocabulary);
        dm_free(line);
    }
}

static void words_are_counted_for_text_in_pieces(void)
{
    static const char *const text = "b@@ a b@@ a c\n\n c\t</s> <unk> <pad> d@@ \nb@@\n";
    static const char *const expected[] = {"</s>", "<unk>", "b@@", "a", "c", "d@@", "<pad>"};
    for (int asked = 0; asked <= 5; asked += 5) {
        CU_ASSERT_EQUAL(train_on(&text, 1, "space", asked, "p", NULL), DM_OK);
        Vocabulary *vocabulary = vocabulary_of("p");
        int size = asked ? asked : 7;
        CU_ASSERT_EQUAL_FATAL(dm_vocabulary_size(vocabulary), size);
        for (int i = 0; i < size - 1; i++) CU_ASSERT_STRING_EQUAL(dm_vocabulary_piece(vocabulary, i), expected[i]);
        CU_ASSERT_STRING_EQUAL(dm_vocabulary_piece(vocabulary, size - 1), "<pad>");
        dm_vocabulary_free(vocabulary);
    }
    Error error = {""};
    CU_ASSERT_EQUAL(train_on(&text, 1, "space", 3, "p", &error), DM_FAILURE);
    CU_ASSERT(contains(error.message, "leaves no room for words"));
}

const Fact facts[] = {FACT(ids_are_laid_out_as_in_a_marian_folder),
                      FACT(the_folder_holds_what_marian_tokenizer_needs),
                      FACT(the_same_text_gives_the_same_bytes),
                      FACT(a_size_that_the_text_does_not_allow_is_refused_with_the_nearest),
                      FACT(a_size_that_adapts_is_the_nearest),
                      FACT(rare_characters_are_left_out_where_there_are_many),
                      FACT(every_script_is_learned_from),
                      FACT(what_is_visible_remains),
                      FACT(text_without_words_is_refused),
                      FACT(odd_text_is_learned_from),
                      FACT(every_character_of_a_long_line_is_learned),
                      FACT(a_long_line_without_spaces_is_cut_between_characters),
                      FACT(words_are_counted_for_text_in_pieces),
                      {NULL, NULL}};
