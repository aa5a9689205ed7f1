// A search that keeps nothing finds what one with caches finds: greedily, by a beam, and behind texts; and reads every
// piece again for every one that comes.
#include "model/small_model.h"

#include "bench/without_cache.h"
#include "search/search.h"

static const struct {
    const Architecture *architecture;
    const char *shape;
    bool text;
} cases[] = {
    {&dm_transformer, "d_model 16 encoder_layers 1 decoder_layers 2", false},
    {&dm_lm, "d_model 16 decoder_layers 2 decoder_attention_heads 2 positions rotary", false},
    {&dm_lm, "d_model 16 decoder_layers 2 decoder_attention_heads 4 key_value_heads 2 positions sine", true},
    {&dm_rnn, "d_model 10 hidden_size 12", false},
    {&dm_conv, "d_model 10 conv plain kernel_size 3 largest_kernel_size 5", false},
};

static Architecture counting;
static int decoded;  // rows

static Tensor *counting_decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    decoded += target.n;
    return dm_lm.decode(g, model, memory, target);
}

static Setting setting_for(size_t i)
{
    ModelConfig config = small_config_of(cases[i].architecture, VOCABULARY, cases[i].shape);
    if (cases[i].text) config.examples = &dm_text;
    Setting s = setting_of(&config);
    for (size_t k = 0; k < s.model->parameters.trained_size; k++) s.model->parameters.data[k] *= 2;
    s.model->output.bias.data[EOS] = -3;
    return s;
}

enum { SOURCES = 3 };

static void find(Setting *s, int beam, int most, Found found[SOURCES])
{
    static const int ids[] = {3, 9, 2, 0, 4, 4, 17, 5, 3, 9, 0}, lengths[SOURCES] = {4, 5, 2};
    const Model *model = s->model;
    const dm_translate_options o = {
        .beam_size = beam, .n_best = beam, .normalize = 1, .max_length_factor = 1, .max_length = most};
    const SearchJob job = {
        .models = &model, .model_count = 1, .source = dm_tokens(s->graph.arena, SOURCES, lengths, ids), .options = &o};
    CU_ASSERT_TRUE_FATAL(dm_search(&s->graph, &job, found));
}

static void the_same_is_found(void)
{
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        for (int beam = 1; beam <= 3; beam += 2) {
            Setting s = setting_for(i), other = setting_for(i);
            Found with[SOURCES], without[SOURCES];
            begin(&s, false, 0);
            begin(&other, false, 0);
            dm_bench_forget(other.model);
            find(&s, beam, 9, with);
            find(&other, beam, 9, without);
            for (int k = 0; k < SOURCES; k++) {
                CU_ASSERT_EQUAL_FATAL(with[k].count, without[k].count);
                for (int h = 0; h < with[k].count; h++) {
                    const Hypothesis *a = &with[k].best[h], *b = &without[k].best[h];
                    expect(a->count == b->count && !memcmp(a->ids, b->ids, (size_t)a->count * sizeof(int)) &&
                               fabs(a->log_probability - b->log_probability) < 1e-3,
                           "case %zu, beam %d, source %d, hypothesis %d: %g and %g", i, beam, k, h, a->log_probability,
                           b->log_probability);
                }
            }
            end(&s);
            end(&other);
        }
}

static void every_piece_is_read_again(void)
{
    Setting s = setting_for(2);
    Found found[SOURCES];
    counting = dm_lm;
    counting.decode = counting_decode;
    s.model->architecture = &counting;
    s.model->output.bias.data[EOS] = -10000;
    dm_bench_forget(s.model);
    begin(&s, false, 0);
    decoded = 0;
    find(&s, 1, 3, found);
    // What all begin with (the start), and then what is behind it: 3 + 4 + 1; then once for each of three pieces.
    CU_ASSERT_EQUAL(decoded, 1 + (4 + 5 + 2) + (5 + 6 + 3) + (6 + 7 + 4) + (7 + 8 + 5));
    end(&s);
}

const Fact facts[] = {FACT(the_same_is_found), FACT(every_piece_is_read_again), {NULL, NULL}};
