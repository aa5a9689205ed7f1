// Facts about text to ids and back: the same as MarianTokenizer's, language codes, joins, folders that are not whole.
#include "test.h"

#include <sys/stat.h>

#include "text/trained_folder.h"

// tests/golden/segmenter_check.py made the expected file; its head says how to compare with other folders.
static void ids_and_text_are_those_of_marian_tokenizer(void)
{
    const char *folder = getenv("SEGMENTER_FOLDER"), *path = getenv("SEGMENTER_EXPECTED");
    char *own = trained_folder();
    if (getenv("SEGMENTER_COPY")) dm_segmenter_copy(own, getenv("SEGMENTER_COPY"), NULL);
    Segmenter *segmenter = opened(folder ? folder : own, "sentencepiece", false);
    dm_lines lines;
    CU_ASSERT_EQUAL_FATAL(dm_lines_read(&lines, path ? path : TEST_DATA "/golden/segmenter.jsonl", NULL), DM_OK);
    CU_ASSERT(lines.count > 0);
    for (size_t i = 0; i < lines.count; i++) {
        cJSON *expected = cJSON_Parse(lines.line[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(expected);
        CU_ASSERT(same_as_marian_tokenizer(segmenter, expected));
        cJSON_Delete(expected);
    }
    dm_lines_free(&lines);
    dm_segmenter_close(segmenter);
    dm_free(own);
}

static void text_comes_back(void)
{
    static const char *const cases[][2] = {
        {"I love machine learning.", "I love machine learning."},
        {"  I   love China. ", "I love China."},
        {"我们学习机器的语言。", "我们学习机器的语言。"},
        {">>deu<< I love China.", ">>deu<< I love China."},
        {"", ""},
        {"   ", ""},
    };
    char *folder = trained_folder();
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Ids ids;
        dm_encode(segmenter, DM_TARGET, cases[i][0], &ids);
        CU_ASSERT_EQUAL(ids.id[ids.count - 1], 0);
        char *text = dm_decode(segmenter, ids.id, ids.count);
        CU_ASSERT_STRING_EQUAL(text, cases[i][1]);
        dm_free(text);
        dm_free(ids.id);
    }
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

static void a_language_code_is_one_piece(void)
{
    char *folder = trained_folder();
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    const Vocabulary *vocabulary = dm_segmenter_vocabulary(segmenter, DM_SOURCE);
    int code = dm_vocabulary_id(vocabulary, ">>deu<<"), unknown = dm_vocabulary_id(vocabulary, "<unk>");
    CU_ASSERT(code > 1);
    Ids with, other, without;
    dm_encode(segmenter, DM_SOURCE, ">>deu<< I love China.", &with);
    dm_encode(segmenter, DM_SOURCE, ">>fra<< I love China.", &other);
    dm_encode(segmenter, DM_SOURCE, "I love China.", &without);
    CU_ASSERT_EQUAL(with.id[0], code);
    CU_ASSERT_EQUAL(other.id[0], unknown);
    CU_ASSERT_EQUAL_FATAL(with.count, without.count + 1);
    CU_ASSERT_EQUAL(memcmp(with.id + 1, without.id, (size_t)without.count * sizeof(int)), 0);
    dm_free(with.id);
    dm_free(other.id);
    dm_free(without.id);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

static void text_that_spells_a_special_piece_is_text(void)
{
    char *folder = trained_folder();
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    int pad = dm_vocabulary_size(dm_segmenter_vocabulary(segmenter, DM_TARGET)) - 1, special = 0;
    Ids ids;
    dm_encode(segmenter, DM_SOURCE, "here </s> and <pad>there</s> <pad>", &ids);
    for (int i = 0; i < ids.count - 1; i++) special += ids.id[i] == 0 || ids.id[i] == pad;
    CU_ASSERT_EQUAL(special, 0);
    dm_free(ids.id);
    dm_segmenter_close(segmenter);
    folder = (dm_free(folder), scratch_path("special"));
    dm_free(scratch_write("special/vocab.json", "{\"</s>\": 0, \"<unk>\": 1, \"a\": 2, \"<pad>\": 3}"));
    segmenter = opened(folder, "space", false);
    dm_encode(segmenter, DM_SOURCE, "a </s> <pad> a", &ids);
    const int expected[] = {2, 1, 1, 2, 0};
    CU_ASSERT_EQUAL_FATAL(ids.count, 5);
    CU_ASSERT_EQUAL(memcmp(ids.id, expected, sizeof expected), 0);
    dm_free(ids.id);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

static void decode_leaves_special_pieces_out(void)
{
    char *folder = trained_folder();
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    const Vocabulary *vocabulary = dm_segmenter_vocabulary(segmenter, DM_TARGET);
    int pad = dm_vocabulary_size(vocabulary) - 1, piece = dm_vocabulary_id(vocabulary, "中");
    CU_ASSERT_FATAL(piece > 1);
    char *text = dm_decode(segmenter, (int[]){pad, piece, 1, piece, 0, pad}, 6);
    CU_ASSERT_STRING_EQUAL(text, "中中");
    dm_free(text);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

// The expected texts are MarianTokenizer's.
static void pieces_that_only_the_vocabulary_knows_become_text(void)
{
    static const struct {
        int ids[4];
        const char *text;
    } cases[] = {
        {{2, 2, 0, 0}, "zyx zyx"}, {{5, 5, 2, 3}, "zyxx"},          {{4, 3, 2, 5}, "x zyx"},
        {{3, 5, 5, 3}, "x  x"},    {{2, 4, 2, 0}, "zyx\u3000 zyx"}, {{2, 4, 4, 6}, "zyx"},
    };
    char *whole = trained_folder(), *folder = scratch_path("few");
    dm_make_folder(folder, NULL);
    dm_segmenter_copy(whole, folder, NULL);
    dm_free(scratch_write("few/vocab.json", "{\"</s>\": 0, \"<unk>\": 1, \"\\u2581zyx\": 2, \"x\": 3, \"\\u3000\": 4,"
                                            " \"\\u2581\": 5, \"<pad>\": 6}"));
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char *text = dm_decode(segmenter, cases[i].ids, 4);
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
        dm_free(text);
    }
    dm_segmenter_close(segmenter);
    dm_free(folder);
    dm_free(whole);
}

static void text_in_pieces_is_joined_again(void)
{
    static const char *const cases[][2] = {
        {"a b", "a b"},
        {"a@@ b", "ab"},
        {"a@@ b@@ a b", "aba b"},
        {"  a \t b ", "a b"},
        {"a b@@", "a b"},
        {"a zzz b", "a <unk> b"},
        {"", ""},
        {"@@ a", "a"},
    };
    dm_free(scratch_write("space/vocab.json", "{\"</s>\": 0, \"<unk>\": 1, \"a\": 2, \"b\": 3, \"a@@\": 4, \"b@@\": 5,"
                                              " \"@@\": 6, \"<pad>\": 7}"));
    char *folder = scratch_path("space");
    Segmenter *segmenter = opened(folder, "space", false);
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Ids ids;
        dm_encode(segmenter, DM_SOURCE, cases[i][0], &ids);
        char *text = dm_decode(segmenter, ids.id, ids.count);
        CU_ASSERT_STRING_EQUAL(text, cases[i][1]);
        dm_free(text);
        dm_free(ids.id);
    }
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

static void separate_vocabularies_have_ids_of_their_own(void)
{
    dm_free(scratch_write("two/vocab.json", "{\"<unk>\": 0, \"a\": 1, \"</s>\": 2}"));
    dm_free(scratch_write("two/target_vocab.json", "{\"</s>\": 0, \"<unk>\": 1, \"b\": 2, \"a\": 3, \"<pad>\": 4}"));
    char *folder = scratch_path("two");
    Segmenter *segmenter = opened(folder, "space", true);
    Ids source, target;
    dm_encode(segmenter, DM_SOURCE, "a b", &source);
    dm_encode(segmenter, DM_TARGET, "a b", &target);
    CU_ASSERT_EQUAL(memcmp(source.id, (int[]){1, 0, 2}, 3 * sizeof(int)), 0);
    CU_ASSERT_EQUAL(memcmp(target.id, (int[]){3, 2, 0}, 3 * sizeof(int)), 0);
    dm_free(source.id);
    dm_free(target.id);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

static void a_line_of_a_megabyte_is_encoded(void)
{
    enum { SIZE = 1 << 20 };
    char *folder = trained_folder(), *line = dm_allocate(SIZE + 1, 1);
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    for (int i = 0; i < SIZE; i++) line[i] = "love China "[i % 11];
    Ids ids;
    dm_encode(segmenter, DM_SOURCE, line, &ids);
    CU_ASSERT(ids.count > SIZE / 11);
    char *text = dm_decode(segmenter, ids.id, ids.count);
    CU_ASSERT_EQUAL(strncmp(text, line, SIZE - 1), 0);
    dm_free(text);
    dm_free(ids.id);
    dm_segmenter_close(segmenter);
    dm_free(line);
    dm_free(folder);
}

// Pieces separated by spaces, and the words they belong to, as digits.
static void a_word_ends_where_a_space_does_and_chinese_pieces_are_words(void)
{
    static const struct {
        const char *kind, *pieces, *words;
    } cases[] = {
        {"sentencepiece", "▁I ▁be lie ve .", "01111"},
        {"sentencepiece", "▁ 我 爱 北京 。", "00123"},
        {"sentencepiece", "▁我 爱 ▁Linux 3 吧", "01223"},
        {"sentencepiece", "▁a ▁ b ▁ ▁c", "01122"},
        {"sentencepiece", ">>deu<< ▁ein ▁Wort", "012"},
        {"sentencepiece", "un ▁known", "01"},
        {"space", "ein ka@@ ra@@ te anzug", "01112"},
        {"space", "@@ a @@", "001"},
        {"space", "我 爱 北京", "012"},
    };
    char *folder = trained_folder();
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Segmenter *segmenter = opened(folder, cases[i].kind, false);
        const char *pieces[16];
        char text[128], words[16] = "";
        int count = 0, word_of[16];
        snprintf(text, sizeof text, "%s", cases[i].pieces);
        for (char *piece = strtok(text, " "); piece; piece = strtok(NULL, " ")) pieces[count++] = piece;
        const int total = dm_pieces_to_words(segmenter, pieces, count, word_of);
        for (int j = 0; j < count; j++) words[j] = (char)('0' + word_of[j]);
        CU_ASSERT_STRING_EQUAL(words, cases[i].words);
        CU_ASSERT_EQUAL(total, word_of[count - 1] + 1);
        dm_segmenter_close(segmenter);
    }
    dm_free(folder);
}

static void refuse(const char *folder, const char *kind, bool separate, int eos, const char *message)
{
    Segmenter *segmenter;
    Error error = {""};
    CU_ASSERT_EQUAL(
        dm_segmenter_open(&segmenter,
                          &(SegmenterFiles){.folder = folder, .kind = kind, .separate = separate, .eos = eos}, &error),
        DM_FAILURE);
    CU_ASSERT_PTR_NULL(segmenter);
    CU_ASSERT(contains(error.message, message));
}

static void a_missing_part_is_named(void)
{
    static const char *const parts[] = {"vocab.json", "source.spm", "target.spm"};
    char *whole = trained_folder();
    for (size_t i = 0; i < DM_COUNT(parts); i++) {
        char *folder = scratch_path("lacking"), *part = dm_join_path(folder, parts[i]);
        dm_make_folder(folder, NULL);
        CU_ASSERT_EQUAL(dm_segmenter_copy(whole, folder, NULL), DM_OK);
        remove(part);
        refuse(folder, "sentencepiece", false, 0, parts[i]);
        refuse(folder, "sentencepiece", false, 0, "is missing");
        dm_free(part);
        dm_free(folder);
    }
    refuse(whole, "sentencepiece", true, 0, "target_vocab.json is missing");
    refuse(whole, "sentencepiece", false, 160, "eos_token_id 160 is not in the vocabulary");
    refuse(whole, "sentencepiece", false, -1, "eos_token_id -1 is not in the vocabulary");
    refuse(whole, "wordpiece", false, 0, "no segmenter \"wordpiece\"");
    refuse("/no/such/folder", "sentencepiece", false, 0, "there is no model folder /no/such/folder");
    char *file = scratch_write("file", "text");
    refuse(file, "sentencepiece", false, 0, "is a file, but a model folder is needed");
    dm_free(file);
    dm_free(whole);
}

// Cut short anywhere, or with any of its bytes wrong, a model is refused or of some other use: it never crashes.
static void a_damaged_model_does_no_harm(void)
{
    char *whole = trained_folder(), *folder = scratch_path("damaged"), *bytes,
         *path = dm_join_path(folder, "source.spm");
    size_t size;
    dm_make_folder(folder, NULL);
    dm_segmenter_copy(whole, folder, NULL);
    CU_ASSERT_EQUAL_FATAL(dm_read_file(path, &bytes, &size, NULL), DM_OK);
    int refused = 0, tried = 0;
    for (size_t at = 0; at < size; at += size / 29, tried++) {
        char kept = bytes[at];
        bytes[at] = (char)~kept;
        bool cut = tried % 2;
        dm_write_file(path, bytes, cut ? at : size, NULL);
        bytes[at] = kept;
        Segmenter *segmenter;
        Error error = {""};
        Ids ids;
        if (dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = "sentencepiece"}, &error)) {
            CU_ASSERT(contains(error.message, "source.spm"));
            refused++;
            continue;
        }
        dm_encode(segmenter, DM_SOURCE, "Ｈｅｌｌｏ, I love 中国 ﬁ ① ﷺ。", &ids);
        dm_free(ids.id);
        dm_segmenter_close(segmenter);
    }
    CU_ASSERT(refused > tried / 3);
    dm_write_file(path, "", 0, NULL);
    refuse(folder, "sentencepiece", false, 0, "it is empty");
    dm_write_file(path, "this is no model\n", 17, NULL);
    refuse(folder, "sentencepiece", false, 0, "source.spm is damaged or no SentencePiece model");
    dm_free(bytes);
    dm_free(path);
    dm_free(folder);
    dm_free(whole);
}

// Offsets in the normalisation rules that point outside of them, which SentencePiece itself would follow.
static void rules_that_point_outside_are_refused(void)
{
    char *whole = trained_folder(), *folder = scratch_path("rules"), *bytes, *path = dm_join_path(folder, "target.spm");
    size_t size;
    dm_make_folder(folder, NULL);
    dm_segmenter_copy(whole, folder, NULL);
    CU_ASSERT_EQUAL_FATAL(dm_read_file(path, &bytes, &size, NULL), DM_OK);
    char *name = memmem(bytes, size, "nmt_nfkc", 8);
    CU_ASSERT_PTR_NOT_NULL_FATAL(name);
    unsigned char *unit = (unsigned char *)name + 8 + 4 + 4;  // tag, length (3 bytes); size of the trie; its first unit
    unit[0] = 0;
    unit[1] = 0xFE;
    unit[2] = unit[3] = 0x7F;
    dm_write_file(path, bytes, size, NULL);
    refuse(folder, "sentencepiece", false, 0, "target.spm is damaged");
    dm_free(bytes);
    dm_free(path);
    dm_free(folder);
    dm_free(whole);
}

static void copying_needs_a_vocabulary(void)
{
    char *from = scratch_path("nothing"), *to = scratch_path("copy");
    dm_make_folder(from, NULL);
    dm_make_folder(to, NULL);
    Error error = {""};
    CU_ASSERT_EQUAL(dm_segmenter_copy(from, to, &error), DM_FAILURE);
    CU_ASSERT(contains(error.message, "nothing/vocab.json is missing"));
    dm_free(from);
    dm_free(to);
}

static void add_piece(char **at, const char *piece, int type)
{
    const size_t length = strlen(piece);
    *at += sprintf(*at, "\n%c\n%c%s", (int)length + 9, (int)length, piece);
    memcpy(*at, "\x15\0\0\x80\xBF\x18", 6);  // its score, -1, and its type
    (*at)[6] = (char)type;
    *at += 7;
}

// A model with byte_fallback, as its protocol buffer: <unk> (2), some pieces (1), 256 bytes (6); a unigram without
// normalisation. Vocabulary: </s> 0, <unk> 1, a 2, \u2581b 3, bytes from 4 on, <pad> 260.
static char *folder_with_bytes(void)
{
    char *model = dm_allocate(1 << 16, 1), *at = model, *json = dm_allocate(1 << 16, 1), *to = json, name[8];
    add_piece(&at, "<unk>", 2), add_piece(&at, "a", 1), add_piece(&at, "\u2581b", 1);
    to += sprintf(to, "{\"</s>\": 0, \"<unk>\": 1, \"a\": 2, \"\u2581b\": 3");
    for (int byte = 0; byte < 256; byte++) {
        snprintf(name, sizeof name, "<0x%02X>", byte);
        add_piece(&at, name, 6);
        to += sprintf(to, ", \"%s\": %d", name, 4 + byte);
    }
    sprintf(to, ", \"<pad>\": 260}\n");
    memcpy(at, "\x12\5\x18\1\x98\2\1\x1A\n\n\x08identity", 19), at += 19;
    char *vocabulary = scratch_write("bytes/vocab.json", json), *folder = scratch_path("bytes");
    for (int side = 0; side < 2; side++) {
        char *path = dm_join_path(folder, side ? "target.spm" : "source.spm");
        CU_ASSERT_EQUAL_FATAL(dm_write_file(path, model, (size_t)(at - model), NULL), DM_OK);
        dm_free(path);
    }
    dm_free(model), dm_free(json), dm_free(vocabulary);
    return folder;
}

static void bytes_never_cut_a_text(void)
{
    enum { BYTE = 4 };
    static const struct {
        int ids[8], count;
        const char *text;
    } cases[] = {
        {{2, BYTE + 0xE4, BYTE + 0xB8, BYTE + 0xAD, 2}, 5, "a\u4E2Da"},
        {{2, BYTE + 0x00, 2, 3}, 4, "a\uFFFDa b"},
        {{2, BYTE + 0xE4, BYTE + 0xB8, 3, 2}, 5, "a\uFFFD\uFFFD ba"},
        {{BYTE + 0xFF, 2}, 2, "\uFFFDa"},
        {{2, BYTE + 0xE4}, 2, "a\uFFFD"},
        {{2, BYTE + 0x0A, 2}, 3, "a a"},
        {{BYTE + 0x41, BYTE + 0x00, BYTE + 0x42}, 3, "A\uFFFDB"},
    };
    char *folder = folder_with_bytes();
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char *text = dm_decode(segmenter, cases[i].ids, cases[i].count);
        if (strcmp(text, cases[i].text) != 0) fprintf(stderr, "\n    %zu: \"%s\"\n", i, text);
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
        dm_free(text);
    }
    Ids ids;
    dm_encode(segmenter, DM_SOURCE, "a\u4E2D", &ids);  // and what no piece spells is bytes on the way in
    CU_ASSERT(ids.count >= 4 && ids.id[ids.count - 2] == BYTE + 0xAD);
    dm_free(ids.id);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

const Fact facts[] = {FACT(bytes_never_cut_a_text),
                      FACT(ids_and_text_are_those_of_marian_tokenizer),
                      FACT(text_comes_back),
                      FACT(a_language_code_is_one_piece),
                      FACT(text_that_spells_a_special_piece_is_text),
                      FACT(decode_leaves_special_pieces_out),
                      FACT(pieces_that_only_the_vocabulary_knows_become_text),
                      FACT(text_in_pieces_is_joined_again),
                      FACT(a_word_ends_where_a_space_does_and_chinese_pieces_are_words),
                      FACT(separate_vocabularies_have_ids_of_their_own),
                      FACT(a_line_of_a_megabyte_is_encoded),
                      FACT(a_missing_part_is_named),
                      FACT(a_damaged_model_does_no_harm),
                      FACT(rules_that_point_outside_are_refused),
                      FACT(copying_needs_a_vocabulary),
                      {NULL, NULL}};
