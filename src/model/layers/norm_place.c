// Post-norm: x = norm(x + dropout(f(x))) (Vaswani et al. 2017, section 3.1).
// Pre-norm: x = x + dropout(f(norm(x))), and a norm behind the last layer, without which the output grows with the
// depth (Xiong et al. 2020, "On layer normalization in the Transformer architecture", table 1).
#include "model/layers/norm_place.h"

#include <string.h>

// Where nobody goes back through the layers or looks into them, the result takes the place of x and the rest is given
// back, so that layer after layer works in memory that is still in the processor's cache.
static Tensor *in_place_of(const Sublayer *s, Tensor *x, Tensor *y)
{
    if (s->g->recording || s->g->tap) return y;
    memcpy(x->data, y->data, (size_t)y->rows * (size_t)y->cols * sizeof(float));
    dm_arena_release(s->g->arena, s->mark);
    return x;
}

static const Tensor *enter_post(const Sublayer *s, const Tensor *x)
{
    (void)s;
    return x;
}

static Tensor *leave_post(const Sublayer *s, Tensor *x, const Tensor *f)
{
    return in_place_of(s, x, s->norm->kind->apply_to_residual(s->g, s->norm, x, f));
}

static const Tensor *enter_pre(const Sublayer *s, const Tensor *x)
{
    return s->norm->kind->apply(s->g, s->norm, x);
}

static Tensor *leave_pre(const Sublayer *s, Tensor *x, const Tensor *f)
{
    return in_place_of(s, x, dm_residual(s->g, x, f, s->g->dropout));
}

const NormPlace dm_norm_places[] = {
    {"post", "behind each residual connection (Vaswani et al. 2017)", false, enter_post, leave_post},
    {"pre",
     "in front of each sublayer, and one behind the last layer (Xiong et al. 2020): trains with high learning rates, "
     "without a warm-up and with many layers too. What N sublayers add to a sum starts with weights over sqrt(N) "
     "(Radford "
     "et al. 2019)",
     true, enter_pre, leave_pre},
    {.name = NULL}};

Choice dm_norm_place_choice(int index)
{
    return (Choice){dm_norm_places[index].name, dm_norm_places[index].about};
}
