// Facts about training runs, through dm_train on a corpus of thirty sentences of ten words, to be reversed.
#include <cjson/cJSON.h>
#include <math.h>

#include "../core/scratch.h"
#include "core/random.h"
#include "model/folder.h"
#include "test.h"
#include "train/folder_guard.h"

// ---- The corpus and the runs ------------------------------------------------------------------------------------

static char *path_of(const char *name)
{
    return dm_copy_string(scratch(name));
}

// Thirty lines; reversed: those of the other side.
static void write_side(const char *name, bool reversed, uint64_t seed)
{
    static const char *const words[] = {"red", "blue", "green", "gold", "pink", "grey", "teal", "lime", "navy", "rust"};
    char text[4096] = "";
    Random random = dm_random(seed, 0, 0, 0);
    for (int line = 0; line < 30; line++) {
        int length = 2 + (int)dm_random_below(&random, 4), word[8];
        for (int i = 0; i < length; i++) word[i] = (int)dm_random_below(&random, 10);
        for (int i = 0; i < length; i++) {
            strcat(text, words[word[reversed ? length - 1 - i : i]]);
            strcat(text, i + 1 < length ? " " : "\n");
        }
    }
    scratch_file(name, text, strlen(text));
}

static void set(dm_options *options, const char *name, const char *values)
{
    char copy[256], *value[8];
    int count = 0;
    snprintf(copy, sizeof copy, "%s", values);
    for (char *at = strtok(copy, " "); at; at = strtok(NULL, " ")) value[count++] = at;
    dm_error error;
    if (dm_options_set(options, name, count, (const char *const *)value, &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
}

// What the runs have in common. changes: "name values", ..., NULL
static dm_options *settings(const char *folder, const char *const *changes)
{
    write_side("src", false, 1), write_side("trg", true, 1);
    dm_options *options = dm_options_new("train");
    char *source = path_of("src"), *target = path_of("trg"), *model = path_of(folder);
    char *both = dm_format("%s %s", source, target);
    set(options, "train-sets", both);
    set(options, "model", model);
    static const char *const common[] = {"segmenter space",
                                         "dim-emb 16",
                                         "dim-ffn 32",
                                         "enc-depth 1",
                                         "dec-depth 1",
                                         "heads 2",
                                         "mini-batch-words 40",
                                         "lr-warmup 10",
                                         "learn-rate 0.01",
                                         "save-freq 7u",
                                         "disp-freq 5u",
                                         "cpu-threads 1",
                                         NULL};
    set(options, "gemm", test_backend);
    for (int list = 0; list < 2; list++) {
        for (const char *const *at = list ? changes : common; at && *at; at++) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)strcspn(*at, " "), *at);
            set(options, name, *at + strlen(name));
        }
    }
    free(source), free(target), free(model), free(both);
    return options;
}
#define CHANGES(...) ((const char *const[]){__VA_ARGS__, NULL})

typedef struct Watcher {
    int updates;     // seen
    int stop_after;  // 0: never
    char last[512];  // line
} Watcher;

static void see_line(void *context, const char *line)
{
    Watcher *watcher = context;
    snprintf(watcher->last, sizeof watcher->last, "%s", line);
}

static void see_update(void *context, const char *status)
{
    (void)status;
    ((Watcher *)context)->updates++;
}

static bool enough(void *context)
{
    const Watcher *watcher = context;
    return watcher->stop_after && watcher->updates >= watcher->stop_after;
}

// Trains; returns whether it was stopped. error: NULL if it must not fail.
static bool train(const char *folder, const char *const *changes, Watcher *watcher, dm_error *error)
{
    Watcher nobody = {0};
    if (!watcher) watcher = &nobody;
    dm_error unexpected = {.message = ""};
    dm_options *options = settings(folder, changes);
    dm_observer observer = {watcher, see_line, see_update, enough};
    bool stopped = false;
    dm_status status = dm_train(options, &observer, &stopped, error ? error : &unexpected);
    if (status && !error) {
        fprintf(stderr, "%s\n", unexpected.message);
        CU_FAIL("training failed");
    }
    if (!status && error) error->message[0] = '\0';
    dm_options_free(options);
    return stopped;
}

