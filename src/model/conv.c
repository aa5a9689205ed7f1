// The convolutional encoder-decoders: whole sequences, shape, and their row in the registry. The formulas stand in
// conv.h.
#include "model/conv.h"

#include <math.h>

#include "model/outline.h"
#include "model/shape_options.h"

// ---- Whole sequences ------------------------------------------------------------------------------------------------

// Windows of the sequences: around each row, or ending at it.
static const Window *windows_of(Graph *g, const ConvStack *stack, Tokens tokens, bool causal)
{
    Window *windows = dm_arena_take(g->arena, (size_t)stack->count * sizeof *windows);
    for (int layer = 0; layer < stack->count; layer++) {
        const int width = stack->layers[layer].width, left = causal ? width - 1 : (width - 1) / 2;
        int *order = dm_arena_take(g->arena, (size_t)tokens.n * (size_t)width * sizeof(int)), *at = order;
        for (int s = 0; s < tokens.spans.n; s++)
            for (int i = 0; i < tokens.spans.length[s]; i++)
                for (int j = i - left; j < i - left + width; j++)
                    *at++ = j < 0 || j >= tokens.spans.length[s] ? -1 : tokens.spans.start[s] + j;
        windows[layer] = (Window){tokens.n, width, order};
    }
    return windows;
}

static ConvRows rows_of(Graph *g, const ConvStack *stack, Tokens tokens, bool causal)
{
    return (ConvRows){.tokens = tokens, .windows = windows_of(g, stack, tokens, causal)};
}

static Tensor *convolution(const Sublayer *s, const Model *model, const ConvLayer *l, Tensor *x, Window window)
{
    const Tensor *u = dm_conv_inner(s->g, model, l, dm_enter(s, x));
    return dm_leave(s, x, dm_conv_mix(s->g, model, l, u, dm_conv_kernels(s->g, model, l, u), window));
}

static Tensor *feed_forward(const Sublayer *s, const ConvLayer *l, Tensor *x)
{
    return dm_leave(s, x, l->ffn.kind->apply(s->g, &l->ffn, dm_enter(s, x)));
}

static Memory encode_plain(Graph *g, const Model *model, const ConvRows *rows)
{
    const Conv *c = model->layers;
    const Tensor *embedded = dm_conv_embed(g, model, false, rows->tokens);
    Tensor *x = dm_linear_apply(g, &c->encoder.first, embedded);
    for (int i = 0; i < c->encoder.count; i++) {
        const ConvLayer *l = &c->encoder.layers[i];
        const Tensor *u = dm_conv_inner(g, model, l, x);
        x = dm_conv_sum(g, dm_conv_mix(g, model, l, u, dm_conv_kernels(g, model, l, u), rows->windows[i]), x);
    }
    // As many gradients come back as there are decoder layers, twice: through scores and values.
    const Tensor *z = dm_scale_gradient(g, dm_conv_end(g, model, &c->encoder, x), 0.5f / (float)c->decoder.count);
    return (Memory){.rows = dm_concatenate(g, z, dm_conv_sum(g, z, embedded)), .spans = rows->tokens.spans};
}

static Memory encode_light(Graph *g, const Model *model, const ConvRows *rows)
{
    const Conv *c = model->layers;
    Tensor *x = dm_conv_embed(g, model, false, rows->tokens);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < c->encoder.count; i++) {
        const ConvLayer *l = &c->encoder.layers[i];
        const Sublayer conv = dm_conv_sublayer(g, model, mark, &l->conv_norm),
                       ffn = dm_conv_sublayer(g, model, mark, &l->ffn_norm);
        x = convolution(&conv, model, l, x, rows->windows[i]);
        x = feed_forward(&ffn, l, x);
    }
    return (Memory){.rows = dm_conv_end(g, model, &c->encoder, x), .spans = rows->tokens.spans};
}

static Memory encode(Graph *g, const Model *model, Tokens source)
{
    const ConvRows rows = rows_of(g, &((const Conv *)model->layers)->encoder, source, false);
    return (dm_conv_is_light(&model->config) ? encode_light : encode_plain)(g, model, &rows);
}

static Tensor *decode_plain(Graph *g, const Model *model, Memory memory, const ConvRows *rows)
{
    const Conv *c = model->layers;
    const Tensor *embedded = dm_conv_embed(g, model, true, rows->tokens);
    Tensor *x = dm_linear_apply(g, &c->decoder.first, embedded);
    for (int i = 0; i < c->decoder.count; i++) {
        const ConvLayer *l = &c->decoder.layers[i];
        const Tensor *u = dm_conv_inner(g, model, l, x);
        Tensor *mixed = dm_conv_mix(g, model, l, u, dm_conv_kernels(g, model, l, u), rows->windows[i]);
        x = dm_conv_sum(g, dm_conv_look(g, model, l, mixed, embedded, rows, memory.rows), x);
    }
    return dm_dropout(g, dm_conv_end(g, model, &c->decoder, x), g->dropout);
}

