// Lanes: buffers of gradients, and of what statistics have seen, that the shards of an update add to in turn, and their
// sum. Lanes are added as a balanced tree over their numbers: the sum of a row of lanes is that of the first 2^k, the
// largest power of two below their number, plus that of the rest, ((0 + 1) + (2 + 3)) + (4 + 5), which for up to three
// is from left to right. So the bytes depend on neither the threads nor the ranks, processes that have neighbouring
// lanes each: they add the subtrees that lie among theirs, and the nodes above are added to these sums.
#pragma once
#include <stddef.h>

#include "core/error.h"

typedef struct Lanes {
    int count;        // of the run
    int first, last;  // first ... last-1 are here
    size_t size;      // floats of a lane
    float **lane;     // [count][size], zero between updates; NULL: not here
} Lanes;

// The lanes of rank r of so many are dm_lanes_start(count, r, ranks) ... dm_lanes_start(count, r + 1, ranks) - 1.
int dm_lanes_start(int count, int rank, int ranks);
// Where the subtrees begin that rank r adds by itself, ascending: roots [DM_MOST_SUBTREES]; returns how many.
enum { DM_MOST_LANES = 64, DM_MOST_SUBTREES = 12 };
int dm_lanes_subtrees(int count, int rank, int ranks, int *roots);

// Each of the ranks has one at least, or what to do (remedy) is said: DM_USAGE.
Status dm_lanes_check(int count, int ranks, const char *remedy, Error *error);

void dm_lanes_create(Lanes *lanes, int count, int rank, int ranks, size_t size);
void dm_lanes_free(Lanes *lanes);
// Adds the gradients from ... from+n-1 of each subtree of lanes that are here into its first lane, and clears the
// others. Where all lanes are here there is one subtree.
void dm_lanes_sum(const Lanes *lanes, size_t from, size_t n);
// The nodes above those, over `ranks` ranks, into sum[0]. sum: of each lane that a subtree begins with, n numbers; all
// others but sum[0] are cleared.
void dm_lanes_join(float *const *sum, int count, int ranks, size_t n);
