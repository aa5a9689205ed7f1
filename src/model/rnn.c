// The recurrent encoder-decoders: whole sequences, shape, and their row in the registry. The formulas stand in rnn.h.
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

// What a cell makes along sequences.
typedef struct Ran {
    const Tensor *rows;  // [rows, h] outputs
    const Tensor *last;  // [sequences, state]
} Ran;

static const Tensor *last_of(Graph *g, const Tensor *states, Spans spans, RnnOrder order)
{
    int *row = dm_arena_take(g->arena, (size_t)spans.n * sizeof(int));
    for (int i = 0; i < spans.n; i++) row[i] = spans.start[i] + (order == DM_LAST_TO_FIRST ? 0 : spans.length[i] - 1);
    return dm_collect(g, &states, 1, row, spans.n);
}

// The products with the inputs are one for all steps. start: [sequences, state], or NULL for zeros.
static Ran run_cell(Graph *g, const Cell *cell, const Tensor *x, Spans spans, RnnOrder order, const Tensor *start)
{
    const InTime time = dm_rnn_in_time(g->arena, spans, order);
    const Tensor *input = dm_linear_apply(g, &cell->input, x), *before;
    input = dm_collect(g, &input, 1, time.row, x->rows);
    const Tensor **states = dm_arena_take(g->arena, (size_t)time.steps * sizeof *states);
    if (start)
        before = dm_collect(g, &start, 1, time.sequence, spans.n);
    else
        before = zeros(g, spans.n, dm_cell_state(cell->kind, cell->hidden.weight.cols));
    dm_cell_steps(g, cell, x->rows);
    for (int step = 0; step < time.steps; step++) {
        const Tensor *in = dm_view(g, dm_rows(input, time.first[step], time.going[step])),
                     *state = dm_view(g, dm_rows(before, 0, time.going[step]));
        before = states[step] = dm_cell_step(g, cell, in, state);
    }
    const Tensor *all = dm_collect(g, states, time.steps, time.place, x->rows);
    return (Ran){dm_cell_output(g, cell, all), last_of(g, all, spans, order)};
}

// Without attention and with one direction all that is left of a source is a row: for each layer of the decoder the
// last state of the encoder's layer beside it, or of its last one.
static Memory last_states(Graph *g, const RnnShape *shape, const Tensor *const *last, int n)
{
    const Tensor *all = last[0];
    for (int layer = 1; layer < shape->decoder_layers; layer++)
        all = dm_concatenate(g, all, last[layer < shape->encoder_layers ? layer : shape->encoder_layers - 1]);
    int *start = dm_arena_take(g->arena, 2 * (size_t)n * sizeof(int)), *one = start + n;
    for (int i = 0; i < n; i++) start[i] = i, one[i] = 1;
    return (Memory){.rows = (Tensor *)all, .spans = {n, start, one}};
}

static Memory encode(Graph *g, const Model *model, Tokens source)
{
    const Rnn *r = model->layers;
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const RnnOrder forward = shape->reverse_source ? DM_REVERSED_BUT_THE_END : DM_IN_ORDER;
    const Tensor *x = dm_rnn_embed(g, model, &r->embeddings.source, source);
    const Tensor **last = dm_arena_take(g->arena, (size_t)shape->encoder_layers * sizeof *last);
    for (int layer = 0; layer < shape->encoder_layers; layer++) {
        Ran ran[2] = {{0}};
        if (shape->direction != DM_RNN_BACKWARD)
            ran[0] = run_cell(g, &r->encoder[layer][0], x, source.spans, forward, NULL);
        if (shape->direction != DM_RNN_FORWARD)
            ran[1] = run_cell(g, &r->encoder[layer][1], x, source.spans, DM_LAST_TO_FIRST, NULL);
        const Tensor *out = shape->direction == DM_RNN_BOTH ? dm_concatenate(g, ran[0].rows, ran[1].rows)
                            : ran[0].rows                   ? ran[0].rows
                                                            : ran[1].rows;
        last[layer] = ran[0].rows ? ran[0].last : ran[1].last;
        x = dm_dropout(g, layer && shape->residual ? dm_add(g, out, x) : out, g->dropout);
    }
    if (!dm_rnn_has_bridge(shape)) return last_states(g, shape, last, source.spans.n);
    return (Memory){.rows = (Tensor *)x, .spans = source.spans};
}

