// Pieces ahead: what the term comes to, by hand and by differences, and which rows it is of.
#include "model/ahead.h"
#include "model/conv.h"
#include "model/gradients.h"
#include "model/rnn.h"

static const struct {
    const Architecture *architecture;
    const char *shape;
} cases[] = {
    {&dm_transformer, "d_model 16 encoder_layers 1 decoder_layers 1 encoder_ffn_dim 20 decoder_ffn_dim 24 "
                      "activation_function swish ahead 2"},
    {&dm_transformer, "d_model 16 encoder_layers 1 decoder_layers 1 encoder_ffn_dim 20 decoder_ffn_dim 24 "
                      "activation_function swish ahead 9"},
    {&dm_lm, "d_model 16 decoder_layers 1 decoder_ffn_dim 24 activation_function swish norm rms ahead 3"},
    {&dm_rnn, "d_model 10 hidden_size 12 ahead 2"},
    {&dm_conv, "d_model 12 conv light kernel_size 3 heads 3 ffn_dim 20 activation_function swish ahead 1"},
};

static void its_gradient_is_what_differences_say(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        const ModelConfig config = small_config_of(cases[i].architecture, VOCABULARY, cases[i].shape);
        check_gradient_of(setting_of(&config), 0);
    }
    const ModelConfig config = small_config_of(cases[0].architecture, VOCABULARY, cases[0].shape);
    Setting dropped = setting_of(&config);
    dropped.more = 0.2f;
    check_gradient_of(dropped, 0.2f);
}

// weight / K * sum of -log p of the piece that comes k behind the next one, times what its row counts.
static double by_hand(Graph *g, const Model *m, const Tensor *x, const float *weights, double weight)
{
    const int heads = m->config.ahead;
    double sum = 0;
    for (int k = 1; k <= heads; k++) {
        const Tensor *p = dm_log_probabilities(g, dm_ahead_rows(g, m, k, x), &m->output.weight, &m->output.bias);
        for (int s = 0, first = 0; s < PAIRS; first += target_lengths[s++])
            for (int j = 0; j + k < target_lengths[s]; j++)
                sum -= weights[first + j + k] * (double)dm_row(p, first + j)[target_outputs[first + j + k]];
    }
    return weight / heads * sum;
}

static void it_is_of_the_pieces_that_a_sentence_still_has(void)
{
    static const float weights[] = {1, 0.5f, 1, 1, 0, 1, 2, 1, 1, 1, 1, 0.25f, 1};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        const ModelConfig config = small_config_of(cases[i].architecture, VOCABULARY, cases[i].shape);
        Setting s = setting_of(&config);
        Graph *g = begin(&s, false, 0);
        const Model *m = s.model;
        const Memory memory = m->architecture->encode(g, m, dm_tokens(g->arena, PAIRS, source_lengths, source_ids));
        const Tokens read = dm_tokens(g->arena, PAIRS, target_lengths, target_inputs);
        const Tensor *x = m->architecture->decode(g, m, memory, read);
        const Example example = {.read = read, .written = target_outputs, .weights = weights};
        const double wanted = by_hand(g, m, x, weights, 0.3),
                     got = dm_ahead.add(&(TermInput){g, m, &example, x, {0}, NULL}, 0.3);
        expect(wanted > 1 && fabs(wanted - got) < 1e-5 * wanted, "%s: %g, and by hand %g", cases[i].shape, got, wanted);
        end(&s);
    }
}

const Fact facts[] = {
    FACT(its_gradient_is_what_differences_say),
    FACT(it_is_of_the_pieces_that_a_sentence_still_has),
    {NULL, NULL},
};
