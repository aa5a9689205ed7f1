// Softmax over the keys of attention, forward and back, in vectors of DM_LANES.
#include "tensor/ops/softmax.h"

#include "core/kernels.h"
#include "tensor/products/small_product.h"

DM_CLONES
void dm_softmax_rows(float *scores, int t, int wide, int first, int more, float scale)
{
    for (int i = 0, seen = first; i < t; i++, seen += more) {
        float *row = scores + (size_t)i * (size_t)wide, most[DM_LANES], sums[DM_LANES] = {0};
        const int n = dm_padded(seen);
        for (int j = seen; j < n; j++) row[j] = -INFINITY;
        for (int l = 0; l < DM_LANES; l++) most[l] = row[l];
        for (int j = DM_LANES; j < n; j += DM_LANES)
            for (int l = 0; l < DM_LANES; l++) most[l] = row[j + l] > most[l] ? row[j + l] : most[l];
        float max = most[0], sum = 0;
        for (int l = 1; l < DM_LANES; l++) max = most[l] > max ? most[l] : max;
        for (int j = 0; j < n; j += DM_LANES)
#pragma omp simd
            for (int l = 0; l < DM_LANES; l++) {
                row[j + l] = dm_exp_negative(scale * (row[j + l] - max));
                sums[l] += row[j + l];
            }
#pragma omp simd reduction(+ : sum)
        for (int l = 0; l < DM_LANES; l++) sum += sums[l];
        const float inverse = 1.0f / sum;
        for (int j = 0; j < n; j += DM_LANES)
            for (int l = 0; l < DM_LANES; l++) row[j + l] *= inverse;
        for (int j = n; j < wide; j++) row[j] = 0;
    }
}

DM_CLONES
void dm_softmax_back(const float *restrict p, float *restrict dp, int t, int wide, int first, int more, float scale)
{
    for (int i = 0, seen = first; i < t; i++, seen += more, p += wide, dp += wide) {
        float sums[DM_LANES] = {0}, sum = 0;
        const int n = dm_padded(seen);
        for (int j = 0; j < n; j += DM_LANES)
            for (int l = 0; l < DM_LANES; l++) sums[l] += p[j + l] * dp[j + l];
#pragma omp simd reduction(+ : sum)
        for (int l = 0; l < DM_LANES; l++) sum += sums[l];
        for (int j = 0; j < n; j += DM_LANES)
            for (int l = 0; l < DM_LANES; l++) dp[j + l] = scale * p[j + l] * (dp[j + l] - sum);
        for (int j = n; j < wide; j++) dp[j] = 0;
    }
}
