// Random numbers by counter: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
// A number is a function of (key, counter) alone, so nothing is stored, masks are made again on the way back,
// and a resumed run draws what the uninterrupted one would have drawn.
#pragma once
#include <stdint.h>

typedef struct Random {
    uint32_t key[2];      // the seed
    uint32_t counter[4];  // counter[0] is the element; the others name the stream (update, shard, op ...)
} Random;

// A stream of its own for every (seed, a, b, c).
Random dm_random(uint64_t seed, uint32_t a, uint32_t b, uint32_t c);

// The four 32-bit words of Philox at this counter.
void dm_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

uint32_t dm_random_next(Random *random);  // the next 32 bits (one block a call: for set-up, not for kernels)
uint64_t dm_random_below(Random *random, uint64_t n);  // 0 ... n-1, without bias
double dm_random_uniform(Random *random);              // [0, 1)
double dm_random_normal(Random *random);               // mean 0, deviation 1 (Box and Muller 1958)
