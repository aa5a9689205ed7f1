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
    {&dm_lm,
     "d_model 16 decoder_layers 1 decoder_ffn_dim 24 activation_function swish norm rms ahead 3 ahead_form chain"},
    {&dm_lm,
     "d_model 16 decoder_layers 2 decoder_ffn_dim 24 activation_function swish key_value_heads 2 attention_window 2 "
     "positions learned prompt_positions restart ahead 2 ahead_form chain"},
    {&dm_lm,
     "d_model 12 decoder_layers 1 decoder_ffn_dim 10 activation_function swish norm rms experts 4 experts_top 4 "
     "experts_shared 1 router sigmoid positions alibi norm_place post ahead 9 ahead_form chain"},
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
static double by_hand(Graph *g, const Model *m, const AheadSeen *seen, const float *weights, double weight)
{
    enum { HEADS = 16 };
    const int heads = m->config.ahead;
    AheadSaid said[HEADS];
    double sum = 0;
    dm_ahead_form(&m->config)->say(g, m, seen, said);
    for (int k = 1; k <= heads; k++) {
        if (!said[k - 1].n) continue;
        const Tensor *p = dm_log_probabilities(g, said[k - 1].features, &m->output.weight, &m->output.bias);
        int found = 0, wanted = 0;
        for (int s = 0, first = 0; s < PAIRS; first += target_lengths[s++])
            for (int j = 0; j + k < target_lengths[s]; j++, wanted++)
                for (int i = 0; i < said[k - 1].n; i++) {
                    if (said[k - 1].rows[i] != first + j) continue;
                    sum -= weights[first + j + k] * (double)dm_row(p, i)[target_outputs[first + j + k]];
                    found++;
                }
        expect(found == wanted, "head %d says %d rows of %d", k, found, wanted);
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
        const Example example = {.source = dm_tokens(g->arena, PAIRS, source_lengths, source_ids),
                                 .read = read,
                                 .written = target_outputs,
                                 .weights = weights};
        const double wanted = by_hand(g, m, &(AheadSeen){&example, &memory, x}, weights, 0.3),
                     got = dm_ahead.add(&(TermInput){g, m, &memory, &example, x, {0}, NULL}, 0.3);
        expect(wanted > 1 && fabs(wanted - got) < 1e-5 * wanted, "%s: %g, and by hand %g", cases[i].shape, got, wanted);
        end(&s);
    }
}

// A row of a chain sees those before it, and what is written behind its own piece does not reach it.
static void a_chain_does_not_see_what_comes(void)
{
    const ModelConfig config = small_config_of(
        &dm_lm, VOCABULARY, "d_model 16 decoder_layers 1 decoder_ffn_dim 24 norm rms ahead 2 ahead_form chain");
    Setting s = setting_of(&config);
    Graph *g = begin(&s, false, 0);
    const Model *m = s.model;
    static const int length = 6, source_length = 3, source[] = {4, 9, 0},
                     written[2][6] = {{5, 6, 7, 8, 9, 0}, {5, 6, 7, 11, 2, 0}};
    AheadSaid said[2][2];
    for (int i = 0; i < 2; i++) {
        const Tokens target = dm_tokens(g->arena, 1, &length, written[i]),
                     read = dm_shifted(g->arena, target, config.decoder_start),
                     from = dm_tokens(g->arena, 1, &source_length, source);
        const Memory memory = m->architecture->encode(g, m, from);
        const Tensor *x = m->architecture->decode(g, m, memory, read);
        const Example example = {.source = from, .read = read, .written = target.ids};
        dm_ahead_form(&config)->say(g, m, &(AheadSeen){&example, &memory, x}, said[i]);
    }
    for (int k = 1; k <= 2; k++)
        for (int j = 0; j + k < length; j++) {
            const bool same =
                !memcmp(dm_row(said[0][k - 1].features, j), dm_row(said[1][k - 1].features, j), 16 * sizeof(float));
            expect(same == (j + k <= 3), "head %d, row %d: %s", k, j, same ? "the same" : "another");
        }
    end(&s);
}

const Fact facts[] = {
    FACT(a_chain_does_not_see_what_comes),
    FACT(its_gradient_is_what_differences_say),
    FACT(it_is_of_the_pieces_that_a_sentence_still_has),
    {NULL, NULL},
};
