// Mixtures of experts (Shazeer et al. 2017; Fedus et al. 2021), with those that are always on (DeepSeekMoE, Dai et al.
// 2024, eq. 9):
//   y = sum over the experts that the router chose of gate_i expert_i(x) + sum of shared_j(x)
// Rows are sorted by expert, so that each has its rows as one product: none is padded, none is left out, and an expert
// without rows costs nothing.
#include "model/layers/experts.h"

#include <string.h>

#include "core/memory.h"

// ---- Parameters -----------------------------------------------------------------------------------------------------

// An expert, or with `count` of them those that take every row: a sum of blocks is a block as wide as all of them.
static FeedForwardShape dense_shape(const FeedForwardShape *shape, int count)
{
    return (FeedForwardShape){.width = shape->width, .inner = count * shape->inner, .activation = shape->activation};
}

static void declare(Parameters *p, const char *layer, const FeedForwardShape *shape)
{
    const FeedForwardShape one = dense_shape(shape, 1), shared = dense_shape(shape, shape->shared);
    const char *keys = p->keys;
    p->keys = "experts d_model";
    const int router =
        dm_declare_matrix(p, dm_name("%s.router.weight", layer).text, shape->experts, shape->width, DM_INIT_ROUTER);
    p->list[router].full = true;
    p->keys = keys;
    p->idle = 1 - (double)shape->top / shape->experts;
    for (int e = 0; e < shape->experts; e++)
        dm_dense_block(&one)->declare(p, dm_name("%.80s.experts.%d", layer, e).text, &one);
    p->idle = 0;
    if (shape->shared) dm_dense_block(&shared)->declare(p, dm_name("%s.shared_experts", layer).text, &shared);
    p->keys = "experts";
    p->kind = DM_BALANCED;
    dm_declare_vector(p, dm_name("%s.router.bias", layer).text, shape->experts, DM_INIT_ZERO);
    p->kind = DM_TRAINED;
    p->keys = keys;
}

static FeedForward find(const Parameters *p, const char *layer, const FeedForwardShape *shape)
{
    const FeedForwardShape one = dense_shape(shape, 1), shared = dense_shape(shape, shape->shared);
    Experts *e = dm_allocate(1, sizeof *e);
    *e = (Experts){.count = shape->experts,
                   .top = shape->top,
                   .router = shape->router,
                   .sigmoid = shape->sigmoid,
                   .centroids = dm_parameters_joined(p, dm_name("%s.router.weight", layer).text, 1),
                   .bias = dm_parameters_joined(p, dm_name("%s.router.bias", layer).text, 1),
                   .expert = dm_allocate((size_t)shape->experts, sizeof *e->expert)};
    for (int i = 0; i < e->count; i++)
        e->expert[i] = dm_dense_find(p, dm_name("%.80s.experts.%d", layer, i).text, &one);
    if (shape->shared) e->shared = dm_dense_find(p, dm_name("%s.shared_experts", layer).text, &shared);
    return (FeedForward){.kind = &dm_expert_block, .activation = shape->activation->activation, .experts = e};
}

void dm_experts_free(Experts *experts)
{
    if (!experts) return;
    dm_free(experts->expert);
    dm_free(experts);
}

const Parameter *dm_router_bias(const Parameters *p, int router)
{
    for (int i = 0; i < p->count; i++)
        if (p->list[i].kind == DM_BALANCED && router-- == 0) return &p->list[i];
    return NULL;
}

Name dm_router_layer(const Parameter *bias)
{
    static const char before[] = "model.", behind[] = ".router.bias";
    const int from = (int)strlen(before), length = (int)strlen(bias->name) - from - (int)strlen(behind);
    return dm_name("%.*s", length, bias->name + from);
}

// ---- The block ------------------------------------------------------------------------------------------------------

static Tensor *apply(Graph *g, const FeedForward *block, const Tensor *x)
{
    const Experts *e = block->experts;
    const Routing *r = dm_route(g, &(Route){.logits = dm_affinity(g, x, &e->centroids),
                                            .bias = &e->bias,
                                            .top = e->top,
                                            .sigmoid = e->sigmoid,
                                            .router = e->router});
    const Tensor *sorted = dm_collect(g, &x, 1, r->token, x->rows * e->top);
    const Tensor **made = dm_arena_take(g->arena, (size_t)e->count * sizeof *made);
    for (int i = 0; i < e->count; i++) {
        const int rows = r->start[i + 1] - r->start[i];
        const FeedForward *expert = &e->expert[i];
        made[i] = rows ? expert->kind->apply(g, expert, dm_view(g, dm_rows(sorted, r->start[i], rows))) : NULL;
    }
    Tensor *y = dm_combine(g, r, made, x->cols);
    return e->shared.kind ? dm_add(g, y, e->shared.kind->apply(g, &e->shared, x)) : y;
}

const FeedForwardKind dm_expert_block = {"experts", declare, find, apply};

// ---- Routers by name ------------------------------------------------------------------------------------------------

static const Choice routers[] = {
    {"softmax",
     "of all experts; those chosen share it anew (Shazeer et al. 2017; Mixtral 2024), and of --experts-top 1 "
     "it counts as it is (Fedus et al. 2021)"},
    {"sigmoid", "of each by itself, in proportion among those chosen (DeepSeek-V3, 2024)"},
    {NULL, NULL}};

Choice dm_router_choice(int index)
{
    return routers[index];
}
