// Facts about what a run keeps: averages, best checkpoints, and the last good one when it diverges.
#include "core/memory.h"
#include "runs.h"

// The validation that a run made of the weights now in model.safetensors is made again, of the file alone.
static void the_smoothed_weights_are_validated_and_kept(void)
{
    char *valid = validation_on_itself();
    const char *const changes[] = {"after 20u", valid, "valid-freq 20u", "exponential-smoothing 0.05", NULL};
    train("smooth", changes, NULL, NULL);
    train("plain", CHANGES("after 20u", valid, "valid-freq 20u"), NULL, NULL);
    double cost = last_figure("smooth", "valid", "ce-mean-words"),
           plain = last_figure("plain", "valid", "ce-mean-words");
    CU_ASSERT(fabs(cost - plain) > 1e-3);
    CU_ASSERT(!same_file("smooth", "plain", "model.safetensors"));
    CU_ASSERT_DOUBLE_EQUAL(last_figure("smooth", "train", "cost"), last_figure("plain", "train", "cost"), 0);

    // A step that changes nothing, begun from that file: what it validates is the file.
    char *start = path_of("smooth"), *change = dm_format("pretrained-model %s", start);
    train("again", CHANGES(change, "after 1u", valid, "valid-freq 1u", "learn-rate 1e-12", "lr-warmup 0"), NULL, NULL);
    CU_ASSERT_DOUBLE_EQUAL(last_figure("again", "valid", "ce-mean-words"), cost, 1e-4);
    dm_free(start), dm_free(change), dm_free(valid);
}

// Of a metric that gets worse and one that gets better, each file holds what a run that ended there holds.
static void the_best_checkpoint_by_every_metric_is_kept(void)
{
    char *valid = validation_on_itself(), change[64];
    const char *const changes[] = {
        "after 200u", valid, "valid-freq 3u", "valid-metrics chrf ce-mean-words", "keep-best ce-mean-words chrf", NULL};
    train("kept", changes, NULL, NULL);
    double lowest = 1e9, highest = -1;
    int at[2] = {0};
    char *text = read_text("kept", "train.jsonl"), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *event = cJSON_Parse(line);
        const cJSON *chrf = cJSON_GetObjectItem(event, "chrf"), *cost = cJSON_GetObjectItem(event, "ce-mean-words");
        int update = cJSON_GetObjectItem(event, "update")->valueint;
        if (chrf && chrf->valuedouble > highest) highest = chrf->valuedouble, at[0] = update;
        if (cost && cost->valuedouble < lowest) lowest = cost->valuedouble, at[1] = update;
        cJSON_Delete(event);
    }
    dm_free(text);
    CU_ASSERT(at[0] != at[1]);  // else this test says nothing
    for (int i = 0; i < 2; i++) {
        char *ended = dm_format("best%d", i),
             *mine = dm_format("%s/best-%s.safetensors", scratch("kept"), i ? "ce-mean-words" : "chrf");
        snprintf(change, sizeof change, "after %du", at[i]);
        train(ended, CHANGES(change), NULL, NULL);
        char *theirs = dm_format("%s/model.safetensors", scratch(ended)), *bytes[2];
        size_t size[2];
        if (dm_read_file(mine, &bytes[0], &size[0], NULL) || dm_read_file(theirs, &bytes[1], &size[1], NULL)) abort();
        CU_ASSERT(size[0] == size[1] && memcmp(bytes[0], bytes[1], size[0]) == 0);
        dm_free(bytes[0]), dm_free(bytes[1]), dm_free(mine), dm_free(theirs), dm_free(ended);
    }
    CU_ASSERT(same_file("kept", "best0", "model.safetensors"));
    dm_free(valid);
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
        dm_free(path);
    }
    CU_ASSERT(memcmp(epoch[0], epoch[1], size * sizeof(float)) != 0);
    for (size_t i = 0; i < size; i++)
        wrong += model->parameters.data[i] != (float)(((double)epoch[0][i] + (double)epoch[1][i]) / 2);
    CU_ASSERT(wrong == 0);
    char *third = dm_format("%s/epoch-0003.safetensors", scratch("average"));
    CU_ASSERT(!dm_exists(third));  // only the last two stay
    dm_free(third), dm_free(epoch[0]), dm_free(epoch[1]);
    dm_model_destroy(model);
}

// ---- Divergence -------------------------------------------------------------------------------------------------

static size_t weights_not_finite(const char *folder)
{
    Model *model = open_model(folder);
    size_t bad = 0;
    for (size_t i = 0; i < model->parameters.size; i++) bad += !isfinite(model->parameters.data[i]);
    dm_model_destroy(model);
    return bad;
}

static void check_words(const dm_error *error, const char *const *words)
{
    for (; *words; words++)
        if (!strstr(error->message, *words)) {
            fprintf(stderr, "not '%s': %s\n", *words, error->message);
            CU_FAIL("the message does not say it");
        }
}
#define SAYS(error, ...) check_words(error, (const char *const[]){__VA_ARGS__, NULL})