static char *read_text(const char *folder, const char *name)
{
    char *path = dm_format("%s/%s", scratch(folder), name), *text = NULL;
    if (dm_read_file(path, &text, NULL, NULL)) text = dm_copy_string("");
    free(path);
    return text;
}

static bool same_file(const char *a, const char *b, const char *name)
{
    char *path[2] = {dm_format("%s/%s", scratch(a), name), dm_format("%s/%s", scratch(b), name)}, *text[2] = {0};
    size_t size[2] = {0, 1};
    for (int i = 0; i < 2; i++) dm_read_file(path[i], &text[i], &size[i], NULL);
    bool same = text[0] && text[1] && size[0] == size[1] && memcmp(text[0], text[1], size[0]) == 0;
    for (int i = 0; i < 2; i++) free(path[i]), free(text[i]);
    return same;
}

static void append(const char *folder, const char *name, const char *text)
{
    char *path = dm_format("%s/%s", scratch(folder), name);
    FILE *file = fopen(path, "a");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) abort();
    free(path);
}

// train.jsonl without what the clock says.
static char *timeless_journal(const char *folder)
{
    char *text = read_text(folder, "train.jsonl"), *rest = NULL, *result = dm_copy_string("");
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *event = cJSON_Parse(line);
        CU_ASSERT(event != NULL);
        cJSON_DeleteItemFromObjectCaseSensitive(event, "seconds");
        cJSON_DeleteItemFromObjectCaseSensitive(event, "target_tokens_per_second");
        char *plain = cJSON_PrintUnformatted(event), *longer = dm_format("%s%s\n", result, plain);
        cJSON_free(plain);
        cJSON_Delete(event);
        free(result);
        result = longer;
    }
    free(text);
    return result;
}

static bool same_journal(const char *a, const char *b)
{
    char *one = timeless_journal(a), *other = timeless_journal(b);
    bool same = *one && strcmp(one, other) == 0;
    free(one), free(other);
    return same;
}

// A figure of the last event of a kind in train.jsonl; -1: there is none.
static double last_figure(const char *folder, const char *kind, const char *name)
{
    double figure = -1;
    char *text = read_text(folder, "train.jsonl"), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *event = cJSON_Parse(line);
        const char *said = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"));
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, name);
        if (said && strcmp(said, kind) == 0 && cJSON_IsNumber(item)) figure = item->valuedouble;
        cJSON_Delete(event);
    }
    free(text);
    return figure;
}

static Model *open_model(const char *folder)
{
    Model *model = NULL;
    dm_error error = {.message = ""};
    if (dm_model_read(&model, NULL, scratch(folder), &error)) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return model;
}

static char *validation_on_itself(void)
{
    char *source = path_of("src"), *target = path_of("trg"), *text = dm_format("valid-sets %s %s", source, target);
    free(source), free(target);
    return text;
}

// ---- Facts ------------------------------------------------------------------------------------------------------

static void a_reversal_is_learnt(void)
{
    char *valid = validation_on_itself();
    train("learns",
          CHANGES("after 150e", "dropout 0", "label-smoothing 0", "dim-emb 32", "learn-rate 0.005", valid,
                  "valid-freq 300u"),
          NULL, NULL);
    CU_ASSERT(last_figure("learns", "train", "cost") < 0.05);
    CU_ASSERT(last_figure("learns", "valid", "ce-mean-words") < 0.05);
    CU_ASSERT(last_figure("learns", "valid", "bleu") > 99);
    free(valid);
}

static void the_number_of_threads_does_not_change_a_byte(void)
{
    for (int threads = 1; threads <= 3; threads++) {
        char folder[32], change[32];
        snprintf(folder, sizeof folder, "threads%d", threads);
        snprintf(change, sizeof change, "cpu-threads %d", threads);
        // shards of some ten words, five or so to a batch, two batches to an update, two lanes: they have to wait
        train(folder, CHANGES("after 4e", change, "shard-words 10", "lanes 2", "optimizer-delay 2"), NULL, NULL);
        CU_ASSERT(same_file(folder, "threads1", "model.safetensors"));
    }
}

