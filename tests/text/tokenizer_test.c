// tokenizer.json: a segmenter that is written as one and read again from it alone cuts text as it did; and what cannot
// be computed is refused.
#include "text/tokenizer_json.h"

#include <unistd.h>

#include "core/files.h"
#include "text/trained_folder.h"

static const char *const probes[] = {
    "I love China.",
    "  two  spaces, and at the end  ",
    "tabs\tand\tmore",
    "ﬁne ＡＢＣ",
    "我们爱学习。",
    "unknown: ☃ ñ 🙂 in between",
    "",
    "</s> and <pad> are text",
    "love",
    "lovelovelove machinemachine",
    ">>deu<< Ich liebe China.",
};

static char *train(const char *kind)
{
    static const char text[] = "I love China.\nI love machine learning.\nMachine learning is fun!\n我爱中国。\n"
                               "机器学习很有意思。\nWhere is the capital of China?\nThe capital is here.\n"
                               "我们学习中国的语言。\nleft over, here and there\nloved, loves, loving and lovely\n";
    char *folder = scratch_path(kind), *copy = dm_copy_string(text);
    dm_lines lines;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_lines_cut(&lines, copy, strlen(copy), "text", NULL, &error), DM_OK);
    const SegmenterTraining training = {.folder = folder,
                                        .kind = kind,
                                        .text = &lines,
                                        .text_count = 1,
                                        .text_name = "text",
                                        .languages = {"und", "und"},
                                        .size = 100,
                                        .adapts = true};
    const Status status = dm_segmenter_train(&training, &error);
    if (status) fprintf(stderr, "\n%s\n", error.message);
    CU_ASSERT_EQUAL_FATAL(status, DM_OK);
    dm_lines_free(&lines);
    return folder;
}

static Segmenter *open_folder(const char *folder)
{
    Segmenter *segmenter;
    Error error = {""};
    const Status status =
        dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = "sentencepiece"}, &error);
    if (status) fprintf(stderr, "\n%s\n", error.message);
    CU_ASSERT_EQUAL_FATAL(status, DM_OK);
    return segmenter;
}

static void remove_in(const char *folder, const char *name)
{
    char *path = dm_join_path(folder, name);
    CU_ASSERT_EQUAL(unlink(path), 0);
    dm_free(path);
}

static void expect_alike(const Segmenter *a, const Segmenter *b, const char *kind)
{
    for (size_t i = 0; i < DM_COUNT(probes); i++) {
        Ids one, other;
        dm_encode(a, DM_SOURCE, probes[i], &one);
        dm_encode(b, DM_SOURCE, probes[i], &other);
        const bool same = one.count == other.count && memcmp(one.id, other.id, (size_t)one.count * sizeof(int)) == 0;
        char *back = dm_decode(a, one.id, one.count), *again = dm_decode(b, other.id, other.count);
        if (!same || strcmp(back, again) != 0) fprintf(stderr, "\n%s: %s: %s, but %s\n", kind, probes[i], back, again);
        CU_ASSERT(same && strcmp(back, again) == 0);
        dm_free(back), dm_free(again);
        dm_free(one.id), dm_free(other.id);
    }
}

static void a_tokenizer_alone_cuts_text_as_the_segmenter_that_it_was_made_of(void)
{
    static const char *const kinds[] = {"unigram", "bpe"};
    for (size_t k = 0; k < DM_COUNT(kinds); k++) {
        char *folder = train(kinds[k]), *copy = scratch_path("copy");
        Segmenter *segmenter = open_folder(folder);
        CU_ASSERT(!dm_segmenter_is_tokenizer(folder));
        const TokenizerJson tokenizer = {.vocabulary = dm_segmenter_vocabulary(segmenter, DM_TARGET),
                                         .model = dm_segmenter_model(segmenter, DM_TARGET),
                                         .before = "</s>"};
        CU_ASSERT_EQUAL(dm_tokenizer_json_write(&tokenizer, folder, NULL), DM_OK);
        CU_ASSERT(!dm_segmenter_is_tokenizer(folder));
        remove_in(folder, "source.spm"), remove_in(folder, "target.spm"), remove_in(folder, "vocab.json");
        CU_ASSERT(dm_segmenter_is_tokenizer(folder));
        Segmenter *again = open_folder(folder);
        expect_alike(segmenter, again, kinds[k]);
        CU_ASSERT_EQUAL(dm_make_folder(copy, NULL), DM_OK);
        CU_ASSERT_EQUAL_FATAL(dm_segmenter_copy(folder, copy, NULL), DM_OK);
        Segmenter *third = open_folder(copy);
        expect_alike(segmenter, third, kinds[k]);
        dm_segmenter_close(segmenter), dm_segmenter_close(again), dm_segmenter_close(third);
        dm_free(folder), dm_free(copy);
    }
}

// ---- Files of others ------------------------------------------------------------------------------------------------

