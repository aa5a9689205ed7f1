// Configuration files, and the record of a run's options.
#include "test.h"

#include "options/options.h"
#include "core/memory.h"
#include "core/scratch.h"

static dm_status load(dm_options *options, const char *json, dm_error *error)
{
    return dm_options_load(options, scratch_file("run.json", json, strlen(json)), error);
}

static dm_options *train_options(const char *schedule)
{
    dm_options *options = dm_options_new("train");
    CU_ASSERT_FATAL(!dm_options_set(options, "train-sets", 2, (const char *[]){"a.zh", "a.en"}, NULL));
    CU_ASSERT_FATAL(!dm_options_set(options, "valid-tsv", 1, (const char *[]){"dev.tsv"}, NULL));
    CU_ASSERT_FATAL(!dm_options_set(options, "model", 1, (const char *[]){"toy"}, NULL));
    CU_ASSERT_FATAL(!dm_options_set(options, "lr-schedule", 1, &schedule, NULL));
    // What hangs on the text, as a run has it settled.
    CU_ASSERT_FATAL(!dm_options_set_default(options, "dropout", "0.1", NULL));
    CU_ASSERT_FATAL(!dm_options_set_default(options, "after", "10e", NULL));
    return options;
}

static void a_file_with_comments_is_read(void)
{
    dm_options *options = dm_options_new("train");
    dm_error error;
    CU_ASSERT(
        !load(options,
              "\xEF\xBB\xBF{ // what it learns from\n\"train-sets\": [\"a//b\", \"/*\\\"*/\"], /* \" */ \"lr\": 1e-4,"
              "\"dim-emb\": 1000, \"seed\": 999999999999999, \"after\": \"30m\", \"quiet\": true,"
              "\"overwrite\": false, \"valid-metrics\": \"chrf\"}\n// the end",
              &error));
    CU_ASSERT_STRING_EQUAL(dm_options_text(options, "train-sets", 0), "a//b");
    CU_ASSERT_STRING_EQUAL(dm_options_text(options, "train-sets", 1), "/*\"*/");
    CU_ASSERT_EQUAL(dm_options_number(options, "learn-rate"), 1e-4);
    CU_ASSERT_EQUAL(dm_options_number(options, "dim-emb"), 1000);
    CU_ASSERT_EQUAL(dm_options_number(options, "seed"), 999999999999999);
    CU_ASSERT_EQUAL(dm_options_duration(options, "after").amount, 1800);
    CU_ASSERT(dm_options_flag(options, "quiet") && !dm_options_flag(options, "overwrite"));
    CU_ASSERT_EQUAL(dm_options_count(options, "valid-metrics"), 1);
    CU_ASSERT(dm_options_given(options, "quiet") && !dm_options_given(options, "dim-ffn"));
    dm_options_free(options);
}

