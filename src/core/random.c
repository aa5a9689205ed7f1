// Philox4x32-10 and the few distributions that set-up needs. The vector form for dropout is in tensor/kernels.h.
#include "core/random.h"

#include <math.h>

Random dm_random(uint64_t seed, uint32_t a, uint32_t b, uint32_t c)
{
    return (Random){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)}, .counter = {0, a, b, c}};
}

void dm_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4])
{
    uint32_t k0 = key[0], k1 = key[1], c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint32_t dm_random_next(Random *random)
{
    uint32_t words[4];
    dm_philox(random->key, random->counter, words);
    random->counter[0]++;
    return words[0];
}

uint64_t dm_random_below(Random *random, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, value;
    do value = (uint64_t)dm_random_next(random) << 32 | dm_random_next(random);
    while (value >= limit);
    return value % n;
}

double dm_random_uniform(Random *random)
{
    return dm_random_next(random) * 0x1p-32;
}

double dm_random_normal(Random *random)
{
    double radius = sqrt(-2 * log((dm_random_next(random) + 1.0) * 0x1p-32));
    return radius * cos(6.283185307179586 * dm_random_uniform(random));
}