static Tensor *decode_light(Graph *g, const Model *model, Memory memory, const ConvRows *rows)
{
    const Conv *c = model->layers;
    Tensor *x = dm_conv_embed(g, model, true, rows->tokens);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < c->decoder.count; i++) {
        const ConvLayer *l = &c->decoder.layers[i];
        const Sublayer conv = dm_conv_sublayer(g, model, mark, &l->conv_norm),
                       cross = dm_conv_sublayer(g, model, mark, &l->cross_norm),
                       ffn = dm_conv_sublayer(g, model, mark, &l->ffn_norm);
        x = convolution(&conv, model, l, x, rows->windows[i]);
        x = dm_conv_cross(&cross, model, l, x, rows, dm_linear_apply(g, &l->key_value, memory.rows));
        x = feed_forward(&ffn, l, x);
    }
    return dm_conv_end(g, model, &c->decoder, x);
}

static Tensor *decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    ConvRows rows = rows_of(g, &((const Conv *)model->layers)->decoder, target, true);
    rows.source = memory.spans;
    float *roots = dm_arena_take(g->arena, (size_t)target.n * sizeof *roots);
    for (int s = 0, at = 0; s < target.spans.n; s++)
        for (int i = 0; i < target.spans.length[s]; i++) roots[at++] = sqrtf((float)memory.spans.length[s]);
    rows.roots = roots;
    return (dm_conv_is_light(&model->config) ? decode_light : decode_plain)(g, model, memory, &rows);
}

// ---- The shape ------------------------------------------------------------------------------------------------------

static const Choice kinds[] = {
    [DM_CONV_PLAIN] = {"plain",
                       "gated convolutions, with one head of attention in every decoder layer (Gehring et al. 2017)"},
    [DM_CONV_SEPARABLE] = {"separable", "the same, each column by itself and then a product (Kaiser et al. 2017)"},
    [DM_CONV_LIGHT] =
        {"light", "a Transformer in which few heads of convolutions take the place of self-attention (Wu et al. 2019)"},
    [DM_CONV_DYNAMIC] = {"dynamic", "the same, with weights that each piece makes for itself"},
    {NULL, NULL},
};

static Choice kind_choice(int index)
{
    return kinds[index];
}

enum { MOST_KERNEL = 255 };

// clang-format off
const Option dm_option_conv = {
    .name = "conv", DM_ONE_VALUE, DM_NAMED, .initial = "plain", .choice = kind_choice,
    .help = "--type conv: what its layers are made of:"};
const Option dm_option_conv_kernel = {
    .name = "conv-kernel", DM_ONE_VALUE, DM_WHOLE, .high = MOST_KERNEL, .initial = "3",
    .help = "--type conv: how many pieces the windows of the first layer see; each further layer sees 2 N + 1, up to "
            "--conv-largest"};
const Option dm_option_conv_largest = {
    .name = "conv-largest", DM_ONE_VALUE, DM_WHOLE, .high = MOST_KERNEL, .initial = "3",
    .help = "--type conv: how many pieces a window sees at most; less than --conv-kernel: all see as many as the first"};

#define AT(member) (offsetof(ModelConfig, shape) + offsetof(ConvShape, member))
#define OF_LIGHT .with = {{"conv", DM_CONV_LIGHT, DM_CONV_DYNAMIC}}

