// Memory that runs out anywhere in opening, translating, rescoring or looking at attention is an error of that call,
// and the next one finds all as it was.
#include "core/failing.h"
#include "core/scratch.h"
#include "folder/folder.h"
#include "search/small_model.h"
#include "text/segmenter.h"

enum { VOCABULARY = 300, LINES = 5 };

static const char *const lines[LINES] = {"w2 w3 w4", "w5", "", "w6 w7 w8 w9 w10 w11", "w12 w13"};
static const char *const targets[LINES] = {"w20 w21", "w22 w23 w24", "w25", "w26", "w27 w28"};

static char folder[256];

static void make_folder(void)
{
    if (*folder) return;
    snprintf(folder, sizeof folder, "%s", scratch("model"));
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    char words[VOCABULARY][16];
    const char *pieces[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
        snprintf(words[i], sizeof words[i], "w%d", i);
        pieces[i] = i == 0 ? "</s>" : i == 1 ? "<unk>" : i == VOCABULARY - 1 ? "<pad>" : words[i];
    }
    Vocabulary *vocabulary = dm_vocabulary_create(pieces, VOCABULARY);
    Model *model = small_model(&(Shape){7, VOCABULARY, 16, 4, 2, 4, 1.3f});
    cJSON *extra = cJSON_CreateObject();
    cJSON_AddStringToObject(extra, "segmenter", "space");
    CU_ASSERT_EQUAL_FATAL(dm_vocabulary_write(vocabulary, scratch("model/vocab.json"), NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&model->config, extra, folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_weights_write(model, NULL, scratch("model/model.safetensors"), NULL), DM_OK);
    static const char search[] =
        "{\"num_beams\": 2, \"max_length\": 30, \"length_penalty\": 0.8, \"pad_token_id\": 299,"
        " \"eos_token_id\": 0, \"decoder_start_token_id\": 299, \"bad_words_ids\": [[3], [299]],"
        " \"suppress_tokens\": [4, 5], \"begin_suppress_tokens\": [6]}";
    scratch_file("model/generation_config.json", search, sizeof search - 1);
    cJSON_Delete(extra);
    dm_model_destroy(model);
    dm_vocabulary_free(vocabulary);
}

static dm_options *options_with(const char *name, const char *value)
{
    dm_error error;
    dm_options *options = dm_options_new("translate");
    if (name) CU_ASSERT_EQUAL_FATAL(dm_options_set(options, name, 1, &value, &error), DM_OK);
    return options;
}

typedef struct Case {
    const char *name, *precision;
    dm_translate_options options;
    dm_model *model;
    double expected;  // what the result comes to
} Case;

static dm_model *opened(const char *precision)
{
    dm_model *model = NULL;
    dm_options *options = options_with(precision ? "precision" : NULL, precision);
    if (dm_model_open(&model, folder, options, NULL)) model = NULL;
    dm_options_free(options);
    return model;
}

// ---- Opening --------------------------------------------------------------------------------------------------------

static dm_status open_and_close(void *context, dm_error *error)
{
    (void)context;
    dm_model *model;
    const dm_status status = dm_model_open(&model, folder, NULL, error);
    CU_ASSERT_EQUAL(model == NULL, status != DM_OK);
    dm_model_close(model);
    return status;
}

static dm_status describe(void *context, dm_error *error)
{
    (void)context;
    char *json = NULL;
    const dm_status status = dm_model_describe(folder, 0, &json, error);
    CU_ASSERT_EQUAL(json == NULL, status != DM_OK);
    free(json);
    return status;
}

static void opening_and_describing(void)
{
    make_folder();
    fail_in_turn(open_and_close, NULL, NULL, 1);
    fail_in_turn(describe, NULL, NULL, 1);
}

static dm_status join(void *context, dm_error *error)
{
    return dm_model_join(context, folder, error);
}

static dm_status find_file(void *context, dm_error *error)
{
    strcpy(error->message, "out of memory");  // it says of every file that it is one of the model's: none is lost then
    return dm_model_has_file(folder, context) ? DM_FAILURE : DM_OK;
}

static void asking_whose_a_file_is(void)
{
    make_folder();
    fail_in_turn(find_file, NULL, "/dev/null", 1);
}

static dm_status draft(void *context, dm_error *error)
{
    return dm_model_draft(context, folder, error);
}

static void joining(void)
{
    make_folder();
    dm_model *model = opened(NULL);
    fail_in_turn(join, NULL, model, 1);
    dm_model_close(model);
}

// ---- Translating ----------------------------------------------------------------------------------------------------

static double worth(const dm_translation *all)
{
    double sum = 0;
    for (int i = 0; i < LINES; i++)
        for (int k = 0; k < all[i].count; k++)
            sum += (i + 1) * (all[i].hypotheses[k].log_probability + (double)strlen(all[i].hypotheses[k].text));
    return sum;
}

static dm_status translate(void *context, dm_error *error)
{
    Case *c = context;
    dm_translation all[LINES];
    memset(all, 1, sizeof all);
    const dm_status status = dm_translate(c->model, lines, LINES, &c->options, all, error);
    if (status)
        for (int i = 0; i < LINES; i++) CU_ASSERT(!all[i].count && !all[i].hypotheses);
    if (!status) CU_ASSERT_EQUAL(worth(all), c->expected);
    dm_translations_free(all, LINES);
    return status;
}

static void same_translations(void *context)
{
    dm_error error;
    CU_ASSERT_EQUAL(translate(context, &error), DM_OK);
}

static double come_to(const Case *c)
{
    dm_translation all[LINES];
    dm_error error;
    CU_ASSERT_EQUAL_FATAL(dm_translate(c->model, lines, LINES, &c->options, all, &error), DM_OK);
    const double sum = worth(all);
    dm_translations_free(all, LINES);
    return sum;
}

static void translating(void)
{
    make_folder();
    dm_translate_options defaults;
    dm_translate_options_read(&defaults, NULL, NULL);
    Case cases[] = {{"greedy", NULL, defaults, NULL, 0},   {"beam", NULL, defaults, NULL, 0},
                    {"sampling", NULL, defaults, NULL, 0}, {"int8", "int8", defaults, NULL, 0},
                    {"bf16", "bf16", defaults, NULL, 0},   {"alignment", NULL, defaults, NULL, 0},
                    {"drafts", NULL, defaults, NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Case *c = &cases[i];
        const bool drafts = strcmp(c->name, "drafts") == 0;
        c->options.beam_size = strcmp(c->name, "greedy") == 0 || drafts ? 1 : 3;
        c->options.draft = drafts ? "model" : NULL;
        c->options.n_best = strcmp(c->name, "beam") == 0 ? 3 : 1;
        c->options.threads = i % 2 ? 2 : 1;
        c->options.mini_batch = 2;
        c->options.max_length = 12;
        if (strcmp(c->name, "sampling") == 0) c->options.sampling = DM_SAMPLE_FULL;
        c->options.alignment = strcmp(c->name, "alignment") == 0;
        c->model = opened(c->precision);
        if (!c->model) continue;  // this processor has no such products
        if (drafts) CU_ASSERT_EQUAL_FATAL(dm_model_draft(c->model, folder, NULL), DM_OK);
        c->expected = come_to(c);
        dm_model_close(c->model);
        c->model = opened(c->precision);  // whose weights are not packed yet
        if (drafts) fail_in_turn(draft, NULL, c->model, 1);
        fail_in_turn(translate, same_translations, c, 1);
        dm_model_close(c->model);
    }
}

// ---- A shortlist ----------------------------------------------------------------------------------------------------

static dm_status read_shortlist(void *context, dm_error *error)
{
    return dm_model_shortlist(((Case *)context)->model, folder, error);
}

static void a_shortlist_that_is_not_read_leaves_the_one_that_there_is(void)
{
    static const char list[] = "\tw2\nw3\tw20 w21\n";
    make_folder();
    Case c = {.model = opened(NULL)};
    dm_translate_options_read(&c.options, NULL, NULL);
    c.options.mini_batch = LINES;
    c.options.threads = 1;
    c.expected = come_to(&c);
    scratch_file("model/vmap.txt", list, sizeof list - 1);
    CU_ASSERT_EQUAL_FATAL(read_shortlist(&c, NULL), DM_OK);
    const double without = c.expected;
    c.expected = come_to(&c);
    CU_ASSERT_NOT_EQUAL(c.expected, without);
    fail_in_turn(read_shortlist, same_translations, &c, 1);
    scratch_file("model/vmap.txt", "w2\n", 3);
    CU_ASSERT_EQUAL(read_shortlist(&c, NULL), DM_FAILURE);
    same_translations(&c);
    remove(scratch("model/vmap.txt"));
    dm_model_close(c.model);
}

// ---- Rescoring, checking, looking ----------------------------------------------------------------------------------

static dm_status rescore(void *context, dm_error *error)
{
    dm_rescored all[LINES];
    memset(all, 1, sizeof all);
    const dm_status status = dm_rescore(context, lines, targets, LINES, NULL, all, error);
    for (int i = 0; i < LINES; i++) CU_ASSERT_EQUAL(all[i].word_scores == NULL, status != DM_OK);
    dm_rescored_free(all, LINES);
    return status;
}

static dm_status attend(void *context, dm_error *error)
{
    dm_attended attended;
    const dm_status status = dm_attend(context, lines[0], NULL, &attended, error);
    CU_ASSERT_EQUAL(attended.text == NULL, status != DM_OK);
    dm_attended_free(&attended);
    return status;
}

static dm_status check_lines(void *context, dm_error *error)
{
    static char line[4000];
    for (size_t i = 0; i + 4 < sizeof line; i += 3) memcpy(line + i, "w9 ", 4);
    const char *const long_line = line;
    const dm_status status = dm_check_lines(context, &long_line, 1, error);
    return status ? status : dm_crop_line(context, line, true, error);
}

static void rescoring_checking_and_looking(void)
{
    make_folder();
    dm_model *model = opened(NULL);
    fail_in_turn(rescore, NULL, model, 1);
    fail_in_turn(attend, NULL, model, 1);
    fail_in_turn(check_lines, NULL, model, 1);
    dm_model_close(model);
}

// ---- Callbacks ------------------------------------------------------------------------------------------------------

typedef struct Visitor {
    dm_model *opened;
    int calls;
} Visitor;

// What a callback makes is its own, whatever becomes of the call that it was called from.
static bool open_another(void *context)
{
    Visitor *visitor = context;
    if (++visitor->calls == 1) dm_model_open(&visitor->opened, folder, NULL, NULL);
    if (visitor->calls == 2) dm_fail_allocation(1);
    return false;
}

static void what_a_callback_makes_outlives_the_call(void)
{
    make_folder();
    dm_model *model = opened(NULL);
    Visitor visitor = {0};
    dm_translate_options options;
    dm_translate_options_read(&options, NULL, NULL);
    options.context = &visitor;
    options.stop = open_another;
    options.threads = 1;
    options.mini_batch = 2;
    dm_translation all[LINES];
    dm_error error;
    CU_ASSERT_EQUAL(dm_translate(model, lines, LINES, &options, all, &error), DM_FAILURE);
    dm_fail_allocation(0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(visitor.opened);
    CU_ASSERT_EQUAL(dm_translate(visitor.opened, lines, LINES, NULL, all, &error), DM_OK);
    dm_translations_free(all, LINES);
    dm_model_close(visitor.opened);
    dm_model_close(model);
}

// ---- The file under an open model -----------------------------------------------------------------------------------

static void a_file_that_is_overwritten_or_cut_changes_nothing_of_an_open_model(void)
{
    make_folder();
    Case c = {.model = opened(NULL)};
    dm_translate_options_read(&c.options, NULL, NULL);
    c.expected = come_to(&c);
    dm_model_close(c.model);

    c.model = opened(NULL);  // nothing is packed yet
    FILE *file = fopen(scratch("model/model.safetensors"), "r+");
    for (int i = 0; i < 20000; i++) fputc(0x3f, file);
    fclose(file);
    same_translations(&c);
    CU_ASSERT_EQUAL(truncate(scratch("model/model.safetensors"), 100), 0);
    same_translations(&c);
    dm_model_close(c.model);
    *folder = '\0';  // for others it is made again
}

const Fact facts[] = {
    FACT(opening_and_describing),
    FACT(asking_whose_a_file_is),
    FACT(joining),
    FACT(translating),
    FACT(a_shortlist_that_is_not_read_leaves_the_one_that_there_is),
    FACT(rescoring_checking_and_looking),
    FACT(what_a_callback_makes_outlives_the_call),
    FACT(a_file_that_is_overwritten_or_cut_changes_nothing_of_an_open_model),
    {NULL, NULL},
};
