// Scores against golden values that tests/golden/score.py took from sacreBLEU 2.6.
#include "test.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "core/error.h"
#include "core/files.h"
#include "core/memory.h"
#include "dragoman/dragoman.h"
#include "score/metrics.h"
#include "score/score.h"
#include "score/tokenize.h"
#include "score/unicode.h"

enum { MOST_LINES = 8, MOST_REFERENCES = 4 };

// ---- From the JSON file to what the library takes

static cJSON *golden(const char *part)
{
    char *bytes;
    Error error;
    if (dm_read_file(TEST_DATA "/golden/score.json", &bytes, NULL, &error)) CU_FAIL_FATAL("no golden file");
    cJSON *all = cJSON_Parse(bytes), *array = cJSON_DetachItemFromObjectCaseSensitive(all, part);
    CU_ASSERT_FATAL(cJSON_GetArraySize(array) > 20);
    cJSON_Delete(all);
    dm_free(bytes);
    return array;
}

static const char *string(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

typedef struct Case {
    char *texts[MOST_REFERENCES + 1][MOST_LINES];
    dm_lines hypotheses, references[MOST_REFERENCES];
    int reference_count;
} Case;

static dm_lines lines_of(const cJSON *array, char **texts)
{
    dm_lines lines = {texts, 0};
    CU_ASSERT_FATAL(cJSON_GetArraySize(array) <= MOST_LINES);
    for (const cJSON *line = array->child; line; line = line->next) texts[lines.count++] = line->valuestring;
    return lines;
}

static void read_case(Case *lines, const cJSON *golden_case)
{
    const cJSON *references = cJSON_GetObjectItemCaseSensitive(golden_case, "references");
    *lines = (Case){0};
    lines->hypotheses = lines_of(cJSON_GetObjectItemCaseSensitive(golden_case, "hypotheses"), lines->texts[0]);
    for (const cJSON *reference = references->child; reference; reference = reference->next) {
        int r = lines->reference_count++;
        CU_ASSERT_FATAL(r < MOST_REFERENCES);
        lines->references[r] = lines_of(reference, lines->texts[r + 1]);
    }
}

static bool lower_case_of(const cJSON *result)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "lowercase"));
}

static void set(dm_options *options, const char *name, const char *value)
{
    Error error = {""};
    if (value) CU_ASSERT_FATAL(!dm_options_set(options, name, 1, &value, &error));
}

// tok: NULL leaves the choice to the library.
static dm_options *score_options(const char *metric, const char *tok, bool lower_case)
{
    dm_options *options = dm_options_new("score");
    CU_ASSERT_FATAL(options != NULL);
    set(options, "metrics", metric);
    set(options, "tok", tok);
    set(options, "lowercase", lower_case ? "true" : NULL);
    return options;
}

// The settings that a golden result is for.
static dm_options *options_of(const cJSON *result)
{
    dm_options *options = score_options(string(result, "metric"), string(result, "tok"), lower_case_of(result));
    const cJSON *order = cJSON_GetObjectItemCaseSensitive(result, "word_order");
    if (order) set(options, "chrf-word-order", (const char *[]){"0", "1", "2"}[order->valueint]);
    return options;
}

static bool close_enough(double ours, double theirs)
{
    return fabs(ours - theirs) <= 1e-12 * fabs(theirs);
}

// Ours and theirs are the same but for the version at the end of the signature: "dragoman-..." here, "2.6.0" there.
static bool same_but_for_version(const char *ours, const char *theirs)
{
    while (*ours && *ours == *theirs) {
        ours++, theirs++;
        if (!strncmp(ours, "dragoman-" DM_VERSION, strlen("dragoman-" DM_VERSION)) && !strncmp(theirs, "2.6.0", 5)) {
            ours += strlen("dragoman-" DM_VERSION);
            theirs += strlen("2.6.0");
        }
    }
    return *ours == *theirs;
}

// Calls check(golden case, one of its results) for all of them.
static void for_each_result(void (*check)(const cJSON *golden_case, const cJSON *result))
{
    cJSON *cases = golden("cases");
    for (const cJSON *one = cases->child; one; one = one->next) {
        const cJSON *results = cJSON_GetObjectItemCaseSensitive(one, "results");
        for (const cJSON *result = results->child; result; result = result->next) check(one, result);
    }
    cJSON_Delete(cases);
}

static double score_of(const cJSON *result)
{
    return cJSON_GetObjectItemCaseSensitive(result, "score")->valuedouble;
}

// ---- Facts