static void a_wrong_file_is_explained(void)
{
    static const struct {
        const char *json;
        dm_status status;
        const char *part;
    } cases[] = {
        {"{\"dim-emb\": 5,\n  \"heads\" 7}", DM_FAILURE, "run.json: line 2, column 11: this is not JSON"},
        {"{\"heads\": 1 2}", DM_FAILURE, "line 1, column 13"},
        {"/* \xE4\xB8\xAD\n */ {\"heads\": 1,}", DM_FAILURE, "run.json: line 2, column 1"},
        {"{\"heads\": 1} x", DM_FAILURE, "line 1, column 14"},
        {"{\"model\": \"\xFF\"}", DM_FAILURE, "line 1, column 12: this is not UTF-8"},
        {"{\"heads\": 1 /* never ends", DM_FAILURE, "line 1, column 13"},
        {"", DM_FAILURE, "this is not JSON"},
        {"heads: 1\n", DM_FAILURE, "line 1, column 1: this is not JSON: options look like this: {"},
        {"[1]", DM_FAILURE, "holds no JSON object"},
        {"{\"dim-em\": 5}", DM_USAGE, "run.json: unknown option dim-em: did you mean dim-emb?"},
        {"{\"Dim-Emb\": 5}", DM_USAGE, "run.json: Dim-Emb is written dim-emb here"},
        {"{\"beam-sise\": 5}", DM_USAGE, "run.json: unknown option beam-sise"},
        {"{\"max-tokens\": 5}", DM_USAGE, "run.json: max-tokens is called mini-batch-words here"},
        {"{\"m\": \"x\"}", DM_USAGE, "unknown option m"},
        {"{\"heads\": 1, \"heads\": 2}", DM_USAGE, "run.json: heads stands there twice"},
        {"{\"lr\": 1, \"learn-rate\": 2}", DM_USAGE, "run.json: learn-rate stands there twice"},
        {"{\"heads\": \"1\"}", DM_USAGE, "run.json: heads must be a number, not a string"},
        {"{\"heads\": [1]}", DM_USAGE, "run.json: heads must be a number, not a list"},
        {"{\"heads\": null}", DM_USAGE, "not null"},
        {"{\"heads\": 1.5}", DM_USAGE, "'1.5' is not a whole number"},
        {"{\"heads\": 5000}", DM_USAGE, "5000 is too much; at most 1024"},
        {"{\"dropout\": 1e999}", DM_USAGE, "run.json: dropout"},
        {"{\"model\": 5}", DM_USAGE, "run.json: model must be a string, not a number"},
        {"{\"model\": {\"a\": 1}}", DM_USAGE, "not an object"},
        {"{\"quiet\": 1}", DM_USAGE, "run.json: quiet must be true or false, not a number"},
        {"{\"after\": 10}", DM_USAGE, "run.json: after must be a string such as"},
        {"{\"train-sets\": []}", DM_USAGE, "train-sets needs 1 to 2 values (SRC TRG), but got 0"},
        {"{\"train-sets\": [\"a\", 2]}", DM_USAGE, "train-sets must be a list of strings, not one with a number"},
        {"{\"valid-metrics\": []}", DM_USAGE, "valid-metrics needs 1 to 8 values"},
        {"{\"config\": \"b.json\"}", DM_USAGE, "config can only stand on the command line"},
        {"{\"help\": true}", DM_USAGE, "help can only stand on the command line"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_options *options = dm_options_new("train");
        dm_error error = {""};
        bool good = load(options, cases[i].json, &error) == cases[i].status && strstr(error.message, cases[i].part);
        if (!good) printf("\n  %s: %s\n", cases[i].json, error.message);
        CU_ASSERT(good);
        dm_options_free(options);
    }
    dm_options *options = dm_options_new("train");
    dm_error error;
    CU_ASSERT_EQUAL(dm_options_load(options, scratch("missing.json"), &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "missing.json: No such file"));
    dm_options_free(options);
}

// What a file says of other commands, and what has no effect beside the rest, is said once; on the command line it is
// refused.
static void what_a_shared_file_says_in_vain_is_remarked(void)
{
    static const struct {
        const char *command, *json, *words[4], *remark;
    } cases[] = {
        {"train",
         "{\"tsv\": \"a\", \"model\": \"m\", \"beam-size\": 5, \"n-best\": 2}",
         {NULL},
         ": without effect here: beam-size, n-best (of other commands)"},
        {"translate",
         "{\"tsv\": \"a\", \"tsv-columns\": [1, 2], \"model\": \"m\"}",
         {NULL},
         ": without effect here: tsv, tsv-columns (of other commands)"},
        {"translate",
         "{\"tsv-columns\": 2, \"model\": \"m\", \"temperature\": 2, \"seed\": 7}",
         {NULL},
         ": without effect here: tsv-columns without --tsv, temperature, seed without --output-sampling"},
        {"train",
         "{\"tsv\": \"a\", \"model\": \"m\", \"heads\": 2, \"early-stopping\": 0}",
         {"--pretrained-model", "p"},
         ": without effect here: heads with --pretrained-model"},
        {"train", "{\"tsv\": \"a\", \"model\": \"m\", \"early-stopping\": 3}", {"--early-stopping", "0"}, NULL},
        {"train", "{\"tsv\": \"a\", \"model\": \"m\", \"early-stopping\": 3}", {"--valid-tsv", "d"}, NULL},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        const char *path = scratch_file("shared.json", cases[i].json, strlen(cases[i].json));
        char *words[6] = {"--config", (char *)path};
        int count = 2;
        while (cases[i].words[count - 2]) words[count] = (char *)cases[i].words[count - 2], count++;
        dm_options *options = dm_options_new(cases[i].command);
        dm_error error = {""}, remark = {""};
        CU_ASSERT_EQUAL(dm_options_parse(options, count, words, &error), DM_OK);
        const bool remarked = dm_options_remark(options, &remark);
        const bool good = cases[i].remark ? remarked && strstr(remark.message, "shared.json") &&
                                                strstr(remark.message, cases[i].remark)
                                          : !remarked;
        if (!good) printf("\n  %s: %s%s\n", cases[i].json, error.message, remark.message);
        CU_ASSERT(good);
        dm_options_free(options);
    }
}

static void the_command_line_wins_wherever_it_stands(void)
{
    const char json[] = "{\"ref\": [\"a\", \"b\"], \"tok\": \"zh\", \"HYP\": \"h\"}";
    char *path = dm_copy_string(scratch_file("score.json", json, strlen(json)));
    char *before[] = {"--ref", "c", "--tok", "none", "--config", path}, *after[] = {"--config", path, "--ref", "c"};
    dm_error error;
    dm_options *options = dm_options_new("score");
    CU_ASSERT(!dm_options_parse(options, 6, before, &error));
    CU_ASSERT_EQUAL(dm_options_count(options, "ref"), 1);
    CU_ASSERT_STRING_EQUAL(dm_options_text(options, "ref", 0), "c");
    CU_ASSERT_STRING_EQUAL(dm_options_text(options, "tok", 0), "none");
    CU_ASSERT_STRING_EQUAL(dm_options_text(options, "HYP", 0), "h");
    dm_options_free(options);
    options = dm_options_new("score");
    CU_ASSERT(!dm_options_parse(options, 4, after, &error));
    CU_ASSERT_STRING_EQUAL(dm_options_text(options, "ref", 0), "c");
    CU_ASSERT_STRING_EQUAL(dm_options_text(options, "tok", 0), "zh");
    dm_options_free(options);
    options = dm_options_new("score");
    CU_ASSERT(!dm_options_parse(options, 2, after, &error));
    CU_ASSERT_EQUAL(dm_options_count(options, "ref"), 2);
    dm_options_free(options);
    dm_free(path);
}

// What the file gives in one way may be given in the other on the command line; within one of them it may not.
static void the_command_line_may_replace_what_the_file_says_by_its_alternative(void)
{
    static const struct {
        const char *json, *words[4], *there, *gone;
    } cases[] = {
        {"{\"train-sets\": [\"a\", \"b\"], \"model\": \"m\"}", {"--tsv", "c"}, "tsv", "train-sets"},
        {"{\"tsv\": \"c\", \"model\": \"m\"}", {"--train-sets", "a", "b"}, "train-sets", "tsv"},
        {"{\"tsv\": \"c\", \"valid-tsv\": \"d\", \"model\": \"m\"}",
         {"--valid-sets", "a", "b"},
         "valid-sets",
         "valid-tsv"},
        {"{\"tsv\": \"c\", \"train-sets\": [\"a\", \"b\"], \"model\": \"m\"}", {"--seed", "2"}, NULL, NULL},
        {"{\"train-sets\": [\"a\", \"b\"], \"model\": \"m\"}", {"--tsv=c", "-t", "a", "b"}, NULL, NULL},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        const char *path = scratch_file("train.json", cases[i].json, strlen(cases[i].json));
        char *words[6] = {"--config", (char *)path};
        int count = 2;
        while (count < 6 && cases[i].words[count - 2]) words[count] = (char *)cases[i].words[count - 2], count++;
        dm_options *options = dm_options_new("train");
        dm_error error = {""};
        CU_ASSERT_EQUAL(dm_options_parse(options, count, words, &error), cases[i].there ? DM_OK : DM_USAGE);
        if (cases[i].there) {
            CU_ASSERT(dm_options_given(options, cases[i].there) && !dm_options_given(options, cases[i].gone));
            CU_ASSERT_EQUAL(dm_options_count(options, cases[i].gone), 0);
        } else {
            CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "--train-sets or --tsv, not both"));
        }
        dm_options_free(options);
    }
}

