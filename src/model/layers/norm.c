// The kinds of norm. Parameters have the names that PyTorch's LayerNorm, RMSNorm and BatchNorm1d give them.
#include "model/layers/norm.h"

// ---- Layer norm -----------------------------------------------------------------------------------------------------

static void declare_layer(Parameters *p, const char *prefix, int width)
{
    dm_declare_vector(p, dm_name("%s.weight", prefix).text, width, DM_INIT_ONE);
    dm_declare_vector(p, dm_name("%s.bias", prefix).text, width, DM_INIT_ZERO);
}

static Tensor *apply_layer(Graph *g, const Norm *norm, const Tensor *x)
{
    return dm_layer_norm(g, x, &norm->gain, &norm->bias, norm->epsilon);
}

static Tensor *apply_layer_to_residual(Graph *g, const Norm *norm, const Tensor *x, const Tensor *f)
{
    return dm_residual_norm(g, x, f, g->dropout, &norm->gain, &norm->bias, norm->epsilon);
}

static const NormKind layer = {"layer",         "mean 0 and deviation 1 in each row (Ba et al. 2016)",
                               DM_NORM_EPSILON, declare_layer,
                               apply_layer,     apply_layer_to_residual};

// ---- RMS norm -------------------------------------------------------------------------------------------------------

static void declare_rms(Parameters *p, const char *prefix, int width)
{
    dm_declare_vector(p, dm_name("%s.weight", prefix).text, width, DM_INIT_ONE);
}

static Tensor *apply_rms(Graph *g, const Norm *norm, const Tensor *x)
{
    return dm_rms_norm(g, x, &norm->gain, norm->epsilon);
}

static Tensor *apply_rms_to_residual(Graph *g, const Norm *norm, const Tensor *x, const Tensor *f)
{
    return apply_rms(g, norm, dm_residual(g, x, f, g->dropout));
}

static const NormKind rms = {"rms",
                             "mean square 1 in each row: no mean is taken off and nothing added (Zhang and Sennrich "
                             "2019), which is less work and "
                             "about as good",
                             DM_RMS_EPSILON,
                             declare_rms,
                             apply_rms,
                             apply_rms_to_residual};

// ---- Batch norm -----------------------------------------------------------------------------------------------------

static void declare_batch(Parameters *p, const char *prefix, int width)
{
    declare_layer(p, prefix, width);
    p->kind = DM_STATISTIC;
    dm_declare_vector(p, dm_name("%s.running_mean", prefix).text, width, DM_INIT_ZERO);
    dm_declare_vector(p, dm_name("%s.running_var", prefix).text, width, DM_INIT_ONE);
    p->kind = DM_TRAINED;
}

static Tensor *apply_batch(Graph *g, const Norm *norm, const Tensor *x)
{
    return dm_batch_norm(g, x, &norm->gain, &norm->bias, &norm->mean, &norm->variance);
}

static Tensor *apply_batch_to_residual(Graph *g, const Norm *norm, const Tensor *x, const Tensor *f)
{
    return apply_batch(g, norm, dm_residual(g, x, f, g->dropout));
}

static const NormKind batch = {
    "batch",
    "mean 0 and deviation 1 of each feature: in training over the pieces of a shard, afterwards by running means "
    "(Ioffe "
    "and Szegedy 2015). For comparison: Transformers are worse for it (Shen et al. 2020), and in a decoder it is "
    "flawed, "
    "for what it learns by has seen the pieces that come later, and one piece at a time is not what it has learnt on",
    DM_NORM_EPSILON,
    declare_batch,
    apply_batch,
    apply_batch_to_residual};

// ---- The table ------------------------------------------------------------------------------------------------------

const NormKind *const dm_norms[] = {&layer, &rms, &batch, NULL};

Choice dm_norm_choice(int index)
{
    return dm_norms[index] ? (Choice){dm_norms[index]->name, dm_norms[index]->about} : (Choice){0};
}

static Tensor find(const Parameters *p, Name name)
{
    return dm_parameter(p, name.text) ? dm_parameters_joined(p, name.text, 1) : (Tensor){0};
}

Norm dm_norm_find(const Parameters *p, const NormKind *kind, const char *prefix, float epsilon)
{
    return (Norm){.kind = kind,
                  .epsilon = epsilon > 0 ? epsilon : kind->epsilon,
                  .gain = find(p, dm_name("%s.weight", prefix)),
                  .bias = find(p, dm_name("%s.bias", prefix)),
                  .mean = find(p, dm_name("%s.running_mean", prefix)),
                  .variance = find(p, dm_name("%s.running_var", prefix))};
}
