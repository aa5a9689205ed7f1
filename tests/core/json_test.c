// JSON files: what is wrong with one is said with its name, its line and its key, and the first complaint stays.
#include "test.h"

#include "core/json.h"
#include "core/memory.h"
#include "core/scratch.h"

static JsonFile open_text(const char *text, Error *error)
{
    JsonFile file;
    dm_json_open(&file, scratch_file("x.json", text, strlen(text)), error);
    return file;
}

// Whether the file of this text complains with these words, after its name.
static bool complains(JsonFile *file, const char *words)
{
    const char *end = strstr(file->error->message, "/x.json");
    bool so = file->status == DM_FAILURE && end && strcmp(end + strlen("/x.json"), words) == 0;
    if (!so) printf("\n    \"%s\"\n    instead of \"%s\"\n", file->error->message, words);
    return so;
}

static void a_broken_file_is_refused_with_its_line(void)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", ": line 1 is not valid JSON: get the file again or correct it"},
        {"{\n\"a\": 1,\n\"b\": }\n", ": line 3 is not valid JSON: get the file again or correct it"},
        {"{\n\"a\": 1", ": line 2 is not valid JSON: get the file again or correct it"},
        {"{}\n\n}\n", ": line 3 is not valid JSON: get the file again or correct it"},
        {"{\"a\": 1,\n\"\xFF\": 2}", ": line 2 is not valid UTF-8: get the file again or correct it"},
        {"[1]", " must be a JSON object ({...}), but is something else"},
        {"null", " must be a JSON object ({...}), but is something else"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Error error = {""};
        JsonFile file = open_text(cases[i].text, &error);
        CU_ASSERT(complains(&file, cases[i].words));
        CU_ASSERT_PTR_NULL(file.json);
        dm_json_close(&file);
        CU_ASSERT_EQUAL(file.status, DM_FAILURE);
    }
}

static void a_nul_byte_ends_no_file(void)
{
    Error error = {""};
    JsonFile file;
    CU_ASSERT_EQUAL(dm_json_open(&file, scratch_file("x.json", "{}\0{}", 5), &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "not valid JSON"));
    dm_json_close(&file);
}

static void a_missing_file_is_named_and_says_nothing(void)
{
    Error error = {""};
    JsonFile file, none = {0};
    CU_ASSERT_EQUAL(dm_json_open(&file, scratch("none.json"), &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "none.json: No such file"));
    CU_ASSERT_EQUAL(dm_json_integer(&file, "a", 0, 9, 7), 7);
    CU_ASSERT_PTR_NULL(dm_json_find(&none, "a"));
    dm_json_close(&file);
    dm_json_close(&none);
}

static void values_are_found_by_key(void)
{
    Error error = {""};
    JsonFile file =
        open_text("{\"n\": -3, \"e\": 2e2, \"yes\": true, \"no\": false, \"t\": \"\u8bd1\", \"null\": null}\n", &error);
    CU_ASSERT_EQUAL(dm_json_integer(&file, "n", -3, 0, 9), -3);
    CU_ASSERT_EQUAL(dm_json_integer(&file, "e", 0, 200, 9), 200);
    CU_ASSERT_EQUAL(dm_json_integer(&file, "N", 0, 9, 5), 5);
    CU_ASSERT_EQUAL(dm_json_integer(&file, "null", 0, 9, 5), 5);
    CU_ASSERT(dm_json_flag(&file, "yes", false));
    CU_ASSERT_FALSE(dm_json_flag(&file, "no", true));
    CU_ASSERT(dm_json_flag(&file, "null", true));
    CU_ASSERT_STRING_EQUAL(dm_json_text(&file, "t", ""), "\u8bd1");
    CU_ASSERT_STRING_EQUAL(dm_json_text(&file, "null", "x"), "x");
    CU_ASSERT_PTR_NULL(dm_json_text(&file, "no such", NULL));
    CU_ASSERT_EQUAL(file.status, DM_OK);
    dm_json_close(&file);
}

static void read_integer(JsonFile *file)
{
    CU_ASSERT_EQUAL(dm_json_integer(file, "k", 0, 2147483647, 4), 4);
}

static void read_flag(JsonFile *file)
{
    CU_ASSERT(dm_json_flag(file, "k", true));
}

static void read_text(JsonFile *file)
{
    CU_ASSERT_STRING_EQUAL(dm_json_text(file, "k", "usual"), "usual");
}

