// What lies in a model folder: a row for each file, and which of them a run makes, a copy takes along, or a translation
// needs.
#pragma once
#include "core/error.h"

typedef enum FolderFile {
    DM_CONFIG_FILE,
    DM_GENERATION_FILE,
    DM_WEIGHTS_FILE,
    DM_VOCABULARY_FILE,
    DM_TARGET_VOCABULARY_FILE,
    DM_SOURCE_SEGMENTER_FILE,
    DM_TARGET_SEGMENTER_FILE,
    DM_TOKENIZER_FILE,
    DM_TOKENIZER_JSON_FILE,
    DM_ADDED_TOKENS_FILE,
    DM_SPECIAL_TOKENS_FILE,
    DM_SHORTLIST_FILE,
    DM_LOG_FILE,
    DM_TRAINING_FILE,
    DM_LOCK_FILE,
    DM_DRAFT_FOLDER,
    DM_REPORT_FILE,
    DM_EPOCH_FILES,  // several: their names are patterns, and paths are made by functions of their own
    DM_BEST_FILES,
    DM_FOLDER_FILES
} FolderFile;

typedef struct FolderRow {
    const char *name, *what;
    bool of_run;     // it goes with a run, and --overwrite removes it (patterns: see dm_folder_clear)
    bool of_model;   // it goes with the model into a folder of its own, as it is
    bool needed;     // without it, no text can be translated
    bool segmenter;  // not where the text is in pieces already
} FolderRow;

extern const FolderRow dm_folder_rows[DM_FOLDER_FILES];

char *dm_folder_path(const char *folder, FolderFile file);  // the caller frees it
bool dm_folder_has(const char *folder, FolderFile file);
bool dm_folder_has_file(const char *folder, const char *path);  // as dm_model_has_file

// Epoch checkpoints: epoch-0001.safetensors and so on.
char *dm_epoch_path(const char *folder, int epoch);    // the caller frees it
int dm_epochs_list(const char *folder, int **epochs);  // those that are there, ascending; the caller frees them
void dm_epochs_remove(const char *folder, int last);   // those up to this one

char *dm_best_path(const char *folder, const char *metric);  // best-bleu.safetensors; the caller frees it

bool dm_folder_has_weights(const char *folder);  // of whatever checkpoint

// Removes what kills left of the files of a run. Only for who holds the lock: nobody else writes those files.
void dm_folder_sweep(const char *folder);
void dm_folder_clear(const char *folder);  // removes what a run leaves in its folder, and nothing else
