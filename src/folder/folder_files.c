// The files of a model folder.
#include "folder/folder_files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/scope.h"
#include "score/metrics.h"
#include "text/segmenter_files.h"

// clang-format off
const FolderRow dm_folder_rows[DM_FOLDER_FILES] = {
    [DM_CONFIG_FILE] = {"config.json", "shape and ids of the model; with all settings of the run, under \"dragoman\"",
                        .of_run = true},
    [DM_GENERATION_FILE] = {"generation_config.json", "what search takes as its defaults", .of_run = true,
                            .of_model = true},
    [DM_WEIGHTS_FILE] = {"model.safetensors", "the weights: the best checkpoint, or the average", .of_run = true,
                         .needed = true},
    [DM_VOCABULARY_FILE] = {DM_VOCABULARY, "the ids of the pieces", .of_run = true, .needed = true},
    [DM_TARGET_VOCABULARY_FILE] = {DM_TARGET_VOCABULARY, "those of the target, where it has a vocabulary of its own",
                                   .of_run = true},
    [DM_SOURCE_SEGMENTER_FILE] = {DM_SOURCE_SEGMENTER, "the SentencePiece model that cuts the source into pieces",
                                  .of_run = true, .needed = true, .segmenter = true},
    [DM_TARGET_SEGMENTER_FILE] = {DM_TARGET_SEGMENTER, "the same of the target", .of_run = true, .needed = true,
                                  .segmenter = true},
    [DM_TOKENIZER_FILE] = {DM_TOKENIZER, "how transformers opens segmenter and vocabulary; the languages",
                           .of_run = true},
    [DM_TOKENIZER_JSON_FILE] = {DM_TOKENIZER_JSON, "the same in one file, where AutoTokenizer is to open it: of a decoder alone, of words",
                                .of_run = true},
    [DM_ADDED_TOKENS_FILE] = {DM_ADDED_TOKENS, "tokens behind the vocabulary, where somebody has added some in "
                              "transformers", .of_run = true},
    [DM_SPECIAL_TOKENS_FILE] = {DM_SPECIAL_TOKENS, "which of them are no text", .of_run = true},
    [DM_SHORTLIST_FILE] = {"vmap.txt", "which pieces may translate a piece, where dragoman shortlist has listed them",
                           .of_run = true, .of_model = true},
    [DM_LOG_FILE] = {"train.jsonl", "the log: a JSON object for every displayed update, every validation, and the end",
                     .of_run = true, .of_model = true},
    [DM_TRAINING_FILE] = {"training.safetensors", "the last checkpoint of a run: weights, moments, place in the data",
                          .of_run = true},
    [DM_LOCK_FILE] = {"train.lock", "the process that writes in the folder, while it does, and its command"},
    [DM_DRAFT_FOLDER] = {"train.new", "a run that begins, until its first checkpoint is whole and takes its place"},
    [DM_REPORT_FILE] = {"report.html", "the page that dragoman report writes", .of_run = true},
    [DM_EPOCH_FILES] = {"epoch-NNNN.safetensors", "weights of the last epochs, where train --average needs them"},
    [DM_BEST_FILES] = {"best-NAME.safetensors", "the best weights by a metric, where train --keep-best asks for them"},
};
// clang-format on

char *dm_folder_path(const char *folder, FolderFile file)
{
    return dm_join_path(folder, dm_folder_rows[file].name);
}

bool dm_folder_has(const char *folder, FolderFile file)
{
    char *path = dm_folder_path(folder, file);
    const bool there = dm_exists(path);
    dm_free(path);
    return there;
}

// ---- Epochs ---------------------------------------------------------------------------------------------------------

char *dm_epoch_path(const char *folder, int epoch)
{
    char *name = dm_format("epoch-%04d.safetensors", epoch), *path = dm_join_path(folder, name);
    dm_free(name);
    return path;
}

