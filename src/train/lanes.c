// The sum of the lanes.
#include "train/lanes.h"

#include "core/kernels.h"
#include "core/memory.h"

int dm_lanes_start(int count, int rank, int ranks)
{
    return count * rank / ranks;
}

Status dm_lanes_check(int count, int ranks, const char *remedy, Error *error)
{
    if (ranks <= count) return DM_OK;
    return dm_misuse(error, "%d ranks have %d lane%s among them, and each needs at least one: %s", ranks, count,
                     dm_plural((size_t)count), remedy);
}

void dm_lanes_create(Lanes *lanes, int count, int rank, int ranks, size_t size)
{
    *lanes = (Lanes){count, dm_lanes_start(count, rank, ranks), dm_lanes_start(count, rank + 1, ranks), size,
                     dm_allocate((size_t)count, sizeof *lanes->lane)};
    for (int i = lanes->first; i < lanes->last; i++) lanes->lane[i] = dm_allocate(size, sizeof(float));
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

// The lanes of a node, first ... last-1, are halved at this one.
static int middle(int first, int last)
{
    int half = 1;
    while (2 * half < last - first) half *= 2;
    return first + half;
}

static void sum_subtree(float *const *lane, int first, int last, size_t from, size_t n)
{
    float *const *l = lane + first;
    if (last - first == 4) {
        add_four(l[0] + from, l[1] + from, l[2] + from, l[3] + from, n);
    } else if (last - first > 1) {
        const int half = middle(first, last);
        sum_subtree(lane, first, half, from, n);
        sum_subtree(lane, half, last, from, n);
        add_two(lane[first] + from, lane[half] + from, n);
    }
}

typedef struct Node {
    int first, last;
} Node;

// The largest nodes below this one that lie among lanes first ... last-1.
static int find_subtrees(Node node, int first, int last, Node *found)
{
    if (node.last <= first || node.first >= last) return 0;
    if (node.first >= first && node.last <= last) {
        *found = node;
        return 1;
    }
    const int half = middle(node.first, node.last);
    const int count = find_subtrees((Node){node.first, half}, first, last, found);
    return count + find_subtrees((Node){half, node.last}, first, last, found + count);
}

int dm_lanes_subtrees(int count, int rank, int ranks, int *roots)
{
    Node found[DM_MOST_SUBTREES];
    const int subtrees = find_subtrees((Node){0, count}, dm_lanes_start(count, rank, ranks),
                                       dm_lanes_start(count, rank + 1, ranks), found);
    for (int i = 0; i < subtrees; i++) roots[i] = found[i].first;
    return subtrees;
}

void dm_lanes_sum(const Lanes *lanes, size_t from, size_t n)
{
    enum { STRETCH = 1024 };  // floats: of 64 lanes they stay in the cache of a core until their sums are added
    Node found[DM_MOST_SUBTREES];
    const int subtrees = find_subtrees((Node){0, lanes->count}, lanes->first, lanes->last, found);
    for (size_t done = 0; done < n; done += STRETCH)
        for (int i = 0; i < subtrees; i++)
            sum_subtree(lanes->lane, found[i].first, found[i].last, from + done,
                        n - done < STRETCH ? n - done : STRETCH);
}

static int rank_of(int lane, int count, int ranks)
{
    int rank = 0;
    while (dm_lanes_start(count, rank + 1, ranks) <= lane) rank++;
    return rank;
}

static void join(float *const *sum, Node node, int count, int ranks, size_t n)
{
    if (rank_of(node.first, count, ranks) == rank_of(node.last - 1, count, ranks)) return;
    const int half = middle(node.first, node.last);
    join(sum, (Node){node.first, half}, count, ranks, n);
    join(sum, (Node){half, node.last}, count, ranks, n);
    add_two(sum[node.first], sum[half], n);
}

void dm_lanes_join(float *const *sum, int count, int ranks, size_t n)
{
    join(sum, (Node){0, count}, count, ranks, n);
}
