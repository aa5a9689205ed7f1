// Checkpoints. The state goes into the metadata as text, doubles as their bits in hexadecimal: nothing is
// rounded, and no locale can change it.
#include "train/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "folder/folder_files.h"
#include "folder/folder.h"
#include "folder/safetensors.h"
#include "train/diverged.h"
#include "train/ranks.h"

// One row of the metadata: a name and where its value lies in RunState.
typedef struct Field {
    const char *name;
    enum { INT, LONG, DOUBLE, BOOL } type;
    size_t offset;
    bool may_lack;  // runs of earlier versions do not know it: 0
} Field;

#define FIELD(name, type, member)                                                                                      \
    {                                                                                                                  \
        name, type, offsetof(RunState, member), false                                                                  \
    }
#define LATER(name, type, member)                                                                                      \
    {                                                                                                                  \
        name, type, offsetof(RunState, member), true                                                                   \
    }
#define BEST(n)                                                                                                        \
    {"best_value_" #n, DOUBLE, offsetof(RunState, best[n - 1].value), true},                                           \
    {                                                                                                                  \
        "best_update_" #n, LONG, offsetof(RunState, best[n - 1].update), true                                          \
    }
_Static_assert(DM_MOST_METRICS == 8, "BEST has a row for each");
static const Field fields[] = {
    FIELD("update", LONG, update),
    FIELD("epoch", INT, epoch),
    FIELD("position", INT, position),
    FIELD("sentences", LONG, sentences),
    FIELD("seconds", DOUBLE, seconds),
    FIELD("best_value", DOUBLE, best[0].value),
    FIELD("best_update", LONG, best[0].update),
    FIELD("stalled", LONG, best[0].stalled),
    BEST(2),
    BEST(3),
    BEST(4),
    BEST(5),
    BEST(6),
    BEST(7),
    BEST(8),
    FIELD("kept_update", LONG, kept_update),
    FIELD("validated_update", LONG, validated_update),
    FIELD("saved_update", LONG, saved_update),
    FIELD("shown_at", DOUBLE, shown_at),
    FIELD("validated_at", DOUBLE, validated_at),
    FIELD("saved_at", DOUBLE, saved_at),
    FIELD("shown_objective", DOUBLE, shown.objective),
    FIELD("shown_nll", DOUBLE, shown.nll),
    FIELD("shown_seconds", DOUBLE, shown.seconds),
    FIELD("shown_count", LONG, shown.count),
    FIELD("gradient_norm", DOUBLE, shown.norm),
    FIELD("schedule_end", LONG, schedule_end),
    FIELD("text", LONG, text),
    LATER("valid_text", LONG, valid_text),
    LATER("links", LONG, links),
    FIELD("journal_bytes", LONG, journal),
    LATER("owes_validation", BOOL, owes_validation),
    FIELD("complete", BOOL, complete),
};

static unsigned long long bits_of(double value)
{
    unsigned long long bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double value_of(unsigned long long bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static char *write_state(const RunState *state)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "dragoman", "training");
    for (size_t i = 0; i < DM_COUNT(fields); i++) {
        const char *at = (const char *)state + fields[i].offset;
        char text[64] = "";
        switch (fields[i].type) {
        case INT: snprintf(text, sizeof text, "%d", *(const int *)at); break;
        case LONG: snprintf(text, sizeof text, "%ld", *(const long *)at); break;
        case DOUBLE: snprintf(text, sizeof text, "%016llx", bits_of(*(const double *)at)); break;
        case BOOL: snprintf(text, sizeof text, "%d", *(const bool *)at); break;
        }
        cJSON_AddStringToObject(json, fields[i].name, text);
    }
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

static Status read_state(RunState *state, const char *metadata, const char *path, Error *error)
{
    cJSON *json = cJSON_Parse(metadata ? metadata : "");
    Status status = DM_OK;
    for (size_t i = 0; i < DM_COUNT(fields) && !status; i++) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, fields[i].name));
        char *end = NULL, *at = (char *)state + fields[i].offset;
        if (!text && fields[i].may_lack) continue;
        errno = 0;
        bool real = fields[i].type == DOUBLE;
        unsigned long long bits = text && real ? strtoull(text, &end, 16) : 0;
        long whole = text && !real ? strtol(text, &end, 10) : 0;
        if (!text || !*text || *end || errno) {
            status = dm_fail(error, "%s: its metadata has no valid \"%s\": it is not a checkpoint of this version",
                             path, fields[i].name);
            break;
        }
        switch (fields[i].type) {
        case INT: *(int *)at = (int)whole; break;
        case LONG: *(long *)at = whole; break;
        case DOUBLE: *(double *)at = value_of(bits); break;
        case BOOL: *(bool *)at = whole != 0; break;
        }
    }
    cJSON_Delete(json);
    return status;
}

typedef struct StoredBuffer {
    const char *name;
    float *data;
    size_t size;
} StoredBuffer;

enum { MOST_BUFFERS = 4 };

// The buffers of a checkpoint; returns how many. moments: where they lie, all of them.
static int buffers_of(const Run *run, StoredBuffer list[MOST_BUFFERS], float *const moments[2])
{
    const Optimizer *o = &run->optimizer;
    const Parameters *p = &run->model->parameters;
    int count = 0;
    list[count++] = (StoredBuffer){"weights", p->data, p->size};
    if (o->adam) list[count++] = (StoredBuffer){"adam.first", moments[0], o->size};
    if (o->adam) list[count++] = (StoredBuffer){"adam.second", moments[1], o->size};
    if (o->average) list[count++] = (StoredBuffer){"average", o->average, p->size};
    return count;
}

