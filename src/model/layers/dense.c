// Dense feed-forward blocks, through which every row goes:
//   plain: W2 f(W1 x + b1) + b2 (Vaswani et al. 2017, equation 2)
//   gated: W2 (f(W x) * V x) (Shazeer 2020), without biases, under the names that Llama has for them
#include "model/layers/experts.h"

// ---- Plain ----------------------------------------------------------------------------------------------------------

static void declare_plain(Parameters *p, const char *layer, const FeedForwardShape *shape)
{
    dm_linear_declare(p, dm_name("%s.fc1", layer).text, shape->inner, shape->width);
    dm_linear_declare_as(p, dm_name("%s.fc2", layer).text, shape->width, shape->inner, DM_INIT_RESIDUAL);
}

static FeedForward find_plain(const Parameters *p, const char *layer, const FeedForwardShape *shape)
{
    (void)shape;
    return (FeedForward){.in = dm_linear_find(p, dm_name("%s.fc1", layer).text, 1),
                         .out = dm_linear_find(p, dm_name("%s.fc2", layer).text, 1)};
}

static Tensor *apply_plain(Graph *g, const FeedForward *block, const Tensor *x)
{
    const Tensor *inner = dm_linear_apply_as(g, &block->in, x, block->activation);
    return dm_linear_apply(g, &block->out, dm_dropout(g, inner, g->inner_dropout));
}

const FeedForwardKind dm_plain_block = {"plain", declare_plain, find_plain, apply_plain};

// ---- Gated ----------------------------------------------------------------------------------------------------------

static void declare_gated(Parameters *p, const char *layer, const FeedForwardShape *shape)
{
    dm_declare_matrix(p, dm_name("%s.gate_proj.weight", layer).text, shape->inner, shape->width, DM_INIT_XAVIER);
    dm_declare_matrix(p, dm_name("%s.up_proj.weight", layer).text, shape->inner, shape->width, DM_INIT_XAVIER);
    dm_declare_matrix(p, dm_name("%s.down_proj.weight", layer).text, shape->width, shape->inner, DM_INIT_RESIDUAL);
}

// Gate and up above one another: one product makes both.
static FeedForward find_gated(const Parameters *p, const char *layer, const FeedForwardShape *shape)
{
    (void)shape;
    return (FeedForward){.in.weight = dm_parameters_joined(p, dm_name("%s.gate_proj.weight", layer).text, 2),
                         .out.weight = dm_parameters_joined(p, dm_name("%s.down_proj.weight", layer).text, 1)};
}

static Tensor *apply_gated(Graph *g, const FeedForward *block, const Tensor *x)
{
    const Tensor *halves = dm_linear(g, x, &block->in.weight, NULL, DM_IDENTITY);
    const Tensor *inner = dm_dropout(g, dm_gate(g, halves, block->activation), g->inner_dropout);
    return dm_linear(g, inner, &block->out.weight, NULL, DM_IDENTITY);
}

const FeedForwardKind dm_gated_block = {"gated", declare_gated, find_gated, apply_gated};

// ---- Whichever a shape says -----------------------------------------------------------------------------------------

const FeedForwardKind *dm_dense_block(const FeedForwardShape *shape)
{
    return shape->activation->gated ? &dm_gated_block : &dm_plain_block;
}

FeedForward dm_dense_find(const Parameters *p, const char *layer, const FeedForwardShape *shape)
{
    FeedForward block = dm_dense_block(shape)->find(p, layer, shape);
    block.kind = dm_dense_block(shape);
    block.activation = shape->activation->activation;
    return block;
}
