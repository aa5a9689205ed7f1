// Linear layers of a model: a weight with its bias, declared, found and applied.
#pragma once
#include "tensor/parameters.h"
#include "tensor/ops/ops.h"

typedef struct Linear {
    Tensor weight, bias;  // [out, in], [out]
} Linear;

static inline void dm_linear_declare_as(Parameters *p, const char *prefix, int out, int in, Init init)
{
    dm_declare_matrix(p, dm_name("%s.weight", prefix).text, out, in, init);
    dm_declare_vector(p, dm_name("%s.bias", prefix).text, out, DM_INIT_ZERO);
}

static inline void dm_linear_declare(Parameters *p, const char *prefix, int out, int in)
{
    dm_linear_declare_as(p, prefix, out, in, DM_INIT_XAVIER);
}

// With those behind it, `count` in all, as one layer.
static inline Linear dm_linear_find(const Parameters *p, const char *prefix, int count)
{
    return (Linear){dm_parameters_joined(p, dm_name("%s.weight", prefix).text, count),
                    dm_parameters_joined(p, dm_name("%s.bias", prefix).text, count)};
}

static inline Tensor *dm_linear_apply(Graph *g, const Linear *l, const Tensor *x)
{
    return dm_linear(g, x, &l->weight, &l->bias, DM_IDENTITY);
}