static void another_seed_gives_another_model(void)
{
    train("seed1", CHANGES("after 1e"), NULL, NULL);
    train("seed2", CHANGES("after 1e", "seed 2"), NULL, NULL);
    CU_ASSERT(!same_file("seed1", "seed2", "model.safetensors"));
}

// With everything that a run keeps: validation, patience, epoch checkpoints, an average, shown sums.
static void a_stopped_run_ends_as_an_uninterrupted_one(void)
{
    static const int stops[] = {1, 2, 7, 15, 24, 30};
    char *valid = validation_on_itself();
    const char *const changes[] = {
        "after 11e", valid, "valid-freq 4u", "average 3", "early-stopping 3", "valid-metrics ce-mean-words chrf", NULL};
    train("whole", changes, NULL, NULL);
    CU_ASSERT(last_figure("whole", "end", "update") > 30);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        char folder[32];
        snprintf(folder, sizeof folder, "stopped%d", stops[i]);
        CU_ASSERT(train(folder, changes, &(Watcher){.stop_after = stops[i]}, NULL));
        append(folder, "train.jsonl", "{\"event\":\"train\",\"update\":999}\n{\"eve");  // a later update, killed
        const char *more[16] = {"cpu-threads 3"};
        memcpy(more + 1, changes, sizeof changes);
        CU_ASSERT(train(folder, more, &(Watcher){.stop_after = 3}, NULL));
        CU_ASSERT(!train(folder, changes, NULL, NULL));
        CU_ASSERT(same_file(folder, "whole", "model.safetensors"));
        CU_ASSERT(same_file(folder, "whole", "epoch-0010.safetensors"));
        CU_ASSERT(same_journal(folder, "whole"));
    }
    free(valid);
}

static void a_schedule_that_falls_to_zero_survives_a_stop(void)
{
    const char *const changes[] = {"after 6e", "lr-schedule cosine", "disp-freq 1u", NULL};
    train("cosine", changes, NULL, NULL);
    train("cosine2", changes, &(Watcher){.stop_after = 8}, NULL);
    train("cosine2", changes, NULL, NULL);
    CU_ASSERT(same_file("cosine2", "cosine", "model.safetensors"));
    CU_ASSERT(last_figure("cosine", "train", "learn_rate") == 0);
}

static void a_complete_run_says_so_and_goes_on_with_a_larger_after(void)
{
    Watcher watcher = {0};
    train("longer", CHANGES("after 10u"), NULL, NULL);
    train("longer", CHANGES("after 10u"), &watcher, NULL);
    CU_ASSERT(watcher.updates == 0);
    CU_ASSERT(strstr(watcher.last, "complete") && strstr(watcher.last, "larger --after"));
    train("longer", CHANGES("after 20u"), &watcher, NULL);
    CU_ASSERT(watcher.updates == 10);
    train("at_once", CHANGES("after 20u"), NULL, NULL);
    CU_ASSERT(same_file("longer", "at_once", "model.safetensors"));
}

static void without_validation_the_folder_holds_the_latest_weights(void)
{
    train("latest", CHANGES("after 5e", "save-freq 1000u"), &(Watcher){.stop_after = 6}, NULL);
    train("six", CHANGES("after 6u"), NULL, NULL);
    CU_ASSERT(same_file("latest", "six", "model.safetensors"));
}

