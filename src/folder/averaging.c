// dm_average: one model of several checkpoints, chosen by name, by age, or by how they validated.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/observer.h"
#include "core/scope.h"
#include "folder/averaging.h"
#include "folder/folder_files.h"
#include "folder/folder.h"
#include "folder/folder_guard.h"
#include "folder/stored_shape.h"
#include "options/options.h"
#include "score/metrics.h"

Status dm_weights_average(const Model *model, char *const *paths, int count, float *weights, Error *error)
{
    const size_t size = model->parameters.size;
    double *sum = dm_allocate(size, sizeof *sum);
    Status status = DM_OK;
    for (int i = 0; i < count && !status; i++) {
        status = dm_weights_read(model, weights, paths[i], error);
        for (size_t j = 0; j < size && !status; j++) sum[j] += (double)weights[j];
    }
    for (size_t j = 0; j < size && !status; j++) weights[j] = (float)(sum[j] / count);
    dm_free(sum);
    return status;
}

// Before anything of the size that config.json claims is allocated.
static Status check_size(Model *declared, const char *path, Error *error)
{
    size_t *bytes = dm_allocate((size_t)declared->parameters.count, sizeof *bytes);
    Status status = dm_weights_measure(declared, bytes, path, error);
    dm_free(bytes);
    return status;
}

// ---- Which checkpoints ------------------------------------------------------------------------------------------

typedef struct Checkpoint {
    char *path;
    int epoch;       // 0: a file that was named
    bool validated;  // at the end of its epoch, with ...
    double value;    // ... this value of the metric
    bool chosen;
} Checkpoint;

typedef struct Selection {
    const dm_options *options;
    const char *folder;
    Checkpoint *list;  // [count] epochs ascending, or the files in their order
    int count;
    char metric[32];  // by which --best chooses
} Selection;

static int whole(const dm_options *options, const char *name)
{
    return dm_options_count(options, name) ? (int)dm_options_number(options, name) : 0;
}

static void list_files(Selection *choice)
{
    choice->count = dm_options_count(choice->options, "FILE");
    choice->list = dm_allocate((size_t)choice->count, sizeof *choice->list);
    for (int i = 0; i < choice->count; i++)
        choice->list[i] =
            (Checkpoint){.path = dm_copy_string(dm_options_text(choice->options, "FILE", i)), .chosen = true};
}

static Status list_epochs(Selection *choice, Error *error)
{
    int *epochs;
    choice->count = dm_epochs_list(choice->folder, &epochs);
    choice->list = dm_allocate((size_t)choice->count, sizeof *choice->list);
    for (int i = 0; i < choice->count; i++)
        choice->list[i] = (Checkpoint){.path = dm_epoch_path(choice->folder, epochs[i]), .epoch = epochs[i]};
    dm_free(epochs);
    if (choice->count) return DM_OK;
    return dm_fail(error,
                   "%s has no epoch checkpoints (epoch-0001.safetensors and so on): train keeps them with --average N, "
                   "or name the files to average",
                   choice->folder);
}

static Status choose_last(Selection *choice, int wanted, Error *error)
{
    if (wanted > choice->count)
        return dm_fail(error, "--last %d: %s has only %d epoch checkpoint%s; train keeps as many as its --average says",
                       wanted, choice->folder, choice->count, dm_plural((size_t)choice->count));
    for (int i = choice->count - wanted; i < choice->count; i++) choice->list[i].chosen = true;
    return DM_OK;
}

static Checkpoint *checkpoint_of(Selection *choice, int epoch)
{
    for (int i = 0; i < choice->count; i++)
        if (choice->list[i].epoch == epoch) return &choice->list[i];
    return NULL;
}

// Takes a line of train.jsonl into account, if it is the validation of one of the checkpoints.
static void read_event(Selection *choice, const char *line)
{
    cJSON *event = cJSON_Parse(line);
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"));
    const cJSON *epoch = cJSON_GetObjectItemCaseSensitive(event, "epoch");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(event, choice->metric);
    bool at_end = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(event, "epoch_done"));
    if (kind && !strcmp(kind, "anew"))  // by another text or metric: what comes cannot be compared with what was
        for (int i = 0; i < choice->count; i++) choice->list[i].validated = false;
    if (kind && !strcmp(kind, "valid") && at_end && cJSON_IsNumber(epoch) && cJSON_IsNumber(value)) {
        Checkpoint *checkpoint = checkpoint_of(choice, epoch->valueint);
        if (checkpoint) checkpoint->validated = true, checkpoint->value = value->valuedouble;
    }
    cJSON_Delete(event);
}

static Status read_validations(Selection *choice, const cJSON *extra, Error *error)
{
    const cJSON *training = cJSON_GetObjectItemCaseSensitive(extra, "training");
    const char *first =
        cJSON_GetStringValue(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(training, "valid-metrics"), 0));
    if (!first)
        return dm_fail(error,
                       "%s/config.json does not say by which metric its checkpoints were validated: name the files",
                       choice->folder);
    snprintf(choice->metric, sizeof choice->metric, "%s", first);
    char *path = dm_folder_path(choice->folder, DM_LOG_FILE), *text = NULL, *rest = NULL;
    Status status = dm_read_file(path, &text, NULL, error);
    for (char *line = status ? NULL : strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        read_event(choice, line);
    dm_free(text);
    dm_free(path);
    return status;
}