static void what_is_written_reads_back_the_same(void)
{
    dm_options *options = train_options("cosine"), *again = dm_options_new("train");
    CU_ASSERT(!dm_options_set(options, "learn-rate", 1, (const char *[]){"0.000300000000000003"}, NULL));
    CU_ASSERT(!dm_options_set(options, "seed", 1, (const char *[]){"999999999999999"}, NULL));
    cJSON *json = dm_options_json(options, true);
    char *text = cJSON_Print(json);
    dm_error error;
    CU_ASSERT(!load(again, text, &error));
    CU_ASSERT_EQUAL(dm_options_number(again, "learn-rate"), 0.000300000000000003);
    CU_ASSERT_EQUAL(dm_options_number(again, "optimizer-params"), 0.9);
    cJSON *json_again = dm_options_json(again, true);
    CU_ASSERT(cJSON_Compare(json, json_again, true));
    CU_ASSERT(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(json, "dim-emb")));
    CU_ASSERT(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "overwrite")));
    CU_ASSERT(cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "optimizer-params")));
    CU_ASSERT_PTR_NULL(cJSON_GetObjectItemCaseSensitive(json, "valid-sets"));
    CU_ASSERT_PTR_NULL(cJSON_GetObjectItemCaseSensitive(json, "config"));
    cJSON_Delete(json);
    cJSON_Delete(json_again);
    dm_free(text);
    dm_options_free(options);
    dm_options_free(again);
}

