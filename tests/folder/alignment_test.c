// The heads that align, in config.json: what is stored is read again, what is not there has a default, and what cannot
// be is refused by name.
#include "folder/alignment.h"

#include "core/memory.h"
#include "core/scratch.h"
#include "folder/folder.h"
#include "model/small_config.h"
#include "test.h"

static ModelConfig decoder_of(int layers, int heads)
{
    return small_transformer(30, 16, layers, heads);
}

static Status read_heads(AlignmentHeads *heads, const char *extra, const ModelConfig *config, Error *error)
{
    cJSON *json = extra ? cJSON_Parse(extra) : NULL;
    CU_ASSERT(!extra || json);
    Status status = dm_alignment_heads_of(heads, config, json, "folder", error);
    cJSON_Delete(json);
    return status;
}

static bool are(const AlignmentHeads *heads, int layer, int shift, int count, const int *list)
{
    return heads->layer == layer && heads->shift == shift && heads->head_count == count &&
           memcmp(heads->heads, list, (size_t)count * sizeof(int)) == 0;
}

static void what_config_json_says_is_taken(void)
{
    const ModelConfig shape = decoder_of(3, 4);
    AlignmentHeads heads;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(read_heads(&heads,
                                     "{\"alignment\": {\"layer\": 2, \"heads\": [3, 0], \"shift\": 1, \"agreement\": "
                                     "0.5, \"of the future\": []}}",
                                     &shape, &error),
                          DM_OK);
    CU_ASSERT(are(&heads, 2, 1, 2, (int[]){0, 3}));
    dm_alignment_heads_free(&heads);
}

static void where_it_says_nothing_the_last_layer_but_one_counts(void)
{
    static const char *const nothing[] = {NULL, "{}", "{\"alignment\": null}"};
    const ModelConfig shape = decoder_of(3, 4), one = decoder_of(1, 2);
    for (size_t i = 0; i < DM_COUNT(nothing); i++) {
        AlignmentHeads heads;
        CU_ASSERT_EQUAL_FATAL(read_heads(&heads, nothing[i], &shape, NULL), DM_OK);
        CU_ASSERT(are(&heads, 1, 0, 4, (int[]){0, 1, 2, 3}));
        dm_alignment_heads_free(&heads);
        CU_ASSERT_EQUAL_FATAL(read_heads(&heads, nothing[i], &one, NULL), DM_OK);
        CU_ASSERT(are(&heads, 0, 0, 2, (int[]){0, 1}));
        dm_alignment_heads_free(&heads);
    }
}

static void what_the_model_does_not_have_is_refused_by_name(void)
{
    static const char *const cases[][2] = {
        {"7", "\"alignment\" in \"dragoman\" must be a JSON object"},
        {"[0, 1]", "\"alignment\" in \"dragoman\" must be a JSON object"},
        {"{}", "\"layer\" of \"alignment\" in \"dragoman\" is missing, but a whole number from 0 to 2 is needed"},
        {"{\"layer\": 3, \"shift\": 0, \"heads\": [0]}", "\"layer\" of \"alignment\" in \"dragoman\" is 3"},
        {"{\"layer\": -1, \"shift\": 0, \"heads\": [0]}", "\"layer\" of \"alignment\" in \"dragoman\" is -1"},
        {"{\"layer\": 0.5, \"shift\": 0, \"heads\": [0]}", "\"layer\" of \"alignment\" in \"dragoman\" is 0.5"},
        {"{\"layer\": 1e300, \"shift\": 0, \"heads\": [0]}", "\"layer\" of \"alignment\" in \"dragoman\" is 1e+300"},
        {"{\"layer\": \"1\", \"shift\": 0, \"heads\": [0]}", "\"layer\" of \"alignment\" in \"dragoman\" is \"1\""},
        {"{\"layer\": true, \"shift\": 0, \"heads\": [0]}", "\"layer\" of \"alignment\" in \"dragoman\" is true"},
        {"{\"layer\": 1, \"heads\": [0]}", "\"shift\" of \"alignment\" in \"dragoman\" is missing"},
        {"{\"layer\": 1, \"shift\": 2, \"heads\": [0]}", "is 2, but a whole number from 0 to 1 is needed"},
        {"{\"layer\": 1, \"shift\": 0}", "\"heads\" of \"alignment\" in \"dragoman\" is missing, but a list"},
        {"{\"layer\": 1, \"shift\": 0, \"heads\": []}", "is [], but a list of different heads from 0 to 3"},
        {"{\"layer\": 1, \"shift\": 0, \"heads\": 2}", "is 2, but a list of different heads from 0 to 3"},
        {"{\"layer\": 1, \"shift\": 0, \"heads\": {\"0\": 1}}", "is {\"0\":1}, but a list"},
        {"{\"layer\": 1, \"shift\": 0, \"heads\": [0, 4]}", "is [0,4], but a list"},
        {"{\"layer\": 1, \"shift\": 0, \"heads\": [-1]}", "is [-1], but a list"},
        {"{\"layer\": 1, \"shift\": 0, \"heads\": [2, 2]}", "is [2,2], but a list"},
        {"{\"layer\": 1, \"shift\": 0, \"heads\": [[1]]}", "is [[1]], but a list"},
        {"{\"layer\": 1, \"shift\": 0, \"heads\": [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1]}",
         "is [0,1,2,3,0,1"},
        {"{\"layer\": 1, \"shift\": 0, \"whole\": 1, \"heads\": [0]}",
         "\"whole\" of \"alignment\" in \"dragoman\" is 1"},
    };
    const ModelConfig shape = decoder_of(3, 4);
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        AlignmentHeads heads;
        Error error = {"no error"};
        char *extra = dm_format("{\"alignment\": %s}", cases[i][0]);
        const Status status = read_heads(&heads, extra, &shape, &error);
        const bool good =
            status == DM_FAILURE && strstr(error.message, cases[i][1]) && strstr(error.message, "folder/config.json: ");
        CU_ASSERT(good);
        if (!good) fprintf(stderr, "\nwanted: %s\n   got: %s\n", cases[i][1], error.message);
        CU_ASSERT_PTR_NULL(heads.heads);
        dm_alignment_heads_free(&heads);
        dm_free(extra);
    }
}