static void a_cost_beyond_all_bounds_is_named_and_the_checkpoint_kept(void)
{
    dm_error error;
    train("diverges",
          CHANGES("after 100e", "optimizer sgd", "learn-rate 100", "lr-warmup 0", "clip-norm 0", "lr-schedule constant",
                  "save-freq 1u"),
          NULL, &error);
    SAYS(&error, "diverged at update", "cross_entropy", "logits [", "model.shared.weight", " in shard ", "(lines ",
         "is kept", "--learn-rate");
    CU_ASSERT(weights_not_finite("diverges") == 0);
}

// A model in which all values of some tensors are set, to start from: "start" in the scratch folder.
typedef struct Change {
    const char *name;
    float value;
} Change;

static char *model_with(const char *norm, const Change *changes, int count)
{
    train("start", CHANGES("after 1u", "overwrite", norm), NULL, NULL);
    Model *model = open_model("start");
    for (int i = 0; i < count; i++) {
        const Tensor *t = &dm_parameter(&model->parameters, changes[i].name)->tensor;
        for (int j = 0; j < t->rows * t->cols; j++) t->data[j] = changes[i].value;
    }
    char *path = dm_format("%s/model.safetensors", scratch("start")), *start = path_of("start");
    if (dm_weights_write(model, NULL, path, NULL)) abort();
    dm_model_destroy(model);
    dm_free(path);
    char *option = dm_format("pretrained-model %s", start);
    dm_free(start);
    return option;
}

static void a_result_that_is_not_finite_is_named(void)
{
    dm_error error;
    static const Change huge[] = {{"model.decoder.layers.0.fc1.bias", 1e30f},
                                  {"model.decoder.layers.0.fc2.weight", 1e30f}};
    char *start = model_with("norm layer", huge, 2);
    train("forward", CHANGES("after 1u", start), NULL, &error);
    SAYS(&error, "diverged at update 1 ", "op linear", ", 16] that is not finite",
         "its weights: model.decoder.layers.0.fc2.weight", " in shard 1 of ", "checkpoint of update 0 is kept");
    dm_free(start);
}

// A hidden layer of 2e38 that no weight lets through: the cost is as it was, the gradient of the weight overflows.
static void a_gradient_that_is_not_finite_is_named(void)
{
    dm_error error;
    static const Change hidden[] = {{"model.decoder.layers.0.fc1.bias", 2e38f},
                                    {"model.decoder.layers.0.fc2.weight", 0}};
    char *start = model_with("norm layer", hidden, 2);
    train("backward", CHANGES("after 1u", start), NULL, &error);
    SAYS(&error, "diverged at update 1 ", "the gradient of model.decoder.layers.0.fc2.weight [16, 32]", " in shard ");
    dm_free(start);
}

// Where a lane holds statistics too. Behind a batch norm nothing is the same in all rows: here the hidden layer is not.
static void a_gradient_through_batch_norm_that_is_not_finite_is_named(void)
{
    dm_error error;
    static const Change hidden[] = {{"model.decoder.layers.0.final_layer_norm.weight", 30},
                                    {"model.decoder.layers.0.fc1.weight", 1e37f},
                                    {"model.decoder.layers.0.fc2.weight", 0}};
    char *start = model_with("norm batch", hidden, 3);
    train("batch", CHANGES("after 1u", start), NULL, &error);
    SAYS(&error, "diverged at update 1 ", "the gradient of model.decoder.layers.0.fc2.weight [16, 32]", " in shard ");
    dm_free(start);
}

static void a_step_to_weights_that_are_not_finite_is_not_saved(void)
{
    dm_error error;
    static const Change hidden[] = {{"model.decoder.layers.0.fc1.bias", 5e37f},
                                    {"model.decoder.layers.0.fc2.weight", 0}};
    char *start = model_with("norm layer", hidden, 2);
    train("step",
          CHANGES("after 1u", start, "optimizer sgd", "learn-rate 100", "lr-warmup 0", "clip-norm 0",
                  "mini-batch-words 1"),
          NULL, &error);
    SAYS(&error, "diverged at update 1 ", "weights of model.decoder.layers.0.fc2.weight",
         "checkpoint of update 0 is kept");
    CU_ASSERT(weights_not_finite("step") == 0);
    dm_free(start);
}

const Fact facts[] = {
    FACT(the_smoothed_weights_are_validated_and_kept),
    FACT(the_best_checkpoint_by_every_metric_is_kept),
    FACT(the_average_is_the_mean_of_the_last_epochs),
    FACT(a_cost_beyond_all_bounds_is_named_and_the_checkpoint_kept),
    FACT(a_result_that_is_not_finite_is_named),
    FACT(a_gradient_that_is_not_finite_is_named),
    FACT(a_gradient_through_batch_norm_that_is_not_finite_is_named),
    FACT(a_step_to_weights_that_are_not_finite_is_not_saved),
    {NULL, NULL},
};