static const Tensor *start_of(Graph *g, const Model *model, const RnnSource *source, int layer)
{
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const int state = dm_cell_state(&dm_cells[shape->cell], shape->hidden);
    return dm_view(g, dm_columns(source->start, layer * state, state));
}

// Where no step needs more of the one before than states: layer by layer, all steps of a layer at once but for those.
static Tensor *decode_layers(Graph *g, const Model *model, const RnnSource *source, const Tensor *embedded, Spans spans)
{
    const Rnn *r = model->layers;
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const Tensor *x = embedded;
    for (int layer = 0; layer < shape->decoder_layers; layer++) {
        const Tensor *below = layer ? dm_dropout(g, x, g->dropout) : x,
                     *out =
                         run_cell(g, &r->decoder[layer], below, spans, DM_IN_ORDER, start_of(g, model, source, layer))
                             .rows;
        x = layer && shape->residual ? dm_add(g, out, x) : out;
    }
    if (!dm_rnn_looks_after(&model->config)) return dm_rnn_readout(g, model, x, NULL, embedded);
    const Spans keys = source->memory.spans;
    const AttentionView *view = dm_tap(g, DM_CROSS_ATTENTION, 1, spans, keys);
    return dm_rnn_readout(g, model, x, dm_rnn_look(g, model, source->memory, x, spans, keys, view), embedded);
}

// Row `step` of the picture of each sequence that is still going on.
static float **rows_of_pictures(Graph *g, float *const *pictures, const InTime *time, int step, Spans source)
{
    float **rows = dm_arena_take(g->arena, (size_t)time->going[step] * sizeof *rows);
    for (int k = 0; k < time->going[step]; k++) {
        const int sequence = time->sequence[k];
        rows[k] = pictures[sequence] + (size_t)step * (size_t)source.length[sequence];
    }
    return rows;
}

static const AttentionView *view_of_step(Graph *g, const AttentionView *whole, const InTime *time, int step)
{
    if (!whole) return NULL;
    AttentionView *view = dm_arena_take(g->arena, sizeof *view);
    *view = (AttentionView){.kind = DM_CROSS_ATTENTION, .heads = 1};
    view->probabilities = rows_of_pictures(g, whole->probabilities, time, step, whole->keys);
    if (whole->gradients) view->gradients = rows_of_pictures(g, whole->gradients, time, step, whole->keys);
    return view;
}

// Spans of the memory in the order in which sequences run.
static Spans spans_in_time(Graph *g, Spans spans, const InTime *time)
{
    int *start = dm_arena_take(g->arena, 2 * (size_t)spans.n * sizeof(int)), *length = start + spans.n;
    for (int k = 0; k < spans.n; k++) {
        start[k] = spans.start[time->sequence[k]];
        length[k] = spans.length[time->sequence[k]];
    }
    return (Spans){spans.n, start, length};
}

// The first rows of the states of all layers.
static const Tensor **going_on(Graph *g, const Tensor *const *states, int layers, int going)
{
    const Tensor **first = dm_arena_take(g->arena, (size_t)layers * sizeof *first);
    for (int layer = 0; layer < layers; layer++) first[layer] = dm_view(g, dm_rows(states[layer], 0, going));
    return first;
}

// All that steps multiply by: the decoder's cells, and what only some kinds have.
static void announce_steps(Graph *g, const Rnn *r, const RnnShape *shape, int rows)
{
    for (int layer = 0; layer < shape->decoder_layers; layer++) {
        dm_cell_steps(g, &r->decoder[layer], rows);
        if (layer) dm_linear_sum(g, &r->decoder[layer].input.weight, &r->decoder[layer].input.bias, rows);
    }
    dm_linear_sum(g, &r->beside, NULL, rows);
    if (shape->attention != DM_RNN_DOT) dm_linear_sum(g, &r->query, NULL, rows);
    if (shape->input_feeding) dm_linear_sum(g, &r->readout.weight, &r->readout.bias, rows);
}

