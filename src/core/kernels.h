// Kernels: what the inner loops of the ops share. Written so that the compiler vectorises them; DM_CLONES compiles a
// function once for every level of processor and the loader picks the best one the machine has.
#pragma once
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/random.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&               \
    !defined(__SANITIZE_THREAD__)
#define DM_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define DM_CLONES
#endif
#define DM_INLINE static inline __attribute__((always_inline))

// How many of `left` rows a block of at most `most` takes next, so that all blocks are about alike: of 13 and 6, 5 and
// then 4 and 4, not 6 + 6 + 1.
DM_INLINE int dm_next_block(int left, int most)
{
    const int blocks = (left + most - 1) / most;
    return (left + blocks - 1) / blocks;
}

// exp(x) for the vector units, relative error below 2e-7 (polynomial after Cephes): x = n log 2 + r, exp(x) = 2^n
// exp(r). Below -87 it gives 0, never a denormal; NaN stays NaN.
DM_INLINE float dm_exp(float x)
{
    const float given = x;
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer that lies in the low bits
    float shifted = x * 1.44269504088896341f + magic;
    float n = shifted - magic;
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int32_t)((uint32_t)bits << 23) + 0x3F800000;  // 2^n, the low bits of `shifted` being n
    float power;
    memcpy(&power, &bits, sizeof power);
    return given < -87.0f ? 0.0f : p * power;
}

// exp(x) of x <= 0, as softmax has it, in half the instructions; absolute error below 2e-7, exp(0) is 1. t = x / log 2
// = n + f: 2^n 2^f, with a polynomial for 2^f (minimax, |f| <= 1/2). Below 2^-127 it gives 0; NaN stays NaN.
DM_INLINE float dm_exp_negative(float x)
{
    float t = x * 1.44269504088896341f;
    t = t < -127.0f ? -127.0f : t;
    const float magic = 12582912.0f + 127.0f;  // adding it rounds; n + 127, the exponent, lies in the low bits
    const float shifted = t + magic;
    const float f = t - (shifted - magic);
    float p = 1.326472731e-3f;
    p = p * f + 9.671512991e-3f;
    p = p * f + 5.550733581e-2f;
    p = p * f + 2.402224243e-1f;
    p = p * f + 6.931470037e-1f;
    p = p * f + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

DM_INLINE float dm_sigmoid(float x)
{
    return 1.0f / (1.0f + dm_exp(-x));
}

// tanh(x) for the vector units, relative error below 3e-7: near zero a polynomial (after Cephes), else by e =
// exp(-2 |x|). NaN stays NaN.
DM_INLINE float dm_tanh(float x)
{
    const float e = dm_exp_negative(-2.0f * fabsf(x)), far = copysignf((1.0f - e) / (1.0f + e), x), z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    return fabsf(x) < 0.625f ? p * z * x + x : far;
}

// A row of a gradient: to (=, or += where add) from, times the mask where there is one.
DM_INLINE void dm_pass_on(float *restrict to, const float *restrict from, const float *restrict mask, bool add, int n)
{
    for (int j = 0; j < n; j++) to[j] = (add ? to[j] : 0) + (mask ? mask[j] : 1) * from[j];
}

// Dropout (Srivastava et al. 2014): row `row` of the mask of one op, 0 with probability p and 1 / (1 - p) otherwise.
// A function of (stream, row, cols) alone, so the way back makes it again instead of keeping it. cols is rounded up to
// a multiple of DM_MASK_STEP in `mask`.
enum { DM_MASK_STEP = 128 };
static inline int dm_mask_size(int cols)
{
    return (cols + DM_MASK_STEP - 1) / DM_MASK_STEP * DM_MASK_STEP;
}
void dm_dropout_row(const Random *stream, int row, int cols, float p, float *mask);

// One row of a layer normalisation, shared by layer_norm and residual_norm.
//   y = gain * h + bias,  h = (x - mean) * rstd,  rstd = 1 / sqrt(variance + epsilon)
DM_INLINE void dm_norm_row(const float *x, const float *gain, const float *bias, float *y, float *mean_out,
                           float *rstd_out, float epsilon, int d)
{
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < d; j++) sum += x[j];
    const float mean = sum / (float)d;
#pragma omp simd reduction(+ : squares)
    for (int j = 0; j < d; j++) squares += (x[j] - mean) * (x[j] - mean);
    const float rstd = 1.0f / sqrtf(squares / (float)d + epsilon);
#pragma omp simd
    for (int j = 0; j < d; j++) y[j] = gain[j] * ((x[j] - mean) * rstd) + bias[j];
    *mean_out = mean;
    *rstd_out = rstd;
}

// With e = gain * dy:  dx = rstd * (e - mean(e) - h * mean(e * h)),  dgain += dy * h,  dbias += dy
DM_INLINE void dm_norm_row_back(const float *restrict x, const float *restrict gain, const float *restrict dy,
                                float mean, float rstd, float *restrict dx, float *restrict dgain,
                                float *restrict dbias, int d)
{
    float sum = 0, along = 0;
#pragma omp simd reduction(+ : sum, along)
    for (int j = 0; j < d; j++) {
        float e = gain[j] * dy[j];
        sum += e;
        along += e * ((x[j] - mean) * rstd);
    }
    const float mean_e = sum / (float)d, mean_eh = along / (float)d;
#pragma omp simd
    for (int j = 0; j < d; j++) {
        float h = (x[j] - mean) * rstd;
        dx[j] = rstd * (gain[j] * dy[j] - mean_e - h * mean_eh);
        dgain[j] += dy[j] * h;
        dbias[j] += dy[j];
    }
}