static void the_best_checkpoint_is_kept_and_patience_ends_the_run(void)
{
    // Validated on text where nothing is reversed: learning to reverse makes it worse before long.
    write_side("other", false, 3);
    char *other = path_of("other"), *valid = dm_format("valid-sets %s %s", other, other), change[64];
    train("best", CHANGES("after 100e", valid, "valid-freq 3u", "early-stopping 4"), NULL, NULL);
    double end = last_figure("best", "end", "update");
    CU_ASSERT(last_figure("best", "valid", "stalled") == 4);
    CU_ASSERT(end < 300);
    snprintf(change, sizeof change, "after %.0fu", end - 4 * 3);  // where the best one was
    train("up_to_the_best", CHANGES(change, valid, "valid-freq 3u", "early-stopping 4"), NULL, NULL);
    CU_ASSERT(same_file("best", "up_to_the_best", "model.safetensors"));
    CU_ASSERT(last_figure("best", "valid", "best") == last_figure("up_to_the_best", "valid", "best"));

    // The count goes on after a stop.
    const char *const changes[] = {"after 100e", valid, "valid-freq 3u", "early-stopping 4", NULL};
    train("patient", changes, &(Watcher){.stop_after = (int)end - 5}, NULL);
    train("patient", changes, NULL, NULL);
    CU_ASSERT(same_journal("patient", "best"));

    // Killed between the two files of the checkpoint with the best weights: the second is made good.
    train("half_saved", changes, &(Watcher){.stop_after = (int)end - 4 * 3}, NULL);
    char *half = dm_format("%s/model.safetensors", scratch("half_saved"));
    CU_ASSERT(remove(half) == 0);
    train("half_saved", changes, NULL, NULL);
    CU_ASSERT(same_file("half_saved", "best", "model.safetensors"));
    free(half);
    free(other), free(valid);
}

static void the_average_is_the_mean_of_the_last_epochs(void)
{
    train("average", CHANGES("after 5e", "average 2"), NULL, NULL);
    Model *model = open_model("average");
    size_t size = model->parameters.size, wrong = 0;
    float *epoch[2];
    for (int i = 0; i < 2; i++) {
        char *path = dm_format("%s/epoch-000%d.safetensors", scratch("average"), 4 + i);
        epoch[i] = dm_allocate(size, sizeof(float));
        CU_ASSERT(dm_weights_read(model, epoch[i], path, NULL) == DM_OK);
        free(path);
    }
    CU_ASSERT(memcmp(epoch[0], epoch[1], size * sizeof(float)) != 0);
    for (size_t i = 0; i < size; i++)
        wrong += model->parameters.data[i] != (float)(((double)epoch[0][i] + (double)epoch[1][i]) / 2);
    CU_ASSERT(wrong == 0);
    char *third = dm_format("%s/epoch-0003.safetensors", scratch("average"));
    CU_ASSERT(!dm_exists(third));  // only the last two stay
    free(third), free(epoch[0]), free(epoch[1]);
    dm_model_destroy(model);
}

static void pad_has_a_zero_embedding_and_no_probability(void)
{
    train("pad", CHANGES("after 2e"), NULL, NULL);
    Model *model = open_model("pad");
    const float *row = dm_row(model->output, model->config.pad);
    for (int j = 0; j < model->config.width; j++) CU_ASSERT(row[j] == 0);
    CU_ASSERT(model->output_bias->data[model->config.pad] == -10000);
    CU_ASSERT(model->output_bias->data[0] == 0);
    dm_model_destroy(model);
}

static void training_starts_from_a_pretrained_model(void)
{
    train("first", CHANGES("after 3e"), NULL, NULL);
    char *start = path_of("first"), *change = dm_format("pretrained-model %s", start);
    // Its own shape counts, whatever the options say, and a vanishing rate leaves its weights where they are.
    train("second", CHANGES(change, "after 1u", "learn-rate 1e-12", "dim-emb 64", "lr-warmup 0"), NULL, NULL);
    Model *first = open_model("first"), *second = open_model("second");
    CU_ASSERT(first->parameters.size == second->parameters.size);
    double difference = 0;
    for (size_t i = 0; i < first->parameters.size; i++)
        difference += fabs((double)first->parameters.data[i] - (double)second->parameters.data[i]);
    CU_ASSERT(difference < 1e-6);
    CU_ASSERT(same_file("first", "second", "vocab.json"));
    dm_model_destroy(first), dm_model_destroy(second);
    free(start), free(change);
}