// Step by step: with what the step before has looked at, or said.
static Tensor *decode_steps(Graph *g, const Model *model, const RnnSource *source, const Tensor *embedded, Spans spans)
{
    const Rnn *r = model->layers;
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const int layers = shape->decoder_layers, rows = embedded->rows;
    const InTime time = dm_rnn_in_time(g->arena, spans, DM_IN_ORDER);
    const Spans memory = source->memory.spans, keys = spans_in_time(g, memory, &time);
    const AttentionView *view = dm_tap(g, DM_CROSS_ATTENTION, 1, spans, memory);
    const Tensor *input = dm_linear_apply(g, &r->decoder[0].input, embedded);
    input = dm_collect(g, &input, 1, time.row, rows);
    const Tensor **before = dm_arena_take(g->arena, (size_t)layers * sizeof *before);
    for (int layer = 0; layer < layers; layer++) {
        const Tensor *start = start_of(g, model, source, layer);
        before[layer] = dm_collect(g, &start, 1, time.sequence, spans.n);
    }
    const Tensor **tops = dm_arena_take(g->arena, 2 * (size_t)time.steps * sizeof *tops), **others = tops + time.steps;
    const Tensor *fed = shape->input_feeding ? zeros(g, spans.n, model->config.width) : NULL;
    announce_steps(g, r, shape, rows);
    for (int t = 0; t < time.steps; t++) {
        const int going = time.going[t];
        const RnnStepped stepped = dm_rnn_step(g, model, source,
                                               &(RnnStep){.input = dm_view(g, dm_rows(input, time.first[t], going)),
                                                          .states = going_on(g, before, layers, going),
                                                          .source = {going, keys.start, keys.length},
                                                          .fed = fed ? dm_view(g, dm_rows(fed, 0, going)) : NULL,
                                                          .view = view_of_step(g, view, &time, t)});
        before = stepped.states;
        tops[t] = stepped.top;
        others[t] = stepped.context;
        if (fed) others[t] = fed = dm_rnn_readout(g, model, stepped.top, stepped.context, NULL);
    }
    Tensor *other = dm_collect(g, others, time.steps, time.place, rows);
    if (fed) return other;
    return dm_rnn_readout(g, model, dm_collect(g, tops, time.steps, time.place, rows), other, embedded);
}

static Tensor *decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    const Rnn *r = model->layers;
    const RnnSource source = dm_rnn_source(g, model, memory);
    const Tensor *embedded = dm_rnn_embed(g, model, &r->embeddings.target, target);
    const bool stepwise = dm_rnn_is_stepwise(dm_rnn_shape(&model->config));
    return dm_dropout(g, (stepwise ? decode_steps : decode_layers)(g, model, &source, embedded, target.spans),
                      g->dropout);
}

// ---- The shape ------------------------------------------------------------------------------------------------------

static const Choice attentions[] = {
    [DM_RNN_ADDITIVE] = {"additive",
                         "a small network compares its state with every source piece, before it reads the next "
                         "one (Bahdanau et al. 2015)"},
    [DM_RNN_DOT] = {"dot",
                    "the product of the state that has read it and what the encoder says of a piece (Luong et al. "
                    "2015)"},
    [DM_RNN_GENERAL] = {"general", "the same with a matrix between them (Luong et al. 2015)"},
    [DM_RNN_NO_ATTENTION] = {"none", "nowhere; it begins with the encoder's last state, and that is all it gets "
                                     "(Sutskever et al. 2014)"},
    {NULL, NULL},
};
static const Choice directions[] = {
    [DM_RNN_BOTH] = {"both", "two cells a layer, each --dim-rnn wide"},
    [DM_RNN_FORWARD] = {"forward", "from the first piece to the last"},
    [DM_RNN_BACKWARD] = {"backward", "from the last to the first"},
    {NULL, NULL},
};

