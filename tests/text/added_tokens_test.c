// Facts about tokens that somebody has added behind a vocabulary with transformers.
#include "text/trained_folder.h"

#include "core/files.h"

// tests/golden/added_tokens.py made the files.
static void ids_and_text_are_those_of_marian_tokenizer(void)
{
    static const char *const names[] = {"new", "old"};
    for (size_t k = 0; k < DM_COUNT(names); k++) {
        char *folder = folder_with(names[k]),
             *path = dm_format("%s/golden/added_tokens/%s/expected.jsonl", TEST_DATA, names[k]);
        Segmenter *segmenter = opened(folder, "sentencepiece", false);
        dm_lines lines;
        CU_ASSERT_EQUAL(dm_vocabulary_size(dm_segmenter_vocabulary(segmenter, DM_TARGET)), 167);
        CU_ASSERT_EQUAL_FATAL(dm_lines_read(&lines, path, NULL), DM_OK);
        CU_ASSERT(lines.count >= 20);
        for (size_t i = 0; i < lines.count; i++) {
            cJSON *expected = cJSON_Parse(lines.line[i]);
            CU_ASSERT_PTR_NOT_NULL_FATAL(expected);
            CU_ASSERT(same_as_marian_tokenizer(segmenter, expected));
            cJSON_Delete(expected);
        }
        dm_lines_free(&lines);
        dm_segmenter_close(segmenter);
        dm_free(folder);
        dm_free(path);
    }
}

static void a_copy_of_the_folder_has_them_too(void)
{
    char *folder = folder_with("old"), *copy = scratch_path("copy");
    CU_ASSERT_EQUAL(dm_make_folder(copy, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_segmenter_copy(folder, copy, NULL), DM_OK);
    Segmenter *segmenter = opened(copy, "sentencepiece", false);
    Ids ids;
    dm_encode(segmenter, DM_SOURCE, "<sep>", &ids);
    CU_ASSERT(ids.count == 2 && ids.id[0] == 164);
    char *text = dm_decode(segmenter, ids.id, 1);
    CU_ASSERT_STRING_EQUAL(text, "");  // it is special
    dm_free(text);
    dm_free(ids.id);
    dm_segmenter_close(segmenter);
    dm_free(folder);
    dm_free(copy);
}

static void ids_that_do_not_follow_the_vocabulary_are_named(void)
{
    static const char *const cases[][2] = {
        {"{\"<a>\": 161}", "the added token \"<a>\" has the id 161, but vocab.json has 160 pieces"},
        {"{\"<a>\": 160, \"<b>\": 160}", "has the id 160"},
        {"{\"<a>\": 12}", "\"<a>\" has the id 12"},
        {"{\"<a>\": \"160\"}", "\"<a>\" has no whole number as its id"},
        {"{\"<a>\": 160, \"<a>\": 160}", "\"<a>\" stands there twice"},
        {"[]", "must be a JSON object"},
    };
    char *folder = folder_with("old"), *path = dm_join_path(folder, "added_tokens.json");
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Error error = {"no error"};
        Segmenter *segmenter = NULL;
        CU_ASSERT_EQUAL_FATAL(dm_write_file(path, cases[i][0], strlen(cases[i][0]), NULL), DM_OK);
        CU_ASSERT(dm_segmenter_open(&segmenter, &(SegmenterFiles){.folder = folder, .kind = "sentencepiece"}, &error));
        const bool good = strstr(error.message, cases[i][1]) && strstr(error.message, folder);
        if (!good) fprintf(stderr, "\nwanted: %s\n   got: %s\n", cases[i][1], error.message);
        CU_ASSERT(good);
    }
    dm_free(path);
    dm_free(folder);
}

const Fact facts[] = {
    FACT(ids_and_text_are_those_of_marian_tokenizer),
    FACT(a_copy_of_the_folder_has_them_too),
    FACT(ids_that_do_not_follow_the_vocabulary_are_named),
    {NULL, NULL},
};