static void a_value_of_the_wrong_kind_is_refused(void)
{
    static const struct {
        const char *text;
        void (*read)(JsonFile *file);
        const char *words;
    } cases[] = {
        {"{\"k\": -1}", read_integer, ": \"k\" is -1, but a whole number from 0 to 2147483647 is needed"},
        {"{\"k\": 2147483648}", read_integer,
         ": \"k\" is 2147483648, but a whole number from 0 to 2147483647 is needed"},
        {"{\"k\": 1.5}", read_integer, ": \"k\" is 1.5, but a whole number from 0 to 2147483647 is needed"},
        {"{\"k\": \"1\"}", read_integer, ": \"k\" is \"1\", but a whole number from 0 to 2147483647 is needed"},
        {"{\"k\": true}", read_integer, ": \"k\" is true, but a whole number from 0 to 2147483647 is needed"},
        {"{\"k\": 1}", read_flag, ": \"k\" must be true or false"},
        {"{\"k\": [\"a\"]}", read_text, ": \"k\" must be a text in quotes"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Error error = {""};
        JsonFile file = open_text(cases[i].text, &error);
        cases[i].read(&file);
        CU_ASSERT(complains(&file, cases[i].words));
        dm_json_close(&file);
    }
}

static void the_first_complaint_stays(void)
{
    Error error = {""};
    JsonFile file = open_text("{\"a\": -1, \"b\": 2}", &error);
    dm_json_integer(&file, "a", 0, 9, 0);
    dm_json_flag(&file, "b", true);
    dm_json_complain(&file, "%s: another", file.path);
    CU_ASSERT(complains(&file, ": \"a\" is -1, but a whole number from 0 to 9 is needed"));
    dm_json_close(&file);
}

static void what_is_missing_is_called_so(void)
{
    Error error = {""};
    JsonFile file = open_text("{}", &error);
    dm_json_refuse(&file, "k", dm_json_find(&file, "k"), "a list of %d", 3);
    CU_ASSERT(complains(&file, ": \"k\" is missing, but a list of 3 is needed"));
    dm_json_close(&file);
}

static void what_is_written_is_read_again(void)
{
    Error error = {""};
    JsonFile file;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "k", 3);
    CU_ASSERT_FATAL(!dm_json_write(scratch("x.json"), json, &error));
    CU_ASSERT(!dm_json_open(&file, scratch("x.json"), &error));
    CU_ASSERT_EQUAL(dm_json_integer(&file, "k", 0, 9, 0), 3);
    dm_json_close(&file);
    char *text = NULL;
    CU_ASSERT_FATAL(!dm_read_file(scratch("x.json"), &text, NULL, &error));
    CU_ASSERT_STRING_EQUAL(text, "{\n\t\"k\":\t3\n}\n");
    dm_free(text);
    CU_ASSERT_EQUAL(dm_json_write(scratch("no/such/x.json"), cJSON_CreateObject(), &error), DM_FAILURE);
}

static void an_id_that_is_none_is_none(void)
{
    static const char *const texts[] = {"{\"k\": -1}", "{\"k\": 7}", "{\"k\": \"1\"}", "{\"k\": [1, 2]}", "{}"};
    for (size_t i = 0; i < DM_COUNT(texts); i++) {
        Error error = {""};
        JsonFile file = open_text(texts[i], &error);
        CU_ASSERT_EQUAL(dm_json_id(&file, "k", 7), -1);
        CU_ASSERT_EQUAL(file.status, i + 1 < DM_COUNT(texts) ? DM_FAILURE : DM_OK);
        dm_json_close(&file);
    }
    Error error = {""};
    JsonFile file = open_text("{\"k\": 6, \"list\": [0]}", &error);
    CU_ASSERT(dm_json_id(&file, "k", 7) == 6 && dm_json_id(&file, "list", 7) == 0);
    dm_json_close(&file);
}

const Fact facts[] = {
    FACT(an_id_that_is_none_is_none),    FACT(a_broken_file_is_refused_with_its_line),
    FACT(a_nul_byte_ends_no_file),       FACT(a_missing_file_is_named_and_says_nothing),
    FACT(values_are_found_by_key),       FACT(a_value_of_the_wrong_kind_is_refused),
    FACT(the_first_complaint_stays),     FACT(what_is_missing_is_called_so),
    FACT(what_is_written_is_read_again), {NULL, NULL},
};