static void a_run_goes_on_with_its_own_options_alone(void)
{
    static const struct {
        const char *schedule, *name, *value, *part;  // part: of the refusal; NULL: it goes on
    } cases[] = {
        {"inv-sqrt", "after", "20e", NULL},
        {"inv-sqrt", "cpu-threads", "3", NULL},
        {"inv-sqrt", "model", "elsewhere", NULL},
        {"inv-sqrt", "early-stopping", "3", NULL},
        {"inv-sqrt", "disp-freq", "1u", NULL},
        {"inv-sqrt", "learn-rate", "1e-3", NULL},  // 0.001, the default
        {"inv-sqrt", "dropout", "0.10", NULL},
        {"inv-sqrt", "seed", "2", "--seed: begun with 1, now 2"},
        {"inv-sqrt", "dropout", "0.100000000000001", "--dropout: begun with 0.1, now 0.100000000000001"},
        {"inv-sqrt", "valid-freq", "1e", NULL},
        {"inv-sqrt", "dim-emb", "128", "--dim-emb: begun with 256, now 128"},
        {"inv-sqrt", "lanes", "8", "--lanes: begun with 0, now 8"},
        {"inv-sqrt", "valid-freq", "30m", "--valid-freq: begun with 1e, now 30m"},
        {"inv-sqrt", "valid-metrics", "bleu", "--valid-metrics: begun with ce-mean-words bleu, now bleu"},
        {"inv-sqrt", "pretrained-model", "x", "--pretrained-model: begun with none, now x"},
        {"linear", "after", "20e", "--after: begun with 10e, now 20e"},
        {"cosine", "after", "20e", "--after: begun with 10e, now 20e"},
        {"constant", "after", "20e", NULL},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        for (int everything = 0; everything < 2; everything++) {
            dm_options *begun = train_options(cases[i].schedule), *now = train_options(cases[i].schedule);
            cJSON *stored = dm_options_json(begun, everything);
            dm_error error = {""};
            CU_ASSERT(!dm_options_match(now, stored, "toy", NULL, &error));
            CU_ASSERT(!dm_options_set(now, cases[i].name, 1, &cases[i].value, NULL));
            dm_status status = dm_options_match(now, stored, "toy", NULL, &error);
            bool good = cases[i].part ? status == DM_USAGE && strstr(error.message, cases[i].part) : status == DM_OK;
            if (!good) printf("\n  %s %s: %s\n", cases[i].name, cases[i].value, error.message);
            CU_ASSERT(good);
            cJSON_Delete(stored);
            dm_options_free(begun);
            dm_options_free(now);
        }
    }
}