static Status choose_best(Selection *choice, int wanted, Error *error)
{
    const Metric *metric = dm_metric_of(choice->metric);
    const bool falls = metric && metric->falls;
    for (int n = 0; n < wanted; n++) {
        Checkpoint *best = NULL;
        for (int i = 0; i < choice->count; i++) {
            Checkpoint *at = &choice->list[i];
            if (!at->validated || at->chosen) continue;
            if (!best || (falls ? at->value < best->value : at->value > best->value)) best = at;
        }
        if (!best)
            return dm_fail(error,
                           "--best %d: of %d epoch checkpoint%s in %s only %d %s validated at the end of the epoch; "
                           "train keeps as many as its --average says and validates each with --valid-freq 1e",
                           wanted, choice->count, dm_plural((size_t)choice->count), choice->folder, n,
                           n == 1 ? "was" : "were");
        best->chosen = true;
    }
    return DM_OK;
}

static Status choose_checkpoints(Selection *choice, const cJSON *extra, Error *error)
{
    int last = whole(choice->options, "last"), best = whole(choice->options, "best");
    if (dm_options_count(choice->options, "FILE")) {
        list_files(choice);
        return DM_OK;
    }
    Status status = list_epochs(choice, error);
    if (status || !best) return status ? status : choose_last(choice, last ? last : choice->count, error);
    status = read_validations(choice, extra, error);
    return status ? status : choose_best(choice, best, error);
}

// ---- dm_average -------------------------------------------------------------------------------------------------

__attribute__((format(printf, 2, 3))) static void say(const dm_observer *observer, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    dm_observer_line(observer, line);
}

static void report(const Selection *choice, const dm_observer *observer, const char *output, int count)
{
    say(observer, "%s: the average of %d checkpoint%s", output, count, dm_plural((size_t)count));
    for (int i = 0; i < choice->count; i++) {
        const Checkpoint *at = &choice->list[i];
        if (at->chosen && at->validated)
            say(observer, "  %s : %s %.5g", at->path, choice->metric, at->value);
        else if (at->chosen)
            say(observer, "  %s", at->path);
    }
}

// An output that was named may be the folder's weights, which are there to be replaced, but nothing else that is read
// or that the run needs.
static Status check_output(const Selection *choice, Error *error)
{
    const char *output = dm_options_text(choice->options, "output", 0);
    if (!output) return DM_OK;
    for (int i = 0; i < choice->count; i++)
        if (choice->list[i].chosen && dm_is_same_file(choice->list[i].path, output))
            return dm_fail(error, "%s and %s are the same file, which would be lost: give another --output",
                           choice->list[i].path, output);
    char *weights = dm_folder_path(choice->folder, DM_WEIGHTS_FILE);
    const bool good = dm_is_same_file(weights, output) || !dm_folder_has_file(choice->folder, output);
    dm_free(weights);
    return good ? DM_OK
                : dm_fail(error, "%s is a file of the model in %s, which would be lost: give another --output", output,
                          choice->folder);
}

static Status average(const Selection *choice, Model *declared, const dm_observer *observer, Error *error)
{
    const char *named = dm_options_text(choice->options, "output", 0);
    char *output = named ? dm_copy_string(named) : dm_folder_path(choice->folder, DM_WEIGHTS_FILE);
    char **paths = dm_allocate((size_t)choice->count, sizeof *paths);
    float *weights = NULL;
    int count = 0;
    for (int i = 0; i < choice->count; i++)
        if (choice->list[i].chosen) paths[count++] = choice->list[i].path;
    Status status = count ? check_size(declared, paths[0], error) : DM_OK;
    if (!status) weights = dm_allocate(declared->parameters.size, sizeof *weights);
    if (!status) status = dm_weights_average(declared, paths, count, weights, error);
    if (!status) status = dm_weights_write(declared, weights, output, error);
    if (!status) report(choice, observer, output, count);
    dm_free(weights);
    dm_free(paths);
    dm_free(output);
    return status;
}

static Status check_options(const dm_options *o, Error *error)
{
    const char *folder = dm_options_text(o, "model", 0);
    int ways =
        (dm_options_count(o, "FILE") > 0) + (dm_options_count(o, "last") > 0) + (dm_options_count(o, "best") > 0);
    if (!folder) return dm_misuse(error, "averaging needs --model DIR");
    if (ways > 1) return dm_misuse(error, "files, --last and --best are three ways to say what to average: take one");
    if (!dm_is_folder(folder)) return dm_fail(error, "%s is not a folder: --model needs a model folder", folder);
    return DM_OK;
}

static Status average_as_said(const dm_options *options, const dm_observer *observer, Error *error)
{
    Selection choice = {.options = options, .folder = dm_options_text(options, "model", 0)};
    Model declared = {0};
    cJSON *extra = NULL;
    int lock = -1;
    Status status = check_options(options, error);
    if (!status) status = dm_config_read(&declared.config, &extra, choice.folder, error);
    if (!status) status = dm_stored_shape_settle_in(&declared.config, choice.folder, error);
    declared.architecture = declared.config.architecture;
    if (!status) dm_model_declare(&declared);
    if (!status) status = dm_folder_lock(&lock, choice.folder, "average", error);
    if (!status) status = choose_checkpoints(&choice, extra, error);
    if (!status) status = check_output(&choice, error);
    if (!status) status = average(&choice, &declared, observer, error);
    for (int i = 0; i < choice.count; i++) dm_free(choice.list[i].path);
    dm_free(choice.list);
    dm_parameters_free(&declared.parameters);
    dm_config_free(&declared.config);
    cJSON_Delete(extra);
    dm_folder_unlock(&lock, choice.folder);
    return status;
}

dm_status dm_average(const dm_options *options, const dm_observer *observer, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, average_as_said(options, observer, error));
    return status;
}