static Choice attention_choice(int index)
{
    return attentions[index];
}

static Choice direction_choice(int index)
{
    return directions[index];
}

// clang-format off
const Option dm_option_dim_rnn = {
    .name = "dim-rnn", DM_ONE_VALUE, DM_WHOLE, .high = DM_MOST_WIDTH, .initial = "256",
    .help = "--type rnn: width of the recurrent states; an encoder of both directions has one for either"};
const Option dm_option_rnn_cell = {
    .name = "rnn-cell", DM_ONE_VALUE, DM_NAMED, .initial = "gru", .choice = dm_cell_choice,
    .help = "--type rnn: how a state becomes the next one:"};
const Option dm_option_enc_direction = {
    .name = "enc-direction", DM_ONE_VALUE, DM_NAMED, .initial = "both", .choice = direction_choice,
    .help = "--type rnn: how the encoder reads:"};
const Option dm_option_rnn_attention = {
    .name = "rnn-attention", DM_ONE_VALUE, DM_NAMED, .initial = "additive", .choice = attention_choice,
    .help = "--type rnn: how the decoder looks at the source:"};
const Option dm_option_input_feeding = {
    .name = "input-feeding", DM_OF_NEW_MODELS, .type = DM_FLAG,
    .help = "--type rnn with --rnn-attention dot or general: a step also reads what the one before it has said (Luong et "
            "al. 2015, section 3.3)"};
const Option dm_option_rnn_residual = {
    .name = "rnn-residual", DM_OF_NEW_MODELS, .type = DM_FLAG,
    .help = "--type rnn with several layers: what a layer reads is added to what it says"};
const Option dm_option_reverse_source = {
    .name = "reverse-source", DM_OF_NEW_MODELS, .type = DM_FLAG,
    .help = "--type rnn with --enc-direction forward: the words of the source are read from the last to the first, and "
            "then its end (Sutskever et al. 2014, section 3.3)"};

#define AT(member) (offsetof(ModelConfig, shape) + offsetof(RnnShape, member))

static const ShapeRow shape[] = {
    {.key = "d_model", .type = DM_SHAPE_INTEGER, .offset = offsetof(ModelConfig, width), .low = 2,
     .high = DM_MOST_WIDTH, .missing = DM_MUST_BE_SAID, .usual = 256, .option = &dm_option_dim_emb},
    {.key = "hidden_size", .type = DM_SHAPE_INTEGER, .offset = AT(hidden), .low = 1, .high = DM_MOST_WIDTH,
     .missing = DM_MUST_BE_SAID, .usual = 256, .option = &dm_option_dim_rnn},
    {.key = "cell", .type = DM_SHAPE_NAME, .offset = AT(cell), .choice = dm_cell_choice, .option = &dm_option_rnn_cell},
    {.key = "encoder_layers", .type = DM_SHAPE_INTEGER, .offset = AT(encoder_layers), .low = 1, .high = DM_MOST_LAYERS,
     .missing = DM_MUST_BE_SAID, .usual = 1, .option = &dm_option_enc_depth},
    {.key = "decoder_layers", .type = DM_SHAPE_INTEGER, .offset = AT(decoder_layers), .low = 1, .high = DM_MOST_LAYERS,
     .missing = 1, .usual = 1, .option = &dm_option_dec_depth},
    {.key = "encoder_direction", .type = DM_SHAPE_NAME, .offset = AT(direction), .choice = direction_choice,
     .option = &dm_option_enc_direction},
    {.key = "attention", .type = DM_SHAPE_NAME, .offset = AT(attention), .choice = attention_choice,
     .missing = DM_RNN_ADDITIVE, .option = &dm_option_rnn_attention},
    {.key = "input_feeding", .type = DM_SHAPE_FLAG, .offset = AT(input_feeding), .option = &dm_option_input_feeding,
     .with = {{"attention", DM_RNN_DOT, DM_RNN_GENERAL}}},
    {.key = "residual", .type = DM_SHAPE_FLAG, .offset = AT(residual), .option = &dm_option_rnn_residual,
     .with = {{"encoder_layers", 2, DM_MOST_LAYERS}, {"decoder_layers", 2, DM_MOST_LAYERS}}},
    {.key = "reverse_source", .type = DM_SHAPE_FLAG, .offset = AT(reverse_source), .option = &dm_option_reverse_source,
     .with = {{"encoder_direction", DM_RNN_FORWARD, DM_RNN_FORWARD}}},
    {DM_OUTPUT_ROW, .with = {{"attention", DM_RNN_ADDITIVE, DM_RNN_GENERAL}}},
    {DM_AHEAD_ROW},
    {.key = NULL},
};
// clang-format on

