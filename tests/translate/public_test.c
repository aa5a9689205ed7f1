// The public door: dragoman.h alone, as a program that embeds the library sees it, on a small random model in a folder.
#include <pthread.h>
#include <unistd.h>

#include "core/files.h"
#include "core/memory.h"
#include "folder/folder.h"
#include "search/small_model.h"
#include "text/segmenter.h"

enum { VOCABULARY = 60, LINES = 24, CALLERS = 4, TURNS = 5 };

static const char *const files[] = {"vocab.json", "config.json", "generation_config.json", "model.safetensors"};

// </s> <unk> w2 ... <pad>; `names` is what the words are called.
static void write_vocabulary(const char *path, const char *names)
{
    char words[VOCABULARY][16];
    const char *pieces[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
        snprintf(words[i], sizeof words[i], "%s%d", names, i);
        pieces[i] = i == 0 ? "</s>" : i == 1 ? "<unk>" : i == VOCABULARY - 1 ? "<pad>" : words[i];
    }
    Vocabulary *vocabulary = dm_vocabulary_create(pieces, VOCABULARY);
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_write(vocabulary, path, NULL), DM_OK);
    dm_vocabulary_free(vocabulary);
}

// The caller gives it to remove_folder.
static char *make_folder(uint64_t seed, const char *names)
{
    char *folder = dm_copy_string("/tmp/dragoman-XXXXXX");
    if (!mkdtemp(folder)) abort();
    Model *model = small_model(&(Shape){seed, VOCABULARY, 16, 4, 2, 4, 1.3f});
    cJSON *extra = cJSON_CreateObject();
    cJSON_AddStringToObject(extra, "segmenter", "space");
    char *vocabulary = dm_join_path(folder, files[0]), *weights = dm_join_path(folder, files[3]);
    write_vocabulary(vocabulary, names);
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&model->config, extra, folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_weights_write(model, NULL, weights, NULL), DM_OK);
    dm_free(vocabulary);
    dm_free(weights);
    cJSON_Delete(extra);
    dm_model_destroy(model);
    return folder;
}

static void remove_folder(char *folder)
{
    for (size_t i = 0; i < DM_COUNT(files); i++) {
        char *path = dm_join_path(folder, files[i]);
        unlink(path);
        dm_free(path);
    }
    rmdir(folder);
    dm_free(folder);
}