// ---- Storing ----------------------------------------------------------------------------------------------------

static char *read_config(void)
{
    char *text = NULL;
    CU_ASSERT_EQUAL_FATAL(dm_read_file(scratch("config.json"), &text, NULL, NULL), DM_OK);
    return text;
}

static void what_is_stored_is_read_again_and_all_else_stays(void)
{
    const char before[] = "{\"d_model\": 16, \"mine\": [1e-05, 0.1], \"dragoman\": {\"segmenter\": \"space\", "
                          "\"alignment\": {\"layer\": 9}, \"training\": {\"seed\": 1234567890123}}}";
    scratch_file("config.json", before, strlen(before));
    char *folder = dm_copy_string(scratch(""));
    Error error = {""};
    const AlignmentHeads stored = {.layer = 2, .shift = 1, .head_count = 2, .heads = (int[]){1, 3}};
    CU_ASSERT_EQUAL_FATAL(dm_alignment_heads_store(&stored, 2.0 / 3, folder, &error), DM_OK);
    char *once = read_config();
    cJSON *json = cJSON_Parse(once), *ours = cJSON_GetObjectItem(json, "dragoman");
    const ModelConfig shape = decoder_of(3, 4);
    AlignmentHeads heads;
    CU_ASSERT_EQUAL_FATAL(dm_alignment_heads_of(&heads, &shape, ours, folder, &error), DM_OK);
    CU_ASSERT(are(&heads, 2, 1, 2, (int[]){1, 3}));
    dm_alignment_heads_free(&heads);
    cJSON *expected = cJSON_Parse("{\"d_model\": 16, \"mine\": [1e-05, 0.1], \"dragoman\": {\"segmenter\": \"space\", "
                                  "\"training\": {\"seed\": 1234567890123}, \"alignment\": {\"layer\": 2, \"heads\": "
                                  "[1, 3], \"shift\": 1, \"agreement\": 0.6667}}}");
    CU_ASSERT(cJSON_Compare(json, expected, true));

    CU_ASSERT_EQUAL_FATAL(dm_alignment_heads_store(&stored, 2.0 / 3, folder, &error), DM_OK);
    char *twice = read_config();
    CU_ASSERT_STRING_EQUAL(once, twice);
    dm_free(once), dm_free(twice), dm_free(folder);
    cJSON_Delete(json), cJSON_Delete(expected);
}

static void a_folder_that_is_not_ours_is_left_alone(void)
{
    const char theirs[] = "{\"d_model\": 16}\n";
    scratch_file("config.json", theirs, strlen(theirs));
    char *folder = dm_copy_string(scratch(""));
    Error error = {""};
    const AlignmentHeads stored = {.head_count = 1, .heads = (int[]){0}};
    CU_ASSERT_EQUAL(dm_alignment_heads_store(&stored, 1, folder, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "config.json has no \"dragoman\""));
    char *text = read_config();
    CU_ASSERT_STRING_EQUAL(text, theirs);
    remove(scratch("config.json"));
    CU_ASSERT_EQUAL(dm_alignment_heads_store(&stored, 1, folder, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "config.json"));
    dm_free(text), dm_free(folder);
}

const Fact facts[] = {
    FACT(what_config_json_says_is_taken),
    FACT(where_it_says_nothing_the_last_layer_but_one_counts),
    FACT(what_the_model_does_not_have_is_refused_by_name),
    FACT(what_is_stored_is_read_again_and_all_else_stays),
    FACT(a_folder_that_is_not_ours_is_left_alone),
    {NULL, NULL},
};
