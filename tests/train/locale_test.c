// A program in a locale with a decimal comma: what the library reads and writes is as in the locale "C".
#include <locale.h>

#include "core/files.h"
#include "core/threads.h"
#include "train/runs.h"

// Made here, for few machines have one: localedef needs no other files for a locale that only says how numbers look.
static void take_a_comma(void)
{
    static const char says[] = "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n";
    scratch_file("comma.source", says, strlen(says));
    char *source = path_of("comma.source"), *made = path_of("comma");
    char *command = dm_format("localedef -c -i %s -f NONE %s 2> %s.log", source, made, source);
    *strrchr(made, '/') = '\0';
    CU_ASSERT(system(command) >= 0);  // its status is that of a locale with much left out
    CU_ASSERT_EQUAL(setenv("LOCPATH", made, 1), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(setlocale(LC_ALL, "comma"));
    CU_ASSERT_STRING_EQUAL(localeconv()->decimal_point, ",");
    dm_free(source), dm_free(made), dm_free(command);
}

static void give_it_back(void)
{
    CU_ASSERT_STRING_EQUAL(localeconv()->decimal_point, ",");  // it was left alone
    setlocale(LC_ALL, "C");
}

static bool same_text(char *one, char *other)
{
    const bool same = one && other && *one && strcmp(one, other) == 0;
    if (!same) fprintf(stderr, "%s\ninstead of\n%s\n", other ? other : "nothing", one ? one : "nothing");
    dm_free(one), dm_free(other);
    return same;
}

static void a_run_leaves_the_same_files(void)
{
    char *valid = validation_on_itself();
    Watcher plain = {0}, comma = {0};
    const char *const *changes = CHANGES("after 20u", "valid-freq 10u", "dropout 0.25", "segmenter unigram",
                                         "vocab-size 30", "cpu-threads 2", valid);
    train("plain", changes, &plain, NULL);
    take_a_comma();
    train("comma", changes, &comma, NULL);
    give_it_back();
    static const char *const files[] = {"model.safetensors", "source.spm", "generation_config.json", "vocab.json"};
    for (size_t i = 0; i < DM_COUNT(files); i++) CU_ASSERT(same_file("plain", "comma", files[i]));
    CU_ASSERT(same_journal("plain", "comma"));
    CU_ASSERT_PTR_NOT_NULL(strchr(plain.last, '.'));
    CU_ASSERT_STRING_EQUAL(plain.last + strcspn(plain.last, ":"), comma.last + strcspn(comma.last, ":"));
    char *text = read_text("comma", "config.json");
    cJSON *config = cJSON_Parse(text);
    CU_ASSERT_PTR_NOT_NULL(config);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "0.25"));
    cJSON_Delete(config);
    dm_free(text), dm_free(valid);
}

// A number as text that no locale changes.
static unsigned long long bits(double number)
{
    unsigned long long all;
    memcpy(&all, &number, sizeof all);
    return all;
}