static Status open_json(Segmenter **segmenter, const char *json, Error *error)
{
    char *folder = scratch_path("other"), *path = dm_join_path(folder, "tokenizer.json");
    CU_ASSERT_EQUAL(dm_make_folder(folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_write_file(path, json, strlen(json), NULL), DM_OK);
    const Status status =
        dm_segmenter_open(segmenter, &(SegmenterFiles){.folder = folder, .kind = "sentencepiece", .eos = 1}, error);
    dm_free(path), dm_free(folder);
    return status;
}

// As Llama 2 has it: no model of words before it, merges as texts, bytes for what is unknown, a token behind it.
static void a_tokenizer_of_llama_is_understood(void)
{
    static const char
        before[] =
            "{\"added_tokens\": [{\"id\": 0, \"content\": \"<unk>\", \"special\": true}, {\"id\": 1, \"content\": "
            "\"</s>\", "
            "\"special\": true}, {\"id\": 2, \"content\": \"<s>\", \"special\": true}, {\"id\": 266, \"content\": "
            "\"<name>\", "
            "\"special\": false}], \"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Prepend\", "
            "\"prepend\": "
            "\"\\u2581\"}, {\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"\\u2581\"}]}, "
            "\"pre_tokenizer\": null, \"model\": {\"type\": \"BPE\", \"unk_token\": \"<unk>\", \"byte_fallback\": "
            "true, \"vocab\": "
            "{\"<unk>\": 0, \"</s>\": 1, \"<s>\": 2",
        behind[] = ", \"\\u2581a\": 259, \"ab\": 260, \"\\u2581ab\": 261, \"\\u2581\": 262, \"a\": 263, \"b\": 264, "
                   "\"\\u2581\\u2581\": 265}, "
                   "\"merges\": [\"\\u2581 a\", \"a b\", \"\\u2581 ab\", \"\\u2581a b\", \"\\u2581 \\u2581\"]}}";
    static const struct {
        const char *line;
        int count, ids[8];
    } cases[] = {{"ab", 2, {261, 1}},
                 {"a b", 4, {259, 262, 264, 1}},
                 {"a  b", 4, {259, 265, 264, 1}},
                 {"b☃", 6, {262, 264, 3 + 0xE2, 3 + 0x98, 3 + 0x83, 1}},
                 {"ab<name>ab", 4, {261, 266, 261, 1}},
                 {"", 1, {1}}};
    char *json = dm_copy_string(before);
    for (int i = 0; i < 256; i++) {
        char *longer = dm_format("%s, \"<0x%02X>\": %d", json, (unsigned)i, 3 + i);
        dm_free(json);
        json = longer;
    }
    char *whole = dm_format("%s%s", json, behind);
    dm_free(json);
    json = whole;
    Segmenter *segmenter;
    Error error = {""};
    const Status status = open_json(&segmenter, json, &error);
    if (status) fprintf(stderr, "\n%s\n", error.message);
    CU_ASSERT_EQUAL_FATAL(status, DM_OK);
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Ids ids;
        dm_encode(segmenter, DM_SOURCE, cases[i].line, &ids);
        const bool same =
            ids.count == cases[i].count && memcmp(ids.id, cases[i].ids, (size_t)ids.count * sizeof(int)) == 0;
        if (!same) {
            fprintf(stderr, "\n\"%s\":", cases[i].line);
            for (int j = 0; j < ids.count; j++) fprintf(stderr, " %d", ids.id[j]);
        }
        CU_ASSERT(same);
        dm_free(ids.id);
    }
    dm_segmenter_close(segmenter);
    dm_free(json);
}

static void what_cannot_be_computed_is_refused_by_name(void)
{
    static const char *const cases[][2] = {
        {"{\"pre_tokenizer\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, "
         "\"merges\": []}}",
         "its pieces are of bytes (ByteLevel, as in GPT-2 and Llama 3)"},
        {"{\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\"}, {\"type\": "
         "\"ByteLevel\"}]}, \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []}}",
         "or train one here (dragoman train --type lm)"},
        {"{\"pre_tokenizer\": {\"type\": \"Digits\"}, \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, "
         "\"merges\": []}}",
         "\"pre_tokenizer\" has Digits, which this program cannot compute: it understands Unigram and BPE"},
        {"{\"model\": {\"type\": \"WordPiece\", \"vocab\": {\"a\": 0}}}", "\"model\" has WordPiece"},
        {"{\"normalizer\": {\"type\": \"NFKC\"}, \"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0]]}}",
         "\"normalizer\" has NFKC"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"c\": 2, \"ab\": 3, \"bc\": 4, \"abc\": 5}, "
         "\"merges\": [[\"a\", \"b\"], [\"b\", \"c\"], [\"ab\", \"c\"]]}}",
         "merges that leave out some ways"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"c\": 2, \"ab\": 3, \"bc\": 4, \"abc\": 5}, "
         "\"merges\": [[\"a\", \"b\"], [\"ab\", \"c\"], [\"b\", \"c\"], [\"a\", \"bc\"]]}}",
         "merges in another order"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 7}, \"merges\": []}}",
         "without an id for every piece"},
        {"{\"model\": {\"type\": \"Unigram\", \"vocab\": [\"a\"]}}", "no list of pieces and scores"},
        {"{}", "\"model\" has no type"},
        {"[]", "must be a JSON object"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Segmenter *segmenter;
        Error error = {"no error"};
        const Status status = open_json(&segmenter, cases[i][0], &error);
        if (status != DM_FAILURE || !strstr(error.message, cases[i][1]))
            fprintf(stderr, "\nwanted: %s\n   got: %s\n", cases[i][1], error.message);
        CU_ASSERT(status == DM_FAILURE && strstr(error.message, cases[i][1]));
    }
}

const Fact facts[] = {
    FACT(a_tokenizer_alone_cuts_text_as_the_segmenter_that_it_was_made_of),
    FACT(a_tokenizer_of_llama_is_understood),
    FACT(what_cannot_be_computed_is_refused_by_name),
    {NULL, NULL},
};
