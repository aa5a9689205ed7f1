// Checkpoints: training.safetensors holds all that a run needs to go on, model.safetensors what the model folder is
// for, best-bleu.safetensors and the like the best weights by --keep-best's metrics, epoch-0001.safetensors ... the
// weights for the average at the end. Where there are several ranks, all call these and rank 0 writes.
#pragma once
#include "train/run.h"

// Writes training.safetensors, then what dm_checkpoint_keep says. In this order: a run killed between two of the files
// finds in the first what the others have to hold.
Status dm_checkpoint_save(Run *run, Error *error);
// Writes those of model.safetensors and best-METRIC.safetensors that are to hold the present weights: where
// state.kept_update, or the update of the metric's best, is state.update.
Status dm_checkpoint_keep(const Run *run, Error *error);
// Before anything of the size that config.json claims is allocated: whether its model is the checkpoint's.
Status dm_checkpoint_check(const char *folder, const ModelConfig *config, Error *error);
// Reads training.safetensors into run->state, the weights and the moments.
Status dm_checkpoint_load(Run *run, Error *error);
Status dm_checkpoint_model(const Run *run, const float *weights, Error *error);  // model.safetensors alone

Status dm_epoch_save(const Run *run, Error *error);  // the epoch just done
void dm_epochs_prune(const Run *run);                // removes those that are no longer among the last --average ones
// The mean of those of the last --average epochs, as many as there are: *count, may be 0. weights: [parameters.size]
Status dm_epochs_average(const Run *run, float *weights, int *count, Error *error);
