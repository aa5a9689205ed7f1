// The heads of a model that look ahead: between features and the output layer.
#include "model/ahead.h"

#include "core/memory.h"
#include "model/layers/linear_layer.h"

struct AheadHead {
    Linear in, out;
};

static Name prefix_of(int k)
{
    return dm_name("model.ahead.%d", k - 1);
}

// Who writes piece by piece needs none of them.
void dm_ahead_declare(Model *model)
{
    Parameters *p = &model->parameters;
    const int width = model->config.width;
    const bool unbiased = p->unbiased;
    p->keys = "d_model";
    p->depth = "ahead";
    p->residuals = 1;
    p->idle = 1;
    p->unbiased = false;
    for (int k = 1; k <= model->config.ahead; k++) {
        dm_linear_declare(p, dm_name("%s.fc1", prefix_of(k).text).text, width, width);
        dm_linear_declare_as(p, dm_name("%s.fc2", prefix_of(k).text).text, width, width, DM_INIT_RESIDUAL);
    }
    p->idle = 0;
    p->unbiased = unbiased;
}

void dm_ahead_connect(Model *model)
{
    const int count = model->config.ahead;
    if (!count) return;
    model->ahead = dm_allocate((size_t)count, sizeof *model->ahead);
    for (int k = 1; k <= count; k++)
        model->ahead[k - 1] =
            (AheadHead){dm_linear_find(&model->parameters, dm_name("%s.fc1", prefix_of(k).text).text, 1),
                        dm_linear_find(&model->parameters, dm_name("%s.fc2", prefix_of(k).text).text, 1)};
}

void dm_ahead_disconnect(Model *model)
{
    dm_free(model->ahead);
    model->ahead = NULL;
}

Tensor *dm_ahead_rows(Graph *g, const Model *model, int k, const Tensor *features)
{
    const AheadHead *head = &model->ahead[k - 1];
    const Tensor *inner = dm_dropout(g, dm_linear_apply_as(g, &head->in, features, DM_SWISH), g->inner_dropout);
    return dm_add(g, features, dm_linear_apply(g, &head->out, inner));
}
