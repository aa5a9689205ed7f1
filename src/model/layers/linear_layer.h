// Linear layers of a model: a weight with its bias, declared, found and applied.
#pragma once
#include "tensor/parameters.h"
#include "tensor/ops/ops.h"

typedef struct Linear {
    Tensor weight, bias;  // [out, in], [out]; without columns where there is none
} Linear;

static inline void dm_linear_declare_as(Parameters *p, const char *prefix, int out, int in, Init init)
{
    dm_declare_matrix(p, dm_name("%s.weight", prefix).text, out, in, init);
    if (!p->unbiased) dm_declare_vector(p, dm_name("%s.bias", prefix).text, out, DM_INIT_ZERO);
}

static inline void dm_linear_declare(Parameters *p, const char *prefix, int out, int in)
{
    dm_linear_declare_as(p, prefix, out, in, DM_INIT_XAVIER);
}

// With those behind it, `count` in all, as one layer.
static inline Linear dm_linear_find(const Parameters *p, const char *prefix, int count)
{
    const Name bias = dm_name("%s.bias", prefix);
    return (Linear){dm_parameters_joined(p, dm_name("%s.weight", prefix).text, count),
                    dm_parameter(p, bias.text) ? dm_parameters_joined(p, bias.text, count) : (Tensor){0}};
}

static inline Tensor *dm_linear_apply_as(Graph *g, const Linear *l, const Tensor *x, Activation activation)
{
    return dm_linear(g, x, &l->weight, l->bias.cols ? &l->bias : NULL, activation);
}

static inline Tensor *dm_linear_apply(Graph *g, const Linear *l, const Tensor *x)
{
    return dm_linear_apply_as(g, l, x, DM_IDENTITY);
}
