// Lanes: buffers of gradients, and of what statistics have seen, that the shards of an update add to in turn, and their
// sum. Lanes are added as a balanced tree over their numbers, so that the bytes depend on neither the threads nor, where
// lanes lie in several processes, on those: whoever has neighbours can add the subtrees among them.
#pragma once
#include <stddef.h>

typedef struct Lanes {
    int count;
    size_t size;   // floats of a lane
    float **lane;  // [count][size], zero between updates
} Lanes;

void dm_lanes_create(Lanes *lanes, int count, size_t size);
void dm_lanes_free(Lanes *lanes);
// Adds the gradients from ... from+n-1 of all lanes into those of the first, and clears the others. The sum of a row of
// lanes is that of the first 2^k, the largest power of two below their number, plus that of the rest:
// ((0 + 1) + (2 + 3)) + (4 + 5), which for up to three is from left to right.
void dm_lanes_sum(const Lanes *lanes, size_t from, size_t n);
