// Lanes: buffers of gradients, and of what statistics have seen, that the shards of an update add to in turn, and their
// sum. Lanes are added in their order, so that the bytes depend on neither the threads nor, if lanes lay in several
// processes, on those.
#pragma once
#include <stddef.h>

typedef struct Lanes {
    int count;
    size_t size;   // floats of a lane
    float **lane;  // [count][size], zero between updates
} Lanes;

void dm_lanes_create(Lanes *lanes, int count, size_t size);
void dm_lanes_free(Lanes *lanes);
// Adds the gradients from ... from+n-1 of all lanes into those of the first, in their order, and clears the others.
void dm_lanes_sum(const Lanes *lanes, size_t from, size_t n);
