// The kinds of looking back, and the two that are scans.
#include "model/layers/autoreg.h"

// ---- Average attention ----------------------------------------------------------------------------------------------

// Zhang et al. 2018, "Accelerating neural Transformer via an average attention network", equations 1 to 3: with m_t the
// mean of what has been written up to x_t, and in as many weights as the layer's own feed-forward block,
//   g_t = FFN(m_t),  [i_t | f_t] = sigmoid(W [x_t | g_t] + b),  y_t = i_t * x_t + f_t * g_t
static void declare_average(Parameters *p, const char *layer, const FeedForwardShape *ffn)
{
    const Name prefix = dm_name("%s.average", layer);
    FeedForwardShape dense = *ffn;
    dense.experts = 0;
    dm_feed_forward_of(&dense)->declare(p, prefix.text, &dense);
    p->keys = "d_model";
    dm_linear_declare(p, dm_name("%s.gate", prefix.text).text, 2 * ffn->width, 2 * ffn->width);
}

static void find_average(Autoreg *found, const Parameters *p, const char *layer, const FeedForwardShape *ffn)
{
    const Name prefix = dm_name("%s.average", layer);
    FeedForwardShape dense = *ffn;
    dense.experts = 0;
    found->ffn = dm_feed_forward_find(p, prefix.text, &dense);
    found->gate = dm_linear_find(p, dm_name("%s.gate", prefix.text).text, 1);
}

static Tensor *gated(Graph *g, const Tensor *gates, const Tensor *both, int column, int width)
{
    const Tensor *gate = dm_view(g, dm_columns(gates, column, width)),
                 *part = dm_view(g, dm_columns(both, column, width));
    return dm_gate(g, dm_concatenate(g, gate, part), DM_IDENTITY);
}

static Tensor *apply_average(Graph *g, const Autoreg *l, const Tensor *x, const Chain *chain)
{
    const int width = x->cols;
    const Tensor *mean = dm_running_mean(g, x, chain), *made = l->ffn.kind->apply(g, &l->ffn, mean),
                 *both = dm_concatenate(g, x, made), *gates = dm_linear_apply_as(g, &l->gate, both, DM_SIGMOID);
    return dm_add(g, gated(g, gates, both, 0, width), gated(g, gates, both, width, width));
}

// ---- Simpler simple recurrent unit ----------------------------------------------------------------------------------

// Kim et al. 2019, section 4.2: weights of the cell above those of the forget gate, so that one product makes both.
static void declare_ssru(Parameters *p, const char *layer, const FeedForwardShape *ffn)
{
    p->keys = "d_model";
    dm_declare_matrix(p, dm_name("%s.ssru.cell.weight", layer).text, ffn->width, ffn->width, DM_INIT_XAVIER);
    dm_declare_matrix(p, dm_name("%s.ssru.forget.weight", layer).text, ffn->width, ffn->width, DM_INIT_XAVIER);
    dm_declare_vector(p, dm_name("%s.ssru.forget.bias", layer).text, ffn->width, DM_INIT_ZERO);
}

static void find_ssru(Autoreg *found, const Parameters *p, const char *layer, const FeedForwardShape *ffn)
{
    (void)ffn;
    found->in.weight = dm_parameters_joined(p, dm_name("%s.ssru.cell.weight", layer).text, 2);
    found->gate.bias = dm_parameters_joined(p, dm_name("%s.ssru.forget.bias", layer).text, 1);
}

static Tensor *apply_ssru(Graph *g, const Autoreg *l, const Tensor *x, const Chain *chain)
{
    return dm_ssru(g, dm_linear_apply(g, &l->in, x), &l->gate.bias, chain);
}

// ---- The table ------------------------------------------------------------------------------------------------------

const AutoregKind dm_autoregs[] = {{"self-attention", "attention to all of it (Vaswani et al. 2017)", NULL, NULL, NULL},
                                   {"average-attention", "a feed-forward block of its mean (Zhang et al. 2018)",
                                    declare_average, find_average, apply_average},
                                   {"ssru", "a simpler simple recurrent unit, the cheapest a piece (Kim et al. 2019)",
                                    declare_ssru, find_ssru, apply_ssru},
                                   {NULL, NULL, NULL, NULL, NULL}};

Choice dm_autoreg_choice(int index)
{
    return (Choice){dm_autoregs[index].name, dm_autoregs[index].about};
}

void dm_autoreg_declare(Parameters *p, const AutoregKind *kind, const NormKind *norm, const char *layer,
                        const FeedForwardShape *ffn)
{
    kind->declare(p, layer, ffn);
    norm->declare(p, dm_name("%s.autoreg_layer_norm", layer).text, ffn->width);
}

Autoreg dm_autoreg_find(const Parameters *p, const AutoregKind *kind, const NormKind *norm, float epsilon,
                        const char *layer, const FeedForwardShape *ffn)
{
    Autoreg found = {.kind = kind,
                     .norm = dm_norm_find(p, norm, dm_name("%s.autoreg_layer_norm", layer).text, epsilon)};
    kind->find(&found, p, layer, ffn);
    return found;
}

Tensor *dm_autoreg(const Sublayer *s, const Autoreg *l, Tensor *x, const Chain *chain)
{
    return dm_leave(s, x, l->kind->apply(s->g, l, dm_enter(s, x), chain));
}
