// A run on several ranks. Rank 0 opens it as a process alone would; the others join it: they get its options, and the
// files of the model folder that are not weights, in a folder of their own for as long as they read them; they read the
// text themselves, and get state, weights and their part of the moments. From then on all do the same, each for its lanes
// and its slice, but that rank 0 alone says and writes.
#pragma once
#include "train/run.h"

bool dm_run_leads(const Run *run);  // rank 0, or alone

// Rank 0, once it has opened the run: tells the others whether there is anything to be done, and all that they need.
Status dm_ranks_share(Run *run, bool anything, Error *error);
// The others: options and files. What they open then goes on, as far as they know.
Status dm_ranks_join(Run *run, bool *anything, Error *error);
// In the place of reading a checkpoint, when the text is read: state, weights, moments.
void dm_ranks_receive(Run *run);
// When all is made: that all ranks compute the same.
void dm_ranks_begin(Run *run);
// Into config.json, for info and report: how many ranks and threads work on the run now. Of one that never had several
// ranks nothing is said.
Status dm_ranks_record(const Run *run, Error *error);
void dm_ranks_leave(Run *run);  // nothing stays behind of a rank that has joined, or has tried to