// One update over the whole corpus is the same whether the batch holds it all or several batches make it up.
static void a_delay_makes_one_large_batch_of_several(void)
{
    const char *const plain[] = {"after 2u",         "lr-warmup 1", "mini-batch-words 100000",
                                 "shard-words 1000", "dropout 0",   "optimizer sgd",
                                 "learn-rate 1",     NULL};
    const char *const delay[] = {"after 2u",  "lr-warmup 1",   "mini-batch-words 40", "optimizer-delay 100",
                                 "dropout 0", "optimizer sgd", "learn-rate 1",        NULL};
    train("one_batch", plain, NULL, NULL);
    train("batches", delay, NULL, NULL);
    CU_ASSERT_DOUBLE_EQUAL(last_figure("one_batch", "end", "epoch"), 2, 0);
    Model *a = open_model("one_batch"), *b = open_model("batches");
    size_t far = 0;
    for (size_t i = 0; i < a->parameters.size; i++) far += fabsf(a->parameters.data[i] - b->parameters.data[i]) > 1e-5f;
    CU_ASSERT(far == 0);
    dm_model_destroy(a), dm_model_destroy(b);
}

static void other_options_and_other_text_are_refused(void)
{
    dm_error error;
    train("fixed", CHANGES("after 4e"), &(Watcher){.stop_after = 2}, NULL);
    train("fixed", CHANGES("after 4e", "dropout 0.3", "learn-rate 0.02"), NULL, &error);
    CU_ASSERT(strstr(error.message, "--dropout") && strstr(error.message, "--learn-rate"));

    dm_options *options = settings("fixed", CHANGES("after 4e"));
    write_side("src", false, 9);
    CU_ASSERT(dm_train(options, NULL, NULL, &error) == DM_FAILURE);
    CU_ASSERT(strstr(error.message, "not the text") != NULL);
    dm_options_free(options);
    train("fixed", CHANGES("after 4e"), NULL, NULL);  // and with the old text it still goes on
}

static void a_second_trainer_is_refused(void)
{
    int lock;
    dm_error error;
    CU_ASSERT(dm_folder_lock(&lock, scratch("locked"), &error) == DM_OK);
    train("locked", CHANGES("after 1u"), NULL, &error);
    CU_ASSERT(strstr(error.message, "another process") != NULL);
    close(lock);
    train("locked", CHANGES("after 1u"), NULL, NULL);
}

static void divergence_is_named_and_the_checkpoint_kept(void)
{
    dm_error error;
    const char *const changes[] = {"after 100e",  "optimizer sgd",        "learn-rate 100", "lr-warmup 0",
                                   "clip-norm 0", "lr-schedule constant", "save-freq 1u",   NULL};
    train("diverges", changes, NULL, &error);
    CU_ASSERT(strstr(error.message, "diverged at update") && strstr(error.message, "--learn-rate"));
    Model *model = open_model("diverges");
    size_t bad = 0;
    for (size_t i = 0; i < model->parameters.size; i++) bad += !isfinite(model->parameters.data[i]);
    CU_ASSERT(bad == 0);
    dm_model_destroy(model);
}

const Fact facts[] = {
    FACT(a_reversal_is_learnt),
    FACT(the_number_of_threads_does_not_change_a_byte),
    FACT(another_seed_gives_another_model),
    FACT(a_stopped_run_ends_as_an_uninterrupted_one),
    FACT(a_schedule_that_falls_to_zero_survives_a_stop),
    FACT(a_complete_run_says_so_and_goes_on_with_a_larger_after),
    FACT(without_validation_the_folder_holds_the_latest_weights),
    FACT(the_best_checkpoint_is_kept_and_patience_ends_the_run),
    FACT(the_average_is_the_mean_of_the_last_epochs),
    FACT(pad_has_a_zero_embedding_and_no_probability),
    FACT(training_starts_from_a_pretrained_model),
    FACT(a_delay_makes_one_large_batch_of_several),
    FACT(other_options_and_other_text_are_refused),
    FACT(a_second_trainer_is_refused),
    FACT(divergence_is_named_and_the_checkpoint_kept),
    {NULL, NULL},
};