// Where each rank has its slice, rank 0 gets all for as long as they are written. Before the others have joined the run
// there has been no update, and moments are zero.
static void take_moments(const Run *run, float *moments[2])
{
    const Optimizer *o = &run->optimizer;
    for (int i = 0; i < 2 && o->adam; i++) {
        float *own = i ? o->second : o->first;
        moments[i] = !run->exchange ? own : dm_run_leads(run) ? dm_allocate(o->size, sizeof *own) : NULL;
        if (run->joined) dm_slices_collect(&o->slices, own, moments[i]);
    }
}

Status dm_checkpoint_save(Run *run, Error *error)
{
    RunState *state = &run->state;
    float *moments[2] = {NULL, NULL};
    Status status = dm_run_check_weights(run, error);
    if (!status && dm_run_leads(run)) status = dm_journal_sync(&run->journal, &state->journal, error);
    if (status) return status;
    state->saved_update = state->update;
    state->saved_at = state->seconds;
    if (!state->best[0].update) state->kept_update = state->update;

    StoredBuffer buffers[MOST_BUFFERS];
    TensorToStore tensors[MOST_BUFFERS];
    take_moments(run, moments);
    if (!dm_run_leads(run)) return DM_OK;
    int count = buffers_of(run, buffers, moments);
    for (int i = 0; i < count; i++)
        tensors[i] = (TensorToStore){buffers[i].name, DM_DTYPE_F32, 1, {(int64_t)buffers[i].size}, buffers[i].data};
    char *metadata = write_state(state), *path = dm_folder_path(run->settings.folder, DM_TRAINING_FILE);
    status = dm_safetensors_write(path, tensors, count, metadata, error);
    if (!status && !state->complete) status = dm_checkpoint_keep(run, error);
    if (!status) dm_epochs_prune(run);
    for (int i = 0; i < 2 && run->exchange; i++) dm_free(moments[i]);
    dm_free(path);
    cJSON_free(metadata);
    return status;
}

static Status wrong_size(const char *path, const StoredTensor *tensor, size_t needed, Error *error)
{
    return dm_fail(error, "%s: %s has %zu numbers, but the model of config.json needs %zu of float32", path,
                   tensor->name, tensor->elements, needed);
}

Status dm_checkpoint_check(const char *folder, const ModelConfig *config, Error *error)
{
    Model declared = {.config = *config, .architecture = config->architecture};
    dm_model_declare(&declared);
    char *path = dm_folder_path(folder, DM_TRAINING_FILE);
    SafeTensors file;
    Status status = dm_safetensors_open_header(&file, path, error);
    const StoredTensor *weights = status ? NULL : dm_safetensors_find(&file, "weights");
    if (weights && weights->elements != declared.parameters.size)
        status = wrong_size(path, weights, declared.parameters.size, error);
    dm_safetensors_close(&file);
    dm_free(path);
    dm_parameters_free(&declared.parameters);
    return status;
}

Status dm_checkpoint_load(Run *run, Error *error)
{
    char *path = dm_folder_path(run->settings.folder, DM_TRAINING_FILE);
    SafeTensors file;
    Status status = dm_safetensors_open(&file, path, error);
    if (status) goto done;
    StoredBuffer buffers[MOST_BUFFERS];
    const Optimizer *o = &run->optimizer;
    for (int i = 0; i < 2 && run->exchange && o->adam; i++)
        run->moments[i] = dm_allocate(o->size, sizeof *run->moments[i]);
    int count = buffers_of(run, buffers, run->exchange ? run->moments : (float *const[]){o->first, o->second});
    status = read_state(&run->state, file.metadata, path, error);
    for (int i = 0; i < count && !status; i++) {
        const StoredTensor *tensor = dm_safetensors_find(&file, buffers[i].name);
        if (!tensor)
            status = dm_fail(error, "%s has no tensor %s: it is not a checkpoint of this run", path, buffers[i].name);
        else if (tensor->elements != buffers[i].size || tensor->dtype != DM_DTYPE_F32)
            status = wrong_size(path, tensor, buffers[i].size, error);
        else
            dm_stored_to_float(tensor, buffers[i].data);
    }
    dm_safetensors_close(&file);
done:
    dm_free(path);
    return status;
}

// Takes the path over.
static Status write_weights(const Run *run, const float *weights, char *path, Error *error)
{
    Status status = dm_weights_write(run->model, weights, path, error);
    dm_free(path);
    return status;
}

Status dm_checkpoint_model(const Run *run, const float *weights, Error *error)
{
    if (!dm_run_leads(run)) return DM_OK;
    return write_weights(run, weights, dm_folder_path(run->settings.folder, DM_WEIGHTS_FILE), error);
}

Status dm_checkpoint_keep(const Run *run, Error *error)
{
    const RunState *state = &run->state;
    const float *weights = dm_run_weights(run);
    Status status = DM_OK;
    if (!dm_run_leads(run)) return DM_OK;
    if (state->kept_update == state->update) status = dm_checkpoint_model(run, weights, error);
    for (int i = 0; i < DM_MOST_METRICS && !status; i++) {
        const char *metric = dm_options_text(run->options, "valid-metrics", i);
        if (run->settings.keep[i] && state->best[i].update && state->best[i].update == state->update)
            status = write_weights(run, weights, dm_best_path(run->settings.folder, metric), error);
    }
    return status;
}
