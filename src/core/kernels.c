// The dropout mask: 16 Philox blocks side by side, 16 bits an element. Seven rounds are the fewest that pass all the
// tests of Salmon et al. 2011; the ten of core/random.h are for safety, which a mask does not need.
#include "core/kernels.h"

enum { LANES = 16, ROUNDS = 7 };

DM_CLONES
void dm_dropout_row(const Random *stream, int row, int cols, float p, float *mask)
{
    const uint32_t threshold = (uint32_t)(p * 65536.0f + 0.5f);
    const float kept = 1.0f / (1.0f - p);
    const int steps = dm_mask_size(cols) / DM_MASK_STEP;
    for (int step = 0; step < steps; step++) {
        const uint32_t first = ((uint32_t)row * (uint32_t)steps + (uint32_t)step) * LANES;
        float *out = mask + step * DM_MASK_STEP;
#pragma omp simd
        for (int j = 0; j < LANES; j++) {
            uint32_t k0 = stream->key[0], k1 = stream->key[1];
            uint32_t c0 = first + (uint32_t)j, c1 = stream->counter[1], c2 = stream->counter[2],
                     c3 = stream->counter[3];
#pragma GCC unroll 7
            for (int round = 0; round < ROUNDS; round++) {
                uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
                c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
                c1 = (uint32_t)p1;
                c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
                c3 = (uint32_t)p0;
                k0 += 0x9E3779B9u;
                k1 += 0xBB67AE85u;
            }
            out[0 * LANES + j] = (c0 & 0xFFFF) < threshold ? 0.0f : kept;
            out[1 * LANES + j] = (c0 >> 16) < threshold ? 0.0f : kept;
            out[2 * LANES + j] = (c1 & 0xFFFF) < threshold ? 0.0f : kept;
            out[3 * LANES + j] = (c1 >> 16) < threshold ? 0.0f : kept;
            out[4 * LANES + j] = (c2 & 0xFFFF) < threshold ? 0.0f : kept;
            out[5 * LANES + j] = (c2 >> 16) < threshold ? 0.0f : kept;
            out[6 * LANES + j] = (c3 & 0xFFFF) < threshold ? 0.0f : kept;
            out[7 * LANES + j] = (c3 >> 16) < threshold ? 0.0f : kept;
        }
    }
}