static const ShapeRow shape[] = {
    {.key = "d_model", .type = DM_SHAPE_INTEGER, .offset = offsetof(ModelConfig, width), .low = 2,
     .high = DM_MOST_WIDTH, .missing = DM_MUST_BE_SAID, .usual = 256, .option = &dm_option_dim_emb},
    {.key = "conv", .type = DM_SHAPE_NAME, .offset = AT(kind), .choice = kind_choice, .missing = DM_MUST_BE_SAID,
     .option = &dm_option_conv},
    {.key = "encoder_layers", .type = DM_SHAPE_INTEGER, .offset = AT(encoder_layers), .low = 1, .high = DM_MOST_LAYERS,
     .missing = DM_MUST_BE_SAID, .usual = 3, .option = &dm_option_enc_depth},
    {.key = "decoder_layers", .type = DM_SHAPE_INTEGER, .offset = AT(decoder_layers), .low = 1, .high = DM_MOST_LAYERS,
     .missing = DM_MUST_BE_SAID, .usual = 3, .option = &dm_option_dec_depth},
    {.key = "kernel_size", .type = DM_SHAPE_INTEGER, .offset = AT(kernel), .low = 1, .high = MOST_KERNEL,
     .missing = DM_MUST_BE_SAID, .usual = 3, .option = &dm_option_conv_kernel},
    {.key = "largest_kernel_size", .type = DM_SHAPE_INTEGER, .offset = AT(largest), .low = 1, .high = MOST_KERNEL,
     .missing = DM_MUST_BE_SAID, .usual = 3, .option = &dm_option_conv_largest},
    {.key = "heads", .type = DM_SHAPE_INTEGER, .offset = AT(heads), .low = 1, .high = DM_MOST_HEADS, .missing = 1,
     .usual = 4, .option = &dm_option_heads, .divides = "d_model", OF_LIGHT},
    {.key = "ffn_dim", .type = DM_SHAPE_INTEGER, .offset = AT(ffn), .low = 1, .high = DM_MOST_FFN, .missing = 512,
     .usual = 512, .option = &dm_option_dim_ffn, OF_LIGHT},
    {.key = "activation_function", .type = DM_SHAPE_NAME, .offset = AT(activation), .choice = dm_activation_choice,
     .option = &dm_option_activation, OF_LIGHT},
    {.key = "norm", .type = DM_SHAPE_NAME, .offset = AT(norm), .choice = dm_norm_choice, .option = &dm_option_norm,
     OF_LIGHT},
    {.key = "norm_place", .type = DM_SHAPE_NAME, .offset = AT(norm_place), .choice = dm_norm_place_choice,
     .option = &dm_option_norm_place, OF_LIGHT},
    {DM_OUTPUT_ROW},
    {DM_AHEAD_ROW},
    {.key = NULL},
};
// clang-format on

static SourceAttention source_attention(const ModelConfig *config)
{
    const ConvShape *s = dm_conv_shape(config);
    return (SourceAttention){.layers = s->decoder_layers, .heads = dm_conv_is_light(config) ? s->heads : 1};
}

// ---- For people -----------------------------------------------------------------------------------------------------

static cJSON *outline_of_stack(const ModelConfig *c, bool decoder)
{
    const ConvShape *s = dm_conv_shape(c);
    const int layers = decoder ? s->decoder_layers : s->encoder_layers, d = c->width;
    const Name widths = s->largest > s->kernel && layers > 1 ? dm_name("%d to %d pieces", s->kernel, s->largest)
                                                             : dm_name("%d pieces", s->kernel);
    cJSON *stack =
        dm_outline(dm_name("%s, %d layer%s", decoder ? "decoder" : "encoder", layers, dm_plural((size_t)layers)).text);
    dm_outline_add(stack, dm_outline(dm_name("%s convolution, windows of %s%s", kinds[s->kind].name, widths.text,
                                             decoder ? " up to the last one" : "")
                                         .text));
    const int heads = dm_conv_is_light(c) ? s->heads : 1;
    if (decoder)
        dm_outline_add(
            stack,
            dm_outline(
                dm_name("attention to the encoder, %d head%s x %d", heads, dm_plural((size_t)heads), d / heads).text));
    if (dm_conv_is_light(c))
        dm_outline_add(
            stack,
            dm_outline(
                dm_name("feed-forward %d - %d - %d, %s", d, s->ffn, d, dm_activations[s->activation].name).text));
    return stack;
}

static cJSON *outline(const ModelConfig *c)
{
    cJSON *list = dm_outline_of_embeddings(c, dm_name(", times sqrt(%d), plus sinusoidal positions", c->width).text);
    cJSON_AddItemToArray(list, outline_of_stack(c, false));
    cJSON_AddItemToArray(list, outline_of_stack(c, true));
    cJSON_AddItemToArray(list, dm_outline_of_output(c));
    return list;
}

const Architecture dm_conv = {
    .name = "conv",
    .about = "convolutions with attention to the source (Gehring et al. 2017; Wu et al. 2019)",
    .shape = shape,
    .examples = dm_only_pairs,
    .layers_size = sizeof(Conv),
    .declare = dm_conv_declare,
    .connect = dm_conv_connect,
    .disconnect = dm_conv_disconnect,
    .source_attention = source_attention,
    .labels = dm_no_labels,
    .writing = dm_writes_on,
    .longest = dm_endless,
    .misfit = dm_fits_in_steps,
    .complete = dm_complete_nothing,
    .outline = outline,
    .encode = encode,
    .decode = decode,
    .start = dm_conv_start,
    .extend = dm_conv_extend,
    .keep = dm_conv_keep,
    .finish = dm_conv_finish,
};
