// Activations, a row at a time, for the ops that have one inside.
#pragma once
#include "tensor/ops/ops.h"

// Adds the bias (or NULL) to y and applies f; `before` (or NULL) keeps what f was applied to.
void dm_activate_row(float *y, const float *bias, float *before, int n, Activation f);

// dy, the gradient of y = f(z), becomes that of z:  relu: dy [y > 0];  tanh: dy (1 - y^2);  sigmoid: dy y (1 - y);
// swish: dy s (1 + z (1 - s)), s = sigmoid(z);  gelu: dy (Phi(z) + z phi(z)).  gelu by tanh: its derivative. Only these three read z.
void dm_derive_row(float *restrict dy, const float *restrict y, const float *restrict z, int n, Activation f);
