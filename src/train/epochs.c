// Epoch checkpoints, epoch-0001.safetensors and so on: the weights alone, for the average at the end of a run.
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "folder/folder.h"
#include "train/checkpoint.h"

char *dm_epoch_path(const char *folder, int epoch)
{
    char *name = dm_format("epoch-%04d.safetensors", epoch), *path = dm_join_path(folder, name);
    free(name);
    return path;
}

// The number in the name of an epoch checkpoint, or of what a kill left of one (*half), or 0.
static int epoch_of(const char *name, bool *half)
{
    int epoch = 0, length = 0;
    if (sscanf(name, "epoch-%d.safetensors%n", &epoch, &length) != 1 || !length || epoch < 1) return 0;
    *half = !strcmp(name + length, ".tmp");
    return name[length] == '\0' || *half ? epoch : 0;
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int dm_epochs_list(const char *folder, int **epochs)
{
    int count = 0;
    *epochs = NULL;
    DIR *listing = opendir(folder);
    if (!listing) return 0;
    for (struct dirent *entry; (entry = readdir(listing));) {
        bool half;
        int epoch = epoch_of(entry->d_name, &half);
        if (!epoch || half) continue;
        *epochs = dm_reallocate(*epochs, (size_t)count + 1, sizeof **epochs);
        (*epochs)[count++] = epoch;
    }
    closedir(listing);
    if (count) qsort(*epochs, (size_t)count, sizeof **epochs, compare);
    return count;
}

static int epochs_done(const Run *run)
{
    const RunState *state = &run->state;
    bool done = run->plan_epoch == state->epoch && state->position >= run->plan.updates;
    return done ? state->epoch : state->epoch - 1;
}

Status dm_epoch_save(const Run *run, Error *error)
{
    char *path = dm_epoch_path(run->settings.folder, run->state.epoch);
    Status status = dm_weights_write(run->model, dm_run_weights(run), path, error);
    free(path);
    return status;
}

// Removes the files of the epochs up to `last`.
static void remove_epochs(const char *folder, int last)
{
    DIR *listing = opendir(folder);
    if (!listing) return;
    for (struct dirent *entry; (entry = readdir(listing));) {
        bool half;
        int epoch = epoch_of(entry->d_name, &half);
        if (epoch && epoch <= last) unlinkat(dirfd(listing), entry->d_name, 0);
    }
    closedir(listing);
}

void dm_epochs_prune(const Run *run)
{
    if (run->settings.average) remove_epochs(run->settings.folder, epochs_done(run) - run->settings.average);
}

Status dm_epochs_average(const Run *run, float *weights, int *count, Error *error)
{
    int last = epochs_done(run), first = last - run->settings.average + 1;
    char **paths = dm_allocate((size_t)run->settings.average, sizeof *paths);
    *count = 0;
    for (int epoch = first < 1 ? 1 : first; epoch <= last; epoch++) {
        char *path = paths[*count] = dm_epoch_path(run->settings.folder, epoch);
        if (dm_exists(path))
            ++*count;
        else
            free(path);
    }
    Status status = *count ? dm_weights_average(run->model, paths, *count, weights, error) : DM_OK;
    for (int i = 0; i < *count; i++) free(paths[i]);
    free(paths);
    return status;
}

void dm_folder_clear(const char *folder)
{
    static const char *const names[] = {"training.safetensors",
                                        "config.json",
                                        "generation_config.json",
                                        "model.safetensors",
                                        "vocab.json",
                                        "target_vocab.json",
                                        "source.spm",
                                        "target.spm",
                                        "tokenizer_config.json",
                                        "train.jsonl",
                                        "best-ce-mean-words.safetensors",
                                        "best-perplexity.safetensors",
                                        "best-bleu.safetensors",
                                        "best-chrf.safetensors"};
    for (size_t i = 0; i < DM_COUNT(names); i++) {
        char *path = dm_join_path(folder, names[i]), *half = dm_format("%s.tmp", path);
        unlink(path);
        unlink(half);
        free(half);
        free(path);
    }
    remove_epochs(folder, INT_MAX);
}
