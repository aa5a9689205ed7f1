// Epoch checkpoints, epoch-0001.safetensors and so on: the weights alone, for the average at the end of a run.

#include "core/files.h"
#include "core/memory.h"
#include "folder/averaging.h"
#include "folder/folder_files.h"
#include "folder/folder.h"
#include "train/checkpoint.h"
#include "train/ranks.h"

static int epochs_done(const Run *run)
{
    const RunState *state = &run->state;
    bool done = run->plan_epoch == state->epoch && state->position >= run->plan.updates;
    return done ? state->epoch : state->epoch - 1;
}

Status dm_epoch_save(const Run *run, Error *error)
{
    if (!dm_run_leads(run)) return DM_OK;
    char *path = dm_epoch_path(run->settings.folder, run->state.epoch);
    Status status = dm_weights_write(run->model, dm_run_weights(run), path, error);
    dm_free(path);
    return status;
}

void dm_epochs_prune(const Run *run)
{
    if (run->settings.average) dm_epochs_remove(run->settings.folder, epochs_done(run) - run->settings.average);
}

static Status average(const Run *run, float *weights, int *count, Error *error)
{
    int last = epochs_done(run), first = last - run->settings.average + 1;
    char **paths = dm_allocate((size_t)run->settings.average, sizeof *paths);
    for (int epoch = first < 1 ? 1 : first; epoch <= last; epoch++) {
        char *path = paths[*count] = dm_epoch_path(run->settings.folder, epoch);
        if (dm_exists(path))
            ++*count;
        else
            dm_free(path);
    }
    Status status = *count ? dm_weights_average(run->model, paths, *count, weights, error) : DM_OK;
    for (int i = 0; i < *count; i++) dm_free(paths[i]);
    dm_free(paths);
    return status;
}

Status dm_epochs_average(const Run *run, float *weights, int *count, Error *error)
{
    *count = 0;
    const Status status = dm_run_leads(run) ? average(run, weights, count, error) : DM_OK;
    if (status) return status;
    dm_exchange_broadcast(run->exchange, count, sizeof *count);
    if (*count) dm_exchange_broadcast(run->exchange, weights, run->model->parameters.size * sizeof *weights);
    return DM_OK;
}
