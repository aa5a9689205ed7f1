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
static void add_two(float *restrict a, float *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        a[i] += b[i];
        b[i] = 0;
    }
}

// The same as three times two, and less to read and write.
DM_CLONES
static void add_four(float *restrict a, float *restrict b, float *restrict c, float *restrict d, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        a[i] = (a[i] + b[i]) + (c[i] + d[i]);
        b[i] = c[i] = d[i] = 0;
    }
}

// The subtree of `count` lanes, into the first of them.
static void sum_subtree(float *const *lane, int count, size_t from, size_t n)
{
    if (count == 4) {
        add_four(lane[0] + from, lane[1] + from, lane[2] + from, lane[3] + from, n);
    } else if (count > 1) {
        int half = 1;
        while (2 * half < count) half *= 2;
        sum_subtree(lane, half, from, n);
        sum_subtree(lane + half, count - half, from, n);
        add_two(lane[0] + from, lane[half] + from, n);
    }
}

void dm_lanes_sum(const Lanes *lanes, size_t from, size_t n)
{
    enum { STRETCH = 1024 };  // floats: of 64 lanes they stay in the cache of a core until their sums are added
    for (size_t done = 0; done < n; done += STRETCH)
        sum_subtree(lanes->lane, lanes->count, from + done, n - done < STRETCH ? n - done : STRETCH);
}