static void every_difference_is_listed_and_time_is_compared_as_time(void)
{
    dm_options *begun = train_options("constant"), *now = train_options("constant");
    CU_ASSERT(!dm_options_set(begun, "valid-freq", 1, (const char *[]){"60m"}, NULL));
    CU_ASSERT(!dm_options_set(now, "valid-freq", 1, (const char *[]){"1h"}, NULL));
    cJSON *stored = dm_options_json(begun, false);
    dm_error error;
    CU_ASSERT(!dm_options_match(now, stored, "toy", NULL, &error));
    CU_ASSERT(!dm_options_set(now, "heads", 1, (const char *[]){"8"}, NULL));
    CU_ASSERT(!dm_options_set(now, "segmenter", 1, (const char *[]){"space"}, NULL));
    CU_ASSERT(!dm_options_set(now, "train-sets", 2, (const char *[]){"a.zh", "b.en"}, NULL));  // text is known as text
    CU_ASSERT_EQUAL(dm_options_match(now, stored, "toy", NULL, &error), DM_USAGE);
    CU_ASSERT(strncmp(error.message, "toy: ", 5) == 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "\n  --segmenter: begun with unigram, now space (it stays: the"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "\n  --heads: begun with 4, now 8"));
    CU_ASSERT_PTR_NULL(strstr(error.message, "--train-sets"));
    cJSON_Delete(stored);
    dm_options_free(begun);
    dm_options_free(now);
}

static void an_option_that_the_record_does_not_know_counts_as_its_default(void)
{
    dm_options *options = train_options("inv-sqrt");
    cJSON *stored = dm_options_json(options, false);
    dm_error error;
    cJSON_DeleteItemFromObjectCaseSensitive(stored, "clip-norm");
    CU_ASSERT(!dm_options_match(options, stored, "toy", NULL, &error));
    CU_ASSERT(!dm_options_set(options, "clip-norm", 1, (const char *[]){"5"}, NULL));
    CU_ASSERT_EQUAL(dm_options_match(options, stored, "toy", NULL, &error), DM_USAGE);
    cJSON_AddStringToObject(stored, "clip-norm", "damaged");
    CU_ASSERT_EQUAL(dm_options_match(options, stored, "toy", NULL, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "clip-norm must be a number"));
    cJSON_Delete(stored);
    dm_options_free(options);
}

static const char *text_of(const cJSON *change, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(change, key));
}