static void check_result(const cJSON *golden_case, const cJSON *result)
{
    Case lines;
    read_case(&lines, golden_case);
    dm_options *options = options_of(result);
    dm_metric metric;
    Error error = {""};
    CU_ASSERT_FATAL(!dm_score(&lines.hypotheses, lines.references, lines.reference_count, options, &metric, &error));
    const char *line = string(result, "line"), *json = string(result, "json");
    bool good = close_enough(metric.score, score_of(result)) && same_but_for_version(metric.line, line) &&
                (!json || same_but_for_version(metric.json, json));
    if (!good)
        printf("\n%s: %.17g instead of %.17g\n%s\n%s\n", string(golden_case, "name"), metric.score, score_of(result),
               metric.line, line);
    CU_ASSERT(good);
    dm_metrics_free(&metric, 1);
    dm_options_free(options);
}

static void every_golden_case_equals_sacrebleu_to_the_last_digit(void)
{
    for_each_result(check_result);
}

// Whether `text`, cut at white space, is this list of tokens.
static bool same_tokens(const char *text, const cJSON *tokens)
{
    const char *at = dm_skip_white_space(text);
    for (const cJSON *token = tokens->child; token; token = token->next) {
        size_t length = strlen(token->valuestring);
        if (strncmp(at, token->valuestring, length)) return false;
        const char *rest = dm_skip_white_space(at + length);
        if (*rest && rest == at + length) return false;  // the token goes on
        at = rest;
    }
    return !*at;
}

static void tokens_are_those_of_sacrebleu(void)
{
    static const char *const names[] = {"13a", "none", "zh", "char", "intl"};
    cJSON *lines = golden("lines");
    for (const cJSON *line = lines->child; line; line = line->next) {
        for (size_t i = 0; i < DM_COUNT(names); i++) {
            char *text = dm_tokenizer(names[i])->tokenize(string(line, "line"));
            bool good = same_tokens(text, cJSON_GetObjectItemCaseSensitive(line, names[i]));
            if (!good) printf("\n--tok %s: %s\n", names[i], string(line, "line"));
            CU_ASSERT(good);
            dm_free(text);
        }
    }
    cJSON_Delete(lines);
}

static void lower_case_is_that_of_python(void)
{
    cJSON *lines = golden("lines");
    for (const cJSON *line = lines->child; line; line = line->next) {
        char *lower = dm_lower_case(string(line, "line"));
        CU_ASSERT_STRING_EQUAL(lower, string(line, "lower"));
        dm_free(lower);
    }
    cJSON_Delete(lines);
}

static void check_validation(const cJSON *golden_case, const cJSON *result)
{
    Case lines;
    if (!strcmp(string(result, "metric"), "ter")) return;  // no metric of validation
    read_case(&lines, golden_case);
    const cJSON *order = cJSON_GetObjectItemCaseSensitive(result, "word_order");
    if (lines.reference_count > 1 || lower_case_of(result) || (order && order->valueint)) return;
    const char *const *hypotheses = (const char *const *)lines.hypotheses.line;
    const char *const *references = (const char *const *)lines.references[0].line;
    const Metric *metric = dm_metric_of(string(result, "metric"));
    const cJSON *tok = cJSON_GetObjectItemCaseSensitive(result, "tok");
    const Measured measured = {.hypotheses = hypotheses,
                               .references = references,
                               .lines = lines.hypotheses.count,
                               .tok = tok ? tok->valuestring : NULL};
    CU_ASSERT(close_enough(metric->measure(&measured), score_of(result)));
}

static void validation_scores_equal_the_commands(void)
{
    for_each_result(check_validation);
}

// The signature of BLEU against this one reference.
static void check_signature(const char *reference, const char *tok, const char *part)
{
    char *text = dm_copy_string(reference);
    dm_lines lines = {&text, 1};
    dm_options *options = score_options("bleu", tok, false);
    dm_metric metric;
    Error error;
    CU_ASSERT_FATAL(!dm_score(&lines, &lines, 1, options, &metric, &error));
    CU_ASSERT(strstr(metric.signature, part) != NULL);
    dm_metrics_free(&metric, 1);
    dm_options_free(options);
    dm_free(text);
}

