// The sum of the lanes.
#include "train/lanes.h"

#include "core/error.h"
#include "core/kernels.h"
#include "core/memory.h"

void dm_lanes_create(Lanes *lanes, int count, size_t size)
{
    *lanes = (Lanes){count, size, dm_allocate((size_t)count, sizeof *lanes->lane)};
    for (int i = 0; i < count; i++) lanes->lane[i] = dm_allocate(size, sizeof(float));
}

void dm_lanes_free(Lanes *lanes)
{
    for (int i = 0; lanes->lane && i < lanes->count; i++) dm_free(lanes->lane[i]);
    dm_free(lanes->lane);
    *lanes = (Lanes){0};
}

DM_CLONES
static void add_and_clear(float *restrict sum, float *restrict lane, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sum[i] += lane[i];
        lane[i] = 0;
    }
}

void dm_lanes_sum(const Lanes *lanes, size_t from, size_t n)
{
    for (int i = 1; i < lanes->count; i++) add_and_clear(lanes->lane[0] + from, lanes->lane[i] + from, n);
}
