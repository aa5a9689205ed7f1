// Activations, a row at a time, for the ops that have one inside.
#include "tensor/ops/activate.h"

#include <math.h>

#include "core/kernels.h"

DM_CLONES
void dm_activate_row(float *y, const float *bias, float *before, int n, Activation activation)
{
    if (bias)
        for (int j = 0; j < n; j++) y[j] += bias[j];
    if (before)
        for (int j = 0; j < n; j++) before[j] = y[j];
    switch (activation) {
    case DM_IDENTITY: break;
    case DM_RELU:
        for (int j = 0; j < n; j++) y[j] = y[j] < 0 ? 0 : y[j];  // NaN stays NaN
        break;
    case DM_SWISH:
        for (int j = 0; j < n; j++) y[j] *= dm_sigmoid(y[j]);
        break;
    case DM_GELU:
        for (int j = 0; j < n; j++) y[j] *= 0.5f * (1.0f + erff(y[j] * 0.70710678f));
        break;
    case DM_GELU_TANH:
        for (int j = 0; j < n; j++)
            y[j] *= 0.5f * (1.0f + dm_tanh(0.79788456f * (y[j] + 0.044715f * y[j] * y[j] * y[j])));
        break;
    case DM_TANH:
        for (int j = 0; j < n; j++) y[j] = dm_tanh(y[j]);
        break;
    case DM_SIGMOID:
        for (int j = 0; j < n; j++) y[j] = dm_sigmoid(y[j]);
        break;
    }
}

DM_CLONES
void dm_derive_row(float *restrict dy, const float *restrict y, const float *restrict z, int n, Activation activation)
{
    switch (activation) {
    case DM_IDENTITY: break;
    case DM_RELU:
        for (int j = 0; j < n; j++) dy[j] = y[j] > 0 ? dy[j] : 0;
        break;
    case DM_SWISH:
        for (int j = 0; j < n; j++) {
            float s = dm_sigmoid(z[j]);
            dy[j] *= s * (1.0f + z[j] * (1.0f - s));
        }
        break;
    case DM_GELU:
        for (int j = 0; j < n; j++) {
            float phi = 0.39894228f * dm_exp(-0.5f * z[j] * z[j]);
            dy[j] *= 0.5f * (1.0f + erff(z[j] * 0.70710678f)) + z[j] * phi;
        }
        break;
    case DM_GELU_TANH:
        for (int j = 0; j < n; j++) {
            const float square = z[j] * z[j], t = dm_tanh(0.79788456f * z[j] * (1.0f + 0.044715f * square));
            dy[j] *= 0.5f * (1.0f + t) + 0.5f * z[j] * (1.0f - t * t) * 0.79788456f * (1.0f + 0.134145f * square);
        }
        break;
    case DM_TANH:
        for (int j = 0; j < n; j++) dy[j] *= 1.0f - y[j] * y[j];
        break;
    case DM_SIGMOID:
        for (int j = 0; j < n; j++) dy[j] *= y[j] * (1.0f - y[j]);
        break;
    }
}
