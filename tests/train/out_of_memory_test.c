// Memory that runs out anywhere in a training run is an error of that call: the folder is as a kill would have left it,
// and the same command goes on or begins there.
#include "core/failing.h"
#include "core/json.h"
#include "train/runs.h"

typedef struct Training {
    const char *folder;
    char *path;
    dm_options *options;
    bool fresh;  // the folder is emptied before each run
} Training;

static dm_status train_once(void *context, dm_error *error)
{
    const Training *t = context;
    if (t->fresh) nftw(t->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return dm_train(t->options, NULL, NULL, error);
}

static void goes_on(void *context)
{
    const Training *t = context;
    dm_error error = {""};
    const dm_status status = dm_train(t->options, NULL, NULL, &error);
    if (status) printf("\n  %s\n", error.message);
    CU_ASSERT_EQUAL(status, DM_OK);
    dm_model_destroy(open_model(t->folder));
}

// Every allocation takes minutes; these are spread over the whole run, its beginning and its end.
enum { STEP = 151 };

static Training prepared(const char *folder, const char *after, bool fresh)
{
    write_side("src", false, 1), write_side("trg", true, 1);
    char *valid = validation_on_itself();
    const char *changes[] = {valid, after, "valid-freq 2u", "save-freq 1u", "average 1", NULL};
    const Training training = {folder, path_of(folder), settings(folder, changes), fresh};
    dm_free(valid);
    return training;
}

static void a_run_that_begins(void)
{
    Training training = prepared("begun", "after 3u", true);
    fail_in_turn(train_once, goes_on, &training, STEP);
    dm_options_free(training.options);
    dm_free(training.path);
}

// A run that goes on, again and again from the same checkpoint: after as many updates as before, it is complete.
static void a_run_that_is_complete_is_opened(void)
{
    Training training = prepared("complete", "after 3u", false);
    goes_on(&training);
    fail_in_turn(train_once, goes_on, &training, STEP / 3);
    dm_options_free(training.options);
    dm_free(training.path);
}

// A run that was stopped, called by its folder's name alone and with something to be changed, again from the same
// checkpoint.
static dm_status change(void *context, dm_error *error)
{
    const Training *t = context;
    char command[1024];
    snprintf(command, sizeof command, "rm -rf %s && cp -r %s-stopped %s", t->path, t->path, t->path);
    CU_ASSERT_EQUAL_FATAL(system(command), 0);
    return dm_train(t->options, NULL, NULL, error);
}

static void a_run_that_goes_on_with_what_it_has_recorded(void)
{
    char *valid = validation_on_itself();
    train("changed-stopped", CHANGES(valid, "after 4u"), &(Watcher){.stop_after = 2}, NULL);
    Training training = {"changed", path_of("changed"), dm_options_new("train"), false};
    set(training.options, "model", training.path);
    set(training.options, "learn-rate", "0.02");
    set(training.options, "valid-metrics", "perplexity");
    dm_options_set(training.options, "change", 0, NULL, NULL);
    fail_in_turn(change, NULL, &training, 2 * STEP);
    dm_options_free(training.options);
    dm_free(training.path);
    dm_free(valid);
}

// ---- What config.json claims ----------------------------------------------------------------------------------------

// Numbers that a hostile or edited file may hold: 10^13 weights.
static void claim_much(const char *folder)
{
    static const char *const keys[] = {"d_model", "encoder_layers", "decoder_layers", "decoder_ffn_dim"};
    static const double values[] = {65536, 200, 200, 262144};
    char *path = dm_format("%s/config.json", folder);
    JsonFile file;
    CU_ASSERT_EQUAL_FATAL(dm_json_open(&file, path, NULL), DM_OK);
    for (int i = 0; i < 4; i++) cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(file.json, keys[i]), values[i]);
    CU_ASSERT_EQUAL_FATAL(dm_json_write(path, file.json, NULL), DM_OK);
    file.json = NULL;
    dm_json_close(&file);
    dm_free(path);
}

static void what_it_claims_is_compared_before_it_is_believed(void)
{
    Training training = prepared("claims", "after 1e", true);
    dm_error error;
    CU_ASSERT_EQUAL_FATAL(train_once(&training, &error), DM_OK);
    claim_much(training.path);
    training.fresh = false;
    CU_ASSERT_EQUAL(train_once(&training, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "but the model of config.json needs 17"));
    dm_options *options = dm_options_new("average");
    set(options, "model", training.path), set(options, "last", "1");
    CU_ASSERT_EQUAL(dm_average(options, NULL, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "but config.json ("));
    dm_options_free(options);
    dm_model *model;
    CU_ASSERT_EQUAL(dm_model_open(&model, training.path, NULL, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "but config.json ("));
    dm_options_free(training.options);
    dm_free(training.path);
}

// ---- What is made of a run ------------------------------------------------------------------------------------------

static dm_options *options_of(const char *command, const char *const *names_and_values)
{
    dm_options *options = dm_options_new(command);
    for (const char *const *at = names_and_values; *at; at += 2) set(options, at[0], at[1]);
    return options;
}

static dm_status average(void *context, dm_error *error)
{
    return dm_average(context, NULL, error);
}

static dm_status quantize(void *context, dm_error *error)
{
    nftw(dm_options_text(context, "output", 0), remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return dm_quantize(context, error);
}

static dm_status shortlist(void *context, dm_error *error)
{
    return dm_shortlist(context, NULL, error);
}

static void averaging_quantizing_and_listing(void)
{
    Training training = prepared("made", "after 1e", true);
    dm_error error;
    CU_ASSERT_EQUAL_FATAL(train_once(&training, &error), DM_OK);
    char *average_of = path_of("made"), *quantized = path_of("quantized"), *source = path_of("src"),
         *target = path_of("trg"), *both = dm_format("%s %s", source, target);
    struct {
        Call *call;
        dm_options *options;
    } calls[] = {
        {average, options_of("average", (const char *const[]){"model", average_of, "last", "1", NULL})},
        {quantize, options_of("quantize", (const char *const[]){"model", average_of, "output", quantized, NULL})},
        {shortlist, options_of("shortlist", (const char *const[]){"model", average_of, "train-sets", both, NULL})},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        fail_in_turn(calls[i].call, NULL, calls[i].options, 11);
        dm_options_free(calls[i].options);
    }
    dm_free(average_of), dm_free(quantized), dm_free(source), dm_free(target), dm_free(both);
    dm_options_free(training.options);
    dm_free(training.path);
}

const Fact facts[] = {
    FACT(a_run_that_begins),
    FACT(a_run_that_is_complete_is_opened),
    FACT(a_run_that_goes_on_with_what_it_has_recorded),
    FACT(what_it_claims_is_compared_before_it_is_believed),
    FACT(averaging_quantizing_and_listing),
    {NULL, NULL},
};