// The number in the name of an epoch checkpoint, or 0.
static int epoch_of(const char *name)
{
    int epoch = 0, length = 0;
    if (sscanf(name, "epoch-%d.safetensors%n", &epoch, &length) != 1 || !length || epoch < 1) return 0;
    return name[length] == '\0' ? epoch : 0;
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

// A listing is closed by done_with, or with the scope that is left.
static void close_listing(void *listing)
{
    closedir(listing);
}

static DIR *list(const char *folder)
{
    DIR *listing = opendir(folder);
    if (listing) dm_guard(close_listing, listing);
    return listing;
}

static void done_with(DIR *listing)
{
    dm_unguard(listing);
    closedir(listing);
}

int dm_epochs_list(const char *folder, int **epochs)
{
    int count = 0;
    *epochs = NULL;
    DIR *listing = list(folder);
    if (!listing) return 0;
    for (struct dirent *entry; (entry = readdir(listing));) {
        int epoch = epoch_of(entry->d_name);
        if (!epoch) continue;
        *epochs = dm_reallocate(*epochs, (size_t)count + 1, sizeof **epochs);
        (*epochs)[count++] = epoch;
    }
    done_with(listing);
    if (count) qsort(*epochs, (size_t)count, sizeof **epochs, compare);
    return count;
}

void dm_epochs_remove(const char *folder, int last)
{
    DIR *listing = list(folder);
    if (!listing) return;
    for (struct dirent *entry; (entry = readdir(listing));) {
        int epoch = epoch_of(entry->d_name);
        if (epoch && epoch <= last) unlinkat(dirfd(listing), entry->d_name, 0);
    }
    done_with(listing);
}

// ---- Best by a metric -----------------------------------------------------------------------------------------------

char *dm_best_path(const char *folder, const char *metric)
{
    char *name = dm_format("best-%s.safetensors", metric), *path = dm_join_path(folder, name);
    dm_free(name);
    return path;
}

bool dm_folder_has_weights(const char *folder)
{
    int *epochs, count = dm_epochs_list(folder, &epochs);
    bool has = count > 0 || dm_folder_has(folder, DM_WEIGHTS_FILE);
    dm_free(epochs);
    for (const Metric *metric = dm_metrics; metric->name && !has; metric++) {
        char *path = dm_best_path(folder, metric->name);
        has = dm_exists(path);
        dm_free(path);
    }
    return has;
}

// ---- Whose a file is ------------------------------------------------------------------------------------------------

// What only whoever holds the lock writes. A report goes with its run, but can be written at any time, and again.
static bool is_of_run(const char *name)
{
    if (!strcmp(name, dm_folder_rows[DM_REPORT_FILE].name)) return false;
    for (int file = 0; file < DM_FOLDER_FILES; file++)
        if (dm_folder_rows[file].of_run && !strcmp(name, dm_folder_rows[file].name)) return true;
    for (const Metric *metric = dm_metrics; metric->name; metric++) {
        char *best = dm_best_path("", metric->name);
        const bool same = !strcmp(name, best + 1);
        dm_free(best);
        if (same) return true;
    }
    return epoch_of(name) > 0;
}

bool dm_folder_has_file(const char *folder, const char *path)
{
    bool found = false;
    DIR *listing = list(folder);
    if (!listing) return false;
    for (struct dirent *entry; !found && (entry = readdir(listing));) {
        const char *name = entry->d_name;
        if (!is_of_run(name) && strcmp(name, dm_folder_rows[DM_LOCK_FILE].name) != 0) continue;
        char *file = dm_join_path(folder, name);
        found = dm_is_same_file(file, path);
        dm_free(file);
    }
    done_with(listing);
    return found;
}

static Status look_for(bool *found, const char *folder, const char *path)
{
    *found = dm_folder_has_file(folder, path);
    return DM_OK;
}

bool dm_model_has_file(const char *folder, const char *path)
{
    Status status;
    Error error;
    bool found = true;
    DM_SCOPE(status, &error, look_for(&found, folder, path));
    return status || found;
}

// ---- Clearing -------------------------------------------------------------------------------------------------------

void dm_folder_sweep(const char *folder)
{
    DIR *listing = list(folder);
    if (!listing) return;
    for (struct dirent *entry; (entry = readdir(listing));) {
        char *stem = dm_format("%.*s", (int)dm_temporary_stem(entry->d_name), entry->d_name);
        if (is_of_run(stem)) unlinkat(dirfd(listing), entry->d_name, 0);
        dm_free(stem);
    }
    done_with(listing);
}

static void remove_file(char *path)  // takes it over
{
    unlink(path);
    dm_free(path);
}

void dm_folder_clear(const char *folder)
{
    dm_folder_sweep(folder);
    for (int file = 0; file < DM_FOLDER_FILES; file++)
        if (dm_folder_rows[file].of_run) remove_file(dm_folder_path(folder, (FolderFile)file));
    for (const Metric *metric = dm_metrics; metric->name; metric++) remove_file(dm_best_path(folder, metric->name));
    dm_epochs_remove(folder, INT_MAX);
}
