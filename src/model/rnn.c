// The recurrent encoder-decoder: whole sequences, shape, and its row in the registry. The formulas stand in rnn.h.
#include "model/rnn.h"

#include <string.h>

#include "model/outline.h"
#include "model/shape_options.h"

// ---- Whole sequences ------------------------------------------------------------------------------------------------

// Nothing flows back to them.
static const Tensor *zeros(Graph *g, int rows, int cols)
{
    Tensor *zero = dm_tensor(g, rows, cols);
    memset(zero->data, 0, (size_t)rows * (size_t)cols * sizeof(float));
    zero->whole = NULL;
    return zero;
}

// A GRU along the sequences of x, in one direction: the products with the inputs are one for all steps.
static Tensor *run_gru(Graph *g, const Gru *gru, const Tensor *x, Spans spans, bool backward)
{
    const InTime time = dm_rnn_in_time(g->arena, spans, backward);
    const int rows = x->rows, h = gru->hidden.weight.cols;
    const Tensor *input = dm_linear_apply(g, &gru->input, x);
    input = dm_collect(g, &input, 1, time.row, rows);
    const Tensor **states = dm_arena_take(g->arena, (size_t)time.steps * sizeof *states);
    const Tensor *before = zeros(g, spans.n, h);
    for (int step = 0; step < time.steps; step++) {
        const Tensor *in = dm_view(g, dm_rows(input, time.first[step], time.going[step])),
                     *state = dm_view(g, dm_rows(before, 0, time.going[step]));
        before = states[step] = dm_gru(g, in, dm_linear_apply(g, &gru->hidden, state), state);
    }
    return dm_collect(g, states, time.steps, time.place, rows);
}

static Memory encode(Graph *g, const Model *model, Tokens source)
{
    const Rnn *r = model->layers;
    const int layers = dm_rnn_shape(&model->config)->encoder_layers;
    Tensor *x = dm_rnn_embed(g, model, &r->embeddings.source, source);
    for (int layer = 0; layer < layers; layer++) {
        const Tensor *forward = run_gru(g, &r->encoder[layer][0], x, source.spans, false),
                     *backward = run_gru(g, &r->encoder[layer][1], x, source.spans, true);
        x = dm_dropout(g, dm_concatenate(g, forward, backward), g->dropout);
    }
    return (Memory){x, source.spans};
}

// Where the probabilities of a step go: row `step` of the picture of each sequence.
static float **rows_of_pictures(Graph *g, float **pictures, const InTime *time, int step, Spans source)
{
    if (!pictures) return NULL;
    float **rows = dm_arena_take(g->arena, (size_t)time->going[step] * sizeof *rows);
    for (int k = 0; k < time->going[step]; k++) {
        const int sequence = time->sequence[k];
        rows[k] = pictures[sequence] + (size_t)step * (size_t)source.length[sequence];
    }
    return rows;
}

// Spans of the memory, and rows of what there is one of for each source, in the order in which sequences run.
static Spans spans_in_time(Graph *g, Spans spans, const InTime *time)
{
    int *start = dm_arena_take(g->arena, 2 * (size_t)spans.n * sizeof(int)), *length = start + spans.n;
    for (int k = 0; k < spans.n; k++) {
        start[k] = spans.start[time->sequence[k]];
        length[k] = spans.length[time->sequence[k]];
    }
    return (Spans){spans.n, start, length};
}

static Tensor *decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    const Rnn *r = model->layers;
    const int n = target.spans.n, rows = target.n;
    const InTime time = dm_rnn_in_time(g->arena, target.spans, false);
    const RnnSource source = dm_rnn_source(g, model, memory);
    float **pictures = source.keys ? dm_tap(g, DM_CROSS_ATTENTION, 1, target.spans, memory.spans) : NULL;
    const Tensor *embedded = dm_rnn_embed(g, model, &r->embeddings.target, target),
                 *input = dm_linear_apply(g, &r->decoder.input, embedded), *start = source.start;
    input = dm_collect(g, &input, 1, time.row, rows);
    const Tensor *before = dm_collect(g, &start, 1, time.sequence, n), *context = source.context;
    if (context) context = dm_collect(g, &context, 1, time.sequence, n);
    const Spans spans = spans_in_time(g, memory.spans, &time);
    const Tensor **states = dm_arena_take(g->arena, 2 * (size_t)time.steps * sizeof *states),
                 **contexts = states + time.steps;
    for (int t = 0; t < time.steps; t++) {
        const int going = time.going[t];
        const RnnStepped stepped =
            dm_rnn_step(g, model, &source,
                        &(RnnStep){.input = dm_view(g, dm_rows(input, time.first[t], going)),
                                   .state = dm_view(g, dm_rows(before, 0, going)),
                                   .source = {going, spans.start, spans.length},
                                   .context = context ? dm_view(g, dm_rows(context, 0, going)) : NULL,
                                   .probabilities = rows_of_pictures(g, pictures, &time, t, memory.spans)});
        before = states[t] = stepped.state;
        contexts[t] = stepped.context;
    }
    return dm_rnn_readout(g, model, dm_collect(g, states, time.steps, time.place, rows),
                          dm_collect(g, contexts, time.steps, time.place, rows), embedded);
}