// The figures of a model, as text.
static char *figures(void)
{
    static const char *const source[] = {"red blue", "teal rust gold"}, *const target[] = {"blue red", "gold rust"};
    char *folder = path_of("plain"), *json = NULL, *all;
    dm_model *model = NULL;
    dm_rescored rescored[2];
    CU_ASSERT_EQUAL_FATAL(dm_model_open(&model, folder, NULL, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_rescore(model, source, target, 2, NULL, rescored, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_model_describe(folder, 0, &json, NULL), DM_OK);
    all = dm_format("%llx %llx %s", bits(rescored[0].log_probability), bits(rescored[1].log_probability), json);
    dm_rescored_free(rescored, 2);
    dm_model_close(model);
    free(json), dm_free(folder);
    return all;
}

static void a_model_opens_and_is_described_alike(void)
{
    train("plain", CHANGES("after 2u", "overwrite", "dropout 0.25"), NULL, NULL);
    char *plain = figures();
    take_a_comma();
    char *comma = figures();
    give_it_back();
    CU_ASSERT(same_text(plain, comma));
}

static char *scores(void)
{
    char *hypotheses[] = {"the cat sat on the mat", "a dog barked at me"},
         *references[] = {"the cat sat on a mat", "a dog barked at us"};
    const dm_lines systems = {hypotheses, 2}, reference = {references, 2};
    static const char *const names[] = {"bleu", "chrf", "ter"};
    dm_options *options = dm_options_new("score");
    dm_metric metrics[3];
    CU_ASSERT_EQUAL(dm_options_set(options, "metrics", 3, names, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_options_set(options, "confidence", 0, NULL, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_score(&systems, &reference, 1, options, metrics, NULL), DM_OK);
    char *all = dm_copy_string("");
    for (int i = 0; i < 3; i++) {
        char *longer = dm_format("%s%s\n%s\n%s\n%s\n", all, metrics[i].line, metrics[i].json, metrics[i].verbose,
                                 metrics[i].signature);
        dm_free(all);
        all = longer;
    }
    dm_metrics_free(metrics, 3);
    dm_options_free(options);
    return all;
}

static void scores_have_decimal_points(void)
{
    char *plain = scores();
    take_a_comma();
    char *comma = scores();
    give_it_back();
    CU_ASSERT(same_text(plain, comma));
}

// Values of all kinds, from a command line and from a file, and the help and the complaint that show some.
static char *options_read(void)
{
    static const char config[] =
        "{\"normalize\": 0.75, \"n-best\": 2, \"temperature\": 1.5, \"output-sampling\": [\"topp\", \"0.5\"]}";
    scratch_file("options.json", config, strlen(config));
    char *path = path_of("options.json"), *help = NULL;
    char *words[] = {"--model", "m", "--coverage-penalty", "0.5", "--config", path};
    dm_options *options = dm_options_new("translate");
    dm_translate_options read = {0};
    dm_error refused = {""};
    size_t size;
    CU_ASSERT_EQUAL(dm_options_parse(options, 6, words, &refused), DM_OK);
    CU_ASSERT_STRING_EQUAL(refused.message, "");
    CU_ASSERT_EQUAL(dm_translate_options_read(&read, options, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_options_set(options, "max-length-factor", 1, (const char *[]){"0.05"}, &refused), DM_USAGE);
    FILE *stream = open_memstream(&help, &size);
    dm_options_help("train", stream);
    fclose(stream);
    char *all = dm_format("%llx %llx %llx %llx %s\n%s\n", bits(read.normalize), bits(read.temperature),
                          bits(read.sampling_limit), bits(read.coverage_penalty), refused.message, help);
    CU_ASSERT_DOUBLE_EQUAL(read.sampling_limit, 0.5, 0);
    free(help);
    dm_options_free(options);
    dm_free(path);
    return all;
}

static void options_have_decimal_points(void)
{
    char *plain = options_read();
    take_a_comma();
    char *comma = options_read();
    give_it_back();
    CU_ASSERT(same_text(plain, comma));
}

static void write_a_half(void *context, int index, int thread)
{
    (void)thread;
    snprintf(((char(*)[8])context)[index], 8, "%.1f", 0.5);
}

static void jobs_have_decimal_points_and_their_caller_has_its_own_again(void)
{
    enum { JOBS = 64 };
    char said[JOBS][8];
    take_a_comma();
    dm_parallel(4, JOBS, write_a_half, said);
    for (int i = 0; i < JOBS; i++) CU_ASSERT_STRING_EQUAL(said[i], "0.5");
    write_a_half(said, 0, 0);
    CU_ASSERT_STRING_EQUAL(said[0], "0,5");
    give_it_back();
}

const Fact facts[] = {
    FACT(a_run_leaves_the_same_files),
    FACT(a_model_opens_and_is_described_alike),
    FACT(scores_have_decimal_points),
    FACT(options_have_decimal_points),
    FACT(jobs_have_decimal_points_and_their_caller_has_its_own_again),
    {NULL, NULL},
};
