// Facts about vocab.json: what is read, what is refused and how, what is written.
#include "core/memory.h"
#include "test.h"

#include "text/scratch.h"
#include "text/segmenter.h"

static void pieces_have_the_ids_of_the_file(void)
{
    char *path = scratch_write("v.json", "{\"b\": 3, \"</s>\": 0, \"<unk>\": 1, \"\\u6211\": 2, \"<pad>\": 4}\n");
    Vocabulary *vocabulary;
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_read(&vocabulary, path, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_vocabulary_size(vocabulary), 5);
    CU_ASSERT_EQUAL(dm_vocabulary_id(vocabulary, "我"), 2);
    CU_ASSERT_EQUAL(dm_vocabulary_id(vocabulary, "b"), 3);
    CU_ASSERT_EQUAL(dm_vocabulary_id(vocabulary, "c"), -1);
    CU_ASSERT_EQUAL(dm_vocabulary_id(vocabulary, ""), -1);
    CU_ASSERT_STRING_EQUAL(dm_vocabulary_piece(vocabulary, 4), "<pad>");
    dm_vocabulary_free(vocabulary);
    dm_free(path);
}

static void every_one_of_many_pieces_is_found(void)
{
    enum { COUNT = 20000 };
    static char text[COUNT][16];
    static const char *pieces[COUNT];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text[i], sizeof text[i], "p%d", i);
        pieces[i] = text[i];
    }
    Vocabulary *vocabulary = dm_vocabulary_create(pieces, COUNT);
    int found = 0;
    for (int i = 0; i < COUNT; i++) {
        found += dm_vocabulary_id(vocabulary, text[i]) == i;
        text[i][0] = 'q';  // the vocabulary has copies
        found += dm_vocabulary_id(vocabulary, text[i]) == -1;
    }
    CU_ASSERT_EQUAL(found, 2 * COUNT);
    CU_ASSERT_STRING_EQUAL(dm_vocabulary_piece(vocabulary, COUNT - 1), "p19999");
    dm_vocabulary_free(vocabulary);
}

static void what_is_written_reads_the_same(void)
{
    const char *pieces[] = {"</s>", "<unk>", "▁我", "\"", "\\", "/", "\x01", "\x7F", "😀", "é", "a\tb", "<pad>"};
    int count = (int)DM_COUNT(pieces);
    Vocabulary *made = dm_vocabulary_create(pieces, count), *read;
    char *path = scratch_path("w.json"), *text;
    CU_ASSERT_EQUAL(dm_vocabulary_write(made, path, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_read(&read, path, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_vocabulary_size(read), count);
    for (int i = 0; i < count; i++) CU_ASSERT_STRING_EQUAL(dm_vocabulary_piece(read, i), pieces[i]);
    CU_ASSERT_EQUAL_FATAL(dm_read_file(path, &text, NULL, NULL), DM_OK);
    CU_ASSERT(contains(text, "\"▁我\""));  // people can read it
    dm_free(text);
    dm_free(path);
    dm_vocabulary_free(made);
    dm_vocabulary_free(read);
}

static void a_hostile_file_is_refused_in_a_sentence(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "not valid JSON"},
        {"{\"</s>\": 0,\n \"<unk>\": 1", "line 2 is not valid JSON"},
        {"{\"</s>\": 0, \"<unk>\": 1} {}", "not valid JSON"},
        {"{}", "must be a JSON object"},
        {"[\"</s>\", \"<unk>\"]", "must be a JSON object"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": 3}", "\"a\" has the id 3, but 3 pieces have the ids 0 to 2"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": 1e9}", "\"a\" has the id 1000000000"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": 1e99}", "\"a\" has no whole number"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": 99999999999}", "\"a\" has no whole number"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": -1}", "\"a\" has no whole number"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": 1.5}", "\"a\" has no whole number"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": \"2\"}", "\"a\" has no whole number"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": {\"b\": 2}}", "\"a\" has no whole number"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": null}", "\"a\" has no whole number"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": 1}", "\"<unk>\" and \"a\" have the same id 1"},
        {"{\"</s>\": 0, \"<unk>\": 1, \"a\": 2, \"a\": 3}", "\"a\" stands there twice"},
        {"{\"</s>\": 0, \"a\": 1}", "\"<unk>\" is missing"},
        {"{\"<s>\": 0, \"<unk>\": 1}", "\"</s>\" is missing"},
        {"{\"</s>\": 0,\n\"<unk>\": 1,\n\"\xFF\": 2}", "line 3 is not valid UTF-8"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char *path = scratch_write("h.json", cases[i].text);
        Error error = {""};
        Vocabulary *vocabulary;
        CU_ASSERT_EQUAL(dm_vocabulary_read(&vocabulary, path, &error), DM_FAILURE);
        CU_ASSERT_PTR_NULL(vocabulary);
        CU_ASSERT(contains(error.message, cases[i].message));
        CU_ASSERT(contains(error.message, path));
        dm_free(path);
    }
}

static void a_deep_nest_is_refused(void)
{
    char *text = dm_allocate(200001, 1);
    memset(text, '[', 200000);
    char *path = scratch_write("deep.json", text);
    Error error = {""};
    Vocabulary *vocabulary;
    CU_ASSERT_EQUAL(dm_vocabulary_read(&vocabulary, path, &error), DM_FAILURE);
    CU_ASSERT(contains(error.message, "not valid JSON"));
    dm_free(path);
    dm_free(text);
}

const Fact facts[] = {FACT(pieces_have_the_ids_of_the_file), FACT(every_one_of_many_pieces_is_found),
                      FACT(what_is_written_reads_the_same),  FACT(a_hostile_file_is_refused_in_a_sentence),
                      FACT(a_deep_nest_is_refused),          {NULL, NULL}};