static dm_model *opened(const char *folder)
{
    dm_error error = {""};
    dm_model *model = NULL;
    if (dm_model_open(&model, folder, NULL, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return model;
}

static void write_lines(char lines[LINES][64], const char *pointers[LINES])
{
    for (int i = 0; i < LINES; i++) {
        lines[i][0] = '\0';
        for (int j = 0; j <= i % 7; j++)
            snprintf(lines[i] + strlen(lines[i]), 64 - strlen(lines[i]), "%sw%d", j ? " " : "",
                     2 + (i * 5 + j * 3) % 57);
        pointers[i] = lines[i];
    }
}

typedef struct Caller {
    dm_model *model;
    const char *const *lines;
    const dm_translation *expected;
    dm_translate_options options;
    int wrong;
} Caller;

static void *call(void *context)
{
    Caller *caller = context;
    dm_error error;
    for (int turn = 0; turn < TURNS; turn++) {
        dm_translation found[LINES];
        if (dm_translate(caller->model, caller->lines, LINES, &caller->options, found, &error)) {
            caller->wrong++;
            continue;
        }
        for (int i = 0; i < LINES; i++)
            caller->wrong += strcmp(found[i].hypotheses[0].text, caller->expected[i].hypotheses[0].text) != 0;
        dm_translations_free(found, LINES);
    }
    return NULL;
}

static void threads_of_the_caller_may_share_a_model(void)
{
    char *folder = make_folder(3, "w"), lines[LINES][64];
    const char *pointers[LINES];
    dm_model *model = opened(folder);
    dm_translation expected[CALLERS][LINES];
    Caller callers[CALLERS];
    pthread_t thread[CALLERS];
    write_lines(lines, pointers);
    for (int c = 0; c < CALLERS; c++) {
        callers[c] = (Caller){model, pointers, expected[c], {0}, 0};
        CU_ASSERT_EQUAL(dm_translate_options_read(&callers[c].options, NULL, NULL), DM_OK);
        callers[c].options.beam_size = 1 + c;
        callers[c].options.threads = 1 + c % 2;
        CU_ASSERT_EQUAL_FATAL(dm_translate(model, pointers, LINES, &callers[c].options, expected[c], NULL), DM_OK);
    }
    for (int c = 0; c < CALLERS; c++) CU_ASSERT_EQUAL_FATAL(pthread_create(&thread[c], NULL, call, &callers[c]), 0);
    for (int c = 0; c < CALLERS; c++) {
        pthread_join(thread[c], NULL);
        CU_ASSERT_EQUAL(callers[c].wrong, 0);
        dm_translations_free(expected[c], LINES);
    }
    dm_model_close(model);
    remove_folder(folder);
}

static void the_defaults_are_those_of_the_options_of_translate(void)
{
    dm_translate_options ours, read;
    dm_options *options = dm_options_new("translate");
    CU_ASSERT_EQUAL(dm_translate_options_read(&ours, NULL, NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_translate_options_read(&read, options, NULL), DM_OK);
#define IS_THE_SAME(field) CU_ASSERT(ours.field == read.field)
    IS_THE_SAME(beam_size);
    IS_THE_SAME(normalize);
    IS_THE_SAME(max_length_factor);
    IS_THE_SAME(max_length);
    IS_THE_SAME(min_length);
    IS_THE_SAME(n_best);
    IS_THE_SAME(coverage_penalty);
    IS_THE_SAME(no_repeat_ngram);
    IS_THE_SAME(diversity);
    IS_THE_SAME(sampling);
    IS_THE_SAME(sampling_limit);
    IS_THE_SAME(temperature);
    IS_THE_SAME(seed);
    IS_THE_SAME(first_line);
    IS_THE_SAME(alignment);
    IS_THE_SAME(unk_replace);
    IS_THE_SAME(threads);
    IS_THE_SAME(mini_batch);
    IS_THE_SAME(prefixes);
    IS_THE_SAME(context);
    IS_THE_SAME(stop);
    IS_THE_SAME(partial);
#undef IS_THE_SAME
    dm_options_free(options);
}

static void no_options_are_the_defaults(void)
{
    char *folder = make_folder(3, "w"), lines[LINES][64];
    const char *pointers[LINES];
    dm_model *model = opened(folder);
    dm_translation by_default[LINES], as_read[LINES];
    dm_translate_options o;
    write_lines(lines, pointers);
    CU_ASSERT_EQUAL_FATAL(dm_translate_options_read(&o, NULL, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_translate(model, pointers, LINES, NULL, by_default, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_translate(model, pointers, LINES, &o, as_read, NULL), DM_OK);
    for (int i = 0; i < LINES; i++) {
        CU_ASSERT_EQUAL(by_default[i].count, 1);
        CU_ASSERT_STRING_EQUAL(by_default[i].hypotheses[0].text, as_read[i].hypotheses[0].text);
        CU_ASSERT_PTR_NULL(by_default[i].hypotheses[0].alignment);  // not asked for
    }
    dm_translations_free(by_default, LINES);
    dm_translations_free(as_read, LINES);
    dm_model_close(model);
    remove_folder(folder);
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void what_cannot_be_translated_leaves_nothing_behind(void)
{
    char *folder = make_folder(3, "w");
    dm_model *model = opened(folder);
    dm_translation found[2];
    dm_error error;
    dm_translate_options o;
    const char *const lines[] = {"w5 w6", "w7"}, *const bad[] = {"w5", "w6 \xff"};
    CU_ASSERT_EQUAL_FATAL(dm_translate_options_read(&o, NULL, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_translate(model, bad, 2, &o, found, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "line 2 is not valid UTF-8"));
    CU_ASSERT_PTR_NULL(found[0].hypotheses);
    o.prefixes = bad;
    CU_ASSERT_EQUAL(dm_translate(model, lines, 2, &o, found, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "prefix 2 is not valid UTF-8"));
    o.prefixes = NULL;
    o.min_length = 5;
    o.stop = at_once;
    CU_ASSERT_EQUAL(dm_translate(model, lines, 2, &o, found, &error), DM_STOPPED);
    CU_ASSERT_PTR_NULL(found[0].hypotheses);
    CU_ASSERT_EQUAL(dm_translate(model, lines, 2, &(dm_translate_options){.beam_size = 2}, found, &error), DM_USAGE);
    o.stop = NULL;
    o.sampling = DM_SAMPLE_FULL;
    o.temperature = 0;
    CU_ASSERT_EQUAL(dm_translate(model, lines, 2, &o, found, &error), DM_USAGE);
    dm_model_close(model);
    remove_folder(folder);
}

static void an_ensemble_takes_models_of_one_vocabulary(void)
{
    char *folder = make_folder(3, "w"), *alike = make_folder(4, "w"), *stranger = make_folder(5, "v");
    dm_model *model = opened(folder);
    dm_error error;
    dm_translation alone, together;
    const char *const lines[] = {"w5 w6 w7 w8"};
    CU_ASSERT_EQUAL(dm_model_join(model, stranger, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "another source vocabulary"));
    CU_ASSERT_EQUAL(dm_model_join(model, "/no/such/folder", &error), DM_FAILURE);
    CU_ASSERT_EQUAL_FATAL(dm_translate(model, lines, 1, NULL, &alone, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_model_join(model, alike, &error), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_translate(model, lines, 1, NULL, &together, &error), DM_OK);
    CU_ASSERT_NOT_EQUAL(alone.hypotheses[0].score, together.hypotheses[0].score);
    for (int members = 2; members < 16; members++) CU_ASSERT_EQUAL(dm_model_join(model, alike, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_model_join(model, alike, &error), DM_USAGE);
    dm_translations_free(&alone, 1);
    dm_translations_free(&together, 1);
    dm_model_close(model);
    remove_folder(folder);
    remove_folder(alike);
    remove_folder(stranger);
}

static void tell(void *context, size_t line, const char *text)
{
    (void)context, (void)line, (void)text;
}

// Each beside the defaults, with a beam of 3 and no more than 20 pieces; `words`: of the refusal, NULL: it is taken.
static void fields_without_effect_are_refused(void)
{
    static const struct {
        dm_translate_options set;
        const char *words;
    } cases[] = {
        {{.min_length = 20}, NULL},
        {{.min_length = 21}, "cannot have 21 pieces at least: the limit is 20"},
        {{.n_best = 5}, NULL},
        {{.n_best = 6}, "a beam of 3 finds no more than 5 translations of a line: 6 need a beam of 4"},
        {{.n_best = 2, .beam_size = 1}, "a beam of 1 finds no more than 1 translation of a line: 2 need a beam of 2"},
        {{.n_best = 9, .sampling = DM_SAMPLE_FULL}, NULL},
        {{.temperature = 0.5}, "the temperature has no effect without sampling"},
        {{.temperature = 0.5, .sampling = DM_SAMPLE_FULL}, NULL},
        {{.sampling_limit = 3}, "the limit of sampling"},
        {{.sampling_limit = 3, .sampling = DM_SAMPLE_FULL}, "the limit of sampling"},
        {{.sampling_limit = 3, .sampling = DM_SAMPLE_TOPK}, NULL},
        {{.diversity = 1}, NULL},
        {{.diversity = 1, .beam_size = 1}, "diversity has no effect in greedy search"},
        {{.diversity = 1, .sampling = DM_SAMPLE_FULL}, "diversity has no effect in sampling"},
        {{.partial = tell, .beam_size = 1}, NULL},
        {{.partial = tell}, "in greedy search alone"},
    };
    char *folder = make_folder(3, "w");
    dm_model *model = opened(folder);
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        dm_translate_options o = cases[i].set;
        dm_error error = {""};
        if (!o.beam_size) o.beam_size = 3;
        if (!(o.temperature > 0)) o.temperature = 1;
        o.max_length_factor = 3, o.max_length = 20;
        const dm_status status = dm_translate(model, NULL, 0, &o, NULL, &error);
        const bool good =
            cases[i].words ? status == DM_USAGE && strstr(error.message, cases[i].words) : status == DM_OK;
        if (!good) printf("\n  case %zu: %s\n", i, error.message);
        CU_ASSERT(good);
    }
    dm_model_close(model);
    remove_folder(folder);
}

// A least length counts above what the source allows.
static void a_translation_has_the_least_length_that_was_asked_for(void)
{
    char *folder = make_folder(3, "w");
    dm_model *model = opened(folder);
    dm_translate_options o;
    dm_translation found;
    CU_ASSERT_EQUAL(dm_translate_options_read(&o, NULL, NULL), DM_OK);
    o.min_length = 100;
    CU_ASSERT_EQUAL_FATAL(dm_translate(model, (const char *const[]){"w3 w4"}, 1, &o, &found, NULL), DM_OK);
    CU_ASSERT(found.hypotheses[0].pieces >= 100);
    dm_translations_free(&found, 1);
    dm_model_close(model);
    remove_folder(folder);
}

const Fact facts[] = {
    FACT(threads_of_the_caller_may_share_a_model),
    FACT(the_defaults_are_those_of_the_options_of_translate),
    FACT(no_options_are_the_defaults),
    FACT(what_cannot_be_translated_leaves_nothing_behind),
    FACT(an_ensemble_takes_models_of_one_vocabulary),
    FACT(fields_without_effect_are_refused),
    FACT(a_translation_has_the_least_length_that_was_asked_for),
    {NULL, NULL},
};