static void what_may_change_is_listed_and_what_stays_is_refused(void)
{
    static const char *const lower[] = {"0.0005"}, *const end[] = {"20e"};
    dm_options *begun = train_options("linear"), *now = train_options("linear");
    cJSON *stored = dm_options_json(begun, true), *changes = cJSON_CreateArray();
    dm_error error;
    CU_ASSERT(!dm_options_set(now, "learn-rate", 1, lower, NULL) && !dm_options_set(now, "after", 1, end, NULL));
    CU_ASSERT_EQUAL(dm_options_match(now, stored, "toy", NULL, &error), DM_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "--learn-rate: begun with 0.001, now 0.0005 (possible from here on, "
                                                 "with --change)"));
    CU_ASSERT_EQUAL(dm_options_match(now, stored, "toy", changes, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(cJSON_GetArraySize(changes), 2);
    CU_ASSERT_STRING_EQUAL(text_of(changes->child, "option"), "learn-rate");
    CU_ASSERT_STRING_EQUAL(text_of(changes->child, "from"), "0.001");
    CU_ASSERT_STRING_EQUAL(text_of(changes->child, "to"), "0.0005");
    CU_ASSERT_STRING_EQUAL(text_of(changes->child->next, "option"), "after");
    CU_ASSERT(!dm_options_set(now, "seed", 1, (const char *[]){"2"}, NULL));
    CU_ASSERT_EQUAL(dm_options_match(now, stored, "toy", changes, &error), DM_USAGE);
    CU_ASSERT(strstr(error.message, "--seed: begun with 1, now 2 (it stays: all random") != NULL);
    CU_ASSERT_PTR_NULL(strstr(error.message, "--learn-rate"));
    cJSON_Delete(stored);
    cJSON_Delete(changes);
    dm_options_free(begun);
    dm_options_free(now);
}

static void what_is_not_given_is_recalled(void)
{
    static const char *const none[] = {"model", NULL}, *const columns[] = {"3", "1"};
    dm_options *begun = dm_options_new("train"), *now = dm_options_new("train");
    CU_ASSERT(!load(begun,
                    "{\"tsv\": \"a.tsv\", \"valid-sets\": [\"a\", \"b\"], \"tsv-columns\": [3, 1], \"model\": "
                    "\"there\", \"heads\": 8, "
                    "\"keep-best\": [\"bleu\"], \"dropout\": 0.3, \"quiet\": true}",
                    NULL));
    cJSON *stored = dm_options_json(begun, true);
    char *recalled = NULL;
    CU_ASSERT(!dm_options_set(now, "dropout", 1, (const char *[]){"0.1"}, NULL));  // given, though it is the default
    CU_ASSERT(!dm_options_recall(now, stored, none, "toy", &recalled, NULL));
    CU_ASSERT_STRING_EQUAL(recalled,
                           "--tsv a.tsv --valid-sets a b --quiet --tsv-columns 3 1 --heads 8 --keep-best bleu");
    CU_ASSERT_STRING_EQUAL(dm_options_text(now, "tsv-columns", 0), columns[0]);
    CU_ASSERT(dm_options_given(now, "heads") && dm_options_number(now, "heads") == 8);
    CU_ASSERT(dm_options_number(now, "dropout") == 0.1 && !dm_options_given(now, "clip-norm"));
    CU_ASSERT_EQUAL(dm_options_count(now, "model"), 0);
    CU_ASSERT(dm_options_complete(now, NULL) == DM_USAGE && !dm_options_count(now, "train-sets"));
    dm_free(recalled);
    dm_options_free(now);

    now = dm_options_new("train");  // another text in its place: its columns say nothing then
    CU_ASSERT(!dm_options_set(now, "train-sets", 2, columns, NULL));
    CU_ASSERT(!dm_options_recall(now, stored, none, "toy", &recalled, NULL));
    CU_ASSERT(!dm_options_count(now, "tsv") && !dm_options_given(now, "tsv-columns"));
    dm_free(recalled);
    cJSON_Delete(stored);
    dm_options_free(begun);
    dm_options_free(now);
}

const Fact facts[] = {
    FACT(a_file_with_comments_is_read),
    FACT(a_wrong_file_is_explained),
    FACT(what_a_shared_file_says_in_vain_is_remarked),
    FACT(the_command_line_wins_wherever_it_stands),
    FACT(the_command_line_may_replace_what_the_file_says_by_its_alternative),
    FACT(what_is_written_reads_back_the_same),
    FACT(a_run_goes_on_with_its_own_options_alone),
    FACT(every_difference_is_listed_and_time_is_compared_as_time),
    FACT(an_option_that_the_record_does_not_know_counts_as_its_default),
    FACT(what_may_change_is_listed_and_what_stays_is_refused),
    FACT(what_is_not_given_is_recalled),
    {NULL, NULL},
};