// ---- The shape ------------------------------------------------------------------------------------------------------

static const char *const attentions[] = {[DM_RNN_ADDITIVE] = "additive", [DM_RNN_NO_ATTENTION] = "none", NULL};

static const char *attention_name(int index)
{
    return attentions[index];
}

static const char *attention_about(int index)
{
    return index == DM_RNN_ADDITIVE
               ? "a small network compares its state with every source piece (Bahdanau et al. 2015)"
               : "nowhere; all that it gets is the encoder's last states (Cho et al. 2014)";
}

// clang-format off
const Option dm_option_dim_rnn = {
    .name = "dim-rnn", DM_ONE_VALUE, DM_WHOLE, .high = DM_MOST_WIDTH, .initial = "256",
    .help = "--type rnn: width of the recurrent states; the encoder has one for either direction"};
const Option dm_option_rnn_attention = {
    .name = "rnn-attention", DM_ONE_VALUE, DM_NAMED, .initial = "additive", .word = attention_name,
    .meaning = attention_about, .help = "--type rnn: how the decoder looks at the source:"};

#define AT(member) (offsetof(ModelConfig, shape) + offsetof(RnnShape, member))

static const ShapeRow shape[] = {
    {.key = "d_model", .type = DM_SHAPE_INTEGER, .offset = offsetof(ModelConfig, width), .low = 2,
     .high = DM_MOST_WIDTH, .missing = DM_MUST_BE_SAID, .usual = 256, .option = &dm_option_dim_emb},
    {.key = "hidden_size", .type = DM_SHAPE_INTEGER, .offset = AT(hidden), .low = 1, .high = DM_MOST_WIDTH,
     .missing = DM_MUST_BE_SAID, .usual = 256, .option = &dm_option_dim_rnn},
    {.key = "encoder_layers", .type = DM_SHAPE_INTEGER, .offset = AT(encoder_layers), .low = 1, .high = DM_MOST_LAYERS,
     .missing = DM_MUST_BE_SAID, .usual = 1, .option = &dm_option_enc_depth},
    {.key = "attention", .type = DM_SHAPE_NAME, .offset = AT(attention), .name = attention_name,
     .missing = DM_RNN_ADDITIVE, .option = &dm_option_rnn_attention},
    {.key = NULL},
};
// clang-format on

static SourceAttention source_attention(const ModelConfig *config)
{
    const bool looks = dm_rnn_shape(config)->attention == DM_RNN_ADDITIVE;
    return (SourceAttention){looks, looks};
}

static int longest(const ModelConfig *config)
{
    (void)config;
    return INT_MAX;
}

static bool misfit(const ModelConfig *config, Name *why)
{
    (void)config, (void)why;
    return false;
}

static cJSON *outline(const ModelConfig *c)
{
    const RnnShape *r = dm_rnn_shape(c);
    const int h = r->hidden;
    cJSON *list = dm_outline_of_embeddings(c, ""),
          *encoder = dm_outline(dm_name("encoder, %d bidirectional GRU%s of %d + %d", r->encoder_layers,
                                        r->encoder_layers == 1 ? "" : "s", h, h)
                                    .text),
          *decoder = dm_outline(dm_name("decoder, a GRU of %d", h).text);
    dm_outline_add(decoder,
                   dm_outline(r->attention == DM_RNN_ADDITIVE ? dm_name("additive attention to the encoder, %d", h).text
                                                              : "the encoder's last states at every step"));
    dm_outline_add(decoder, dm_outline(dm_name("readout %d - %d, tanh", 3 * h + c->width, c->width).text));
    cJSON_AddItemToArray(list, encoder);
    cJSON_AddItemToArray(list, decoder);
    cJSON_AddItemToArray(list, dm_outline_of_output(c));
    return list;
}

const Architecture dm_rnn = {
    .name = "rnn",
    .about = "a bidirectional GRU that reads and a GRU with attention that writes (Bahdanau et al. 2015)",
    .shape = shape,
    .examples = &dm_pairs,
    .layers_size = sizeof(Rnn),
    .declare = dm_rnn_declare,
    .connect = dm_rnn_connect,
    .disconnect = dm_rnn_disconnect,
    .source_attention = source_attention,
    .longest = longest,
    .misfit = misfit,
    .outline = outline,
    .encode = encode,
    .decode = decode,
    .start = dm_rnn_start,
    .extend = dm_rnn_extend,
    .keep = dm_rnn_keep,
    .finish = dm_rnn_finish,
};