static SourceAttention source_attention(const ModelConfig *config)
{
    const bool looks = dm_rnn_shape(config)->attention != DM_RNN_NO_ATTENTION;
    return (SourceAttention){.layers = looks, .heads = looks};
}

// ---- For people -----------------------------------------------------------------------------------------------------

static cJSON *outline(const ModelConfig *c)
{
    const RnnShape *r = dm_rnn_shape(c);
    const int h = r->hidden;
    const char *cell = r->cell ? "LSTM" : "GRU", *residual = r->residual ? ", each added to what it reads" : "";
    const Name width = r->direction == DM_RNN_BOTH ? dm_name("%d + %d", h, h) : dm_name("%d", h);
    const char *direction = r->direction == DM_RNN_BOTH ? "bidirectional "
                            : r->reverse_source         ? "reversed "
                            : r->direction              ? r->direction == DM_RNN_FORWARD ? "forward " : "backward "
                                                        : "";
    cJSON *list = dm_outline_of_embeddings(c, ""),
          *encoder = dm_outline(dm_name("encoder, %d %s%s%s of %s%s", r->encoder_layers, direction, cell,
                                        dm_plural((size_t)r->encoder_layers), width.text, residual)
                                    .text),
          *decoder = dm_outline(r->decoder_layers == 1
                                    ? dm_name("decoder, %s %s of %d", r->cell ? "an" : "a", cell, h).text
                                    : dm_name("decoder, %d %ss of %d%s", r->decoder_layers, cell, h, residual).text);
    dm_outline_add(decoder, dm_outline(r->attention == DM_RNN_NO_ATTENTION
                                           ? "begins with the encoder's last state"
                                           : dm_name("%s attention to the encoder%s", attentions[r->attention].name,
                                                     r->input_feeding ? ", with input feeding" : "")
                                                 .text));
    dm_outline_add(decoder, dm_outline(dm_name("readout to %d", c->width).text));
    cJSON_AddItemToArray(list, encoder);
    cJSON_AddItemToArray(list, decoder);
    cJSON_AddItemToArray(list, dm_outline_of_output(c));
    return list;
}

const Architecture dm_rnn = {
    .name = "rnn",
    .about = "recurrent cells that read and, with attention, write (Sutskever et al. 2014; Bahdanau et al. 2015; Luong "
             "et al. 2015)",
    .shape = shape,
    .examples = dm_only_pairs,
    .layers_size = sizeof(Rnn),
    .stepwise = true,
    .declare = dm_rnn_declare,
    .connect = dm_rnn_connect,
    .disconnect = dm_rnn_disconnect,
    .source_attention = source_attention,
    .labels = dm_no_labels,
    .writing = dm_writes_on,
    .longest = dm_endless,
    .misfit = dm_fits_in_steps,
    .complete = dm_complete_nothing,
    .outline = outline,
    .encode = encode,
    .decode = decode,
    .start = dm_rnn_start,
    .extend = dm_rnn_extend,
    .keep = dm_rnn_keep,
    .finish = dm_rnn_finish,
};
