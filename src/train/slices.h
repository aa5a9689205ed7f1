// Slices: which rank has which part of the trained parameters, in whole blocks of the optimizer. A rank gets the sums of
// all others' lanes for its slice, takes the optimizer's step for it, and hands out the new parameters: moments are kept
// once over all ranks (Rajbhandari et al. 2020, "ZeRO", the first stage). A process alone has one slice, all of them.
#pragma once
#include "ranks/exchange.h"
#include "train/lanes.h"

enum { DM_BLOCK = 8192 };  // floats: a block of every buffer together stays in the cache of one core

typedef struct Slices {
    Exchange *exchange;
    int rank, ranks;
    size_t *start;     // [ranks + 1] in floats
    size_t from, end;  // the slice of this rank
    float *room;       // [subtrees of other ranks][end - from] what they have sent; NULL: alone
    float **sum;       // [lanes] of each lane that a subtree begins with, its numbers of this slice
} Slices;

// lanes stay where they are.
void dm_slices_create(Slices *slices, Exchange *exchange, const Lanes *lanes, size_t size);
void dm_slices_free(Slices *slices);
int dm_slices_first_block(const Slices *slices, int rank);  // dm_slices_first_block(s, ranks): how many there are

// The sums of the subtrees that are here go to the rank that the slice belongs to: called for every slice but one's own,
// which may be done while the next one is being summed. dm_slices_receive comes before, dm_exchange_wait ends it.
void dm_slices_send(const Slices *slices, const Lanes *lanes, int to);
void dm_slices_receive(const Slices *slices, const Lanes *lanes);

// Of a buffer as large as all slices, of which each rank has its own: then all have all of it.
void dm_slices_gather(const Slices *slices, float *buffer);
// Of doubles, in an order in which those of a slice hang together, rank r has first[r] ... first[r + 1] - 1.
void dm_slices_gather_doubles(const Slices *slices, double *numbers, const int *first);
// Of a buffer as large as all slices, which rank 0 alone has, and of which each has its own slice: from these, or to them.
void dm_slices_collect(const Slices *slices, const float *own, float *all);
void dm_slices_deal(const Slices *slices, const float *all, float *own);