static void references_without_spaces_are_scored_by_character_unless_told_otherwise(void)
{
    check_signature("我爱 GPT。", NULL, "|tok:13a|");  // two ideographs, three other letters
    check_signature("我爱中国 GPT-4 (2023)!", NULL, "|tok:zh|");
    check_signature("我爱中国。", "13a", "|tok:13a|");
    check_signature("我爱中国。", "char", "|tok:char|");
    check_signature("", NULL, "|tok:13a|");
    check_signature("カタカナ語", NULL, "|tok:char|");
    check_signature("東京都の人口", NULL, "|tok:char|");  // few kana are enough among Chinese characters
    check_signature("ภาษาไทย", NULL, "|tok:char|");
    check_signature("ພາສາລາວ", NULL, "|tok:char|");
    check_signature("ភាសាខ្មែរ", NULL, "|tok:char|");
    check_signature("မြန်မာဘာသာ", NULL, "|tok:char|");
    check_signature("བོད་སྐད་", NULL, "|tok:char|");
    check_signature("ไทย is the language of Thailand.", NULL, "|tok:13a|");
    check_signature("한국어 문장", NULL, "|tok:13a|");
    check_signature("これはペンです", "13a", "|tok:13a|");
    check_signature("I love China.", NULL, "|tok:13a|");
    check_signature("I love China.", "zh", "|tok:zh|");

    const char *line[] = {"机器学习很有意思。"}, *other[] = {"机器学习没有意思。"};
    Measured measured = {.hypotheses = line, .references = other, .lines = 1};
    double bleu[3];
    for (int i = 0; i < 3; i++) {
        measured.tok = (const char *const[]){NULL, "zh", "13a"}[i];
        bleu[i] = dm_metric_of("bleu")->measure(&measured);
    }
    CU_ASSERT(bleu[0] == bleu[1] && bleu[0] != bleu[2]);
    const char *japanese[] = {"昨日買った本はとても面白い。"};
    measured = (Measured){.hypotheses = japanese, .references = japanese, .lines = 1};
    CU_ASSERT(dm_metric_of("bleu")->measure(&measured) > 99.99);
}

static void results_come_in_the_order_of_the_metrics(void)
{
    char *text = "a b c d e";
    dm_lines lines = {&text, 1};
    dm_options *options = score_options("bleu", NULL, false);
    dm_metric metrics[2];
    Error error;
    CU_ASSERT_FATAL(!dm_options_set(options, "metrics", 2, (const char *[]){"chrf", "bleu"}, &error));
    CU_ASSERT_FATAL(!dm_score(&lines, &lines, 1, options, metrics, &error));
    CU_ASSERT_STRING_EQUAL(metrics[0].name, "chrF2");
    CU_ASSERT_STRING_EQUAL(metrics[0].verbose, "");
    CU_ASSERT_STRING_EQUAL(metrics[1].name, "BLEU");
    dm_metrics_free(metrics, 2);
    dm_options_free(options);
}

static void check_refusal(dm_lines hypotheses, dm_lines reference, int references, Status expected, const char *part)
{
    dm_options *options = score_options("bleu", NULL, false);
    dm_metric metric;
    Error error = {""};
    CU_ASSERT_EQUAL(dm_score(&hypotheses, &reference, references, options, &metric, &error), expected);
    CU_ASSERT(strstr(error.message, part) != NULL);
    dm_metrics_free(&metric, 1);
    dm_options_free(options);
}

static void what_cannot_be_compared_is_refused(void)
{
    char *texts[] = {"one", "two"}, *broken[] = {"one", "tw\xC3"};
    check_refusal((dm_lines){texts, 2}, (dm_lines){texts, 1}, 1, DM_FAILURE, "2 lines and reference 1 has 1");
    check_refusal((dm_lines){texts, 0}, (dm_lines){texts, 0}, 1, DM_FAILURE, "empty");
    check_refusal((dm_lines){texts, 2}, (dm_lines){texts, 2}, 0, DM_USAGE, "--ref");
    check_refusal((dm_lines){broken, 2}, (dm_lines){texts, 2}, 1, DM_FAILURE, "line 2 of the hypotheses");
    check_refusal((dm_lines){texts, 2}, (dm_lines){broken, 2}, 1, DM_FAILURE, "line 2 of the references");
}

const Fact facts[] = {FACT(every_golden_case_equals_sacrebleu_to_the_last_digit),
                      FACT(tokens_are_those_of_sacrebleu),
                      FACT(lower_case_is_that_of_python),
                      FACT(validation_scores_equal_the_commands),
                      FACT(references_without_spaces_are_scored_by_character_unless_told_otherwise),
                      FACT(results_come_in_the_order_of_the_metrics),
                      FACT(what_cannot_be_compared_is_refused),
                      {NULL, NULL}};
