// Norms: layer norm (Ba et al. 2016).
#include "model/layers/norm.h"

static void declare(Parameters *p, const char *prefix, int width)
{
    dm_declare_vector(p, dm_name("%s.weight", prefix).text, width, DM_INIT_ONE);
    dm_declare_vector(p, dm_name("%s.bias", prefix).text, width, DM_INIT_ZERO);
}

static Tensor *apply(Graph *g, const Norm *norm, const Tensor *x)
{
    return dm_layer_norm(g, x, &norm->gain, &norm->bias);
}

static Tensor *apply_to_residual(Graph *g, const Norm *norm, const Tensor *x, const Tensor *f)
{
    return dm_residual_norm(g, x, f, g->dropout, &norm->gain, &norm->bias);
}

static const NormKind layer = {"layer", "mean 0 and deviation 1 in each row (Ba et al. 2016)", declare, apply,
                               apply_to_residual};

const NormKind *const dm_norms[] = {&layer, NULL};

const char *dm_norm_name(int index)
{
    return dm_norms[index] ? dm_norms[index]->name : NULL;
}

const char *dm_norm_about(int index)
{
    return dm_norms[index]->about;
}

static Tensor find(const Parameters *p, Name name)
{
    return dm_parameter(p, name.text) ? dm_parameters_joined(p, name.text, 1) : (Tensor){0};
}

Norm dm_norm_find(const Parameters *p, const NormKind *kind, const char *prefix)
{
    return (Norm){kind, find(p, dm_name("%s.weight", prefix)), find(p, dm_name("%s.bias", prefix))};
}
