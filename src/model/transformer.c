// The Transformer (Vaswani et al. 2017, figure 1) with the kinds of norm, place and position that its shape names.
#include "model/transformer.h"

#include "model/layers/experts.h"
#include "model/outline.h"
#include "model/shape_options.h"

// ---- Whole sequences ------------------------------------------------------------------------------------------------

static Tensor *self_attention(const Sublayer *s, const Model *model, const EncoderLayer *l, Tensor *x, Tokens tokens,
                              bool causal)
{
    const Tensor *qkv = dm_linear_apply(s->g, &l->qkv, dm_enter(s, x));
    const Positions *positions = &((const Transformer *)model->layers)->positions[causal];
    const int width = x->cols, heads = positions->shape.heads;
    const Spans spans = tokens.spans;
    const AttentionKind kind = causal ? DM_DECODER_ATTENTION : DM_ENCODER_ATTENTION;
    const Tensor qk = dm_positions_turn(s->g, positions, tokens, dm_columns(qkv, 0, 2 * width));
    const Tensor *mixed =
        dm_attention(s->g, &(Attention){.q = dm_columns(&qk, 0, width),
                                        .k = dm_columns(&qk, width, width),
                                        .v = dm_columns(qkv, 2 * width, width),
                                        .queries = spans,
                                        .keys = spans,
                                        .heads = heads,
                                        .causal = causal,
                                        .window = dm_transformer_shape(&model->config)->attention_window,
                                        .slopes = positions->slopes,
                                        .probabilities = dm_tap(s->g, kind, heads, spans, spans)});
    return dm_leave(s, x, dm_linear_apply(s->g, &l->out, mixed));
}

static Memory encode(Graph *g, const Model *model, Tokens source)
{
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    const Transformer *t = model->layers;
    Tensor *x = dm_transformer_embed(g, model, false, source);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < shape->encoder_layers; i++) {
        const EncoderLayer *l = t->encoder + i;
        const Sublayer self = dm_transformer_sublayer(g, model, mark, &l->attention_norm),
                       ffn = dm_transformer_sublayer(g, model, mark, &l->ffn_norm);
        x = self_attention(&self, model, l, x, source, false);
        x = dm_transformer_feed_forward(&ffn, l, x);
    }
    return (Memory){dm_transformer_end(g, model, &t->encoder_norm, x), source.spans};
}

static Tensor *decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    const Transformer *t = model->layers;
    Tensor *x = dm_transformer_embed(g, model, true, target);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < shape->decoder_layers; i++) {
        const DecoderLayer *l = t->decoder + i;
        const Sublayer self = dm_transformer_sublayer(g, model, mark, &l->self.attention_norm),
                       cross = dm_transformer_sublayer(g, model, mark, &l->cross_norm),
                       ffn = dm_transformer_sublayer(g, model, mark, &l->self.ffn_norm);
        x = self_attention(&self, model, &l->self, x, target, true);
        const Tensor *key_value = dm_linear_apply(g, &l->key_value, memory.rows);
        x = dm_transformer_cross_attention(&cross, model, l, x, target.spans, key_value, memory.spans);
        x = dm_transformer_feed_forward(&ffn, &l->self, x);
    }
    return dm_transformer_end(g, model, &t->decoder_norm, x);
}

// ---- The shape ------------------------------------------------------------------------------------------------------

#define AT(member) (offsetof(ModelConfig, shape) + offsetof(TransformerShape, member))
#define OF_EXPERTS .with = {{"experts", 1, DM_MOST_EXPERTS}}

// clang-format off
static const ShapeRow shape[] = {
    {.key = "d_model", .type = DM_SHAPE_INTEGER, .offset = offsetof(ModelConfig, width), .low = 2,
     .high = DM_MOST_WIDTH, .missing = DM_MUST_BE_SAID, .usual = 256, .option = &dm_option_dim_emb},
    {.key = "encoder_layers", .type = DM_SHAPE_INTEGER, .offset = AT(encoder_layers), .low = 1, .high = DM_MOST_LAYERS,
     .missing = DM_MUST_BE_SAID, .usual = 3, .option = &dm_option_enc_depth},
    {.key = "decoder_layers", .type = DM_SHAPE_INTEGER, .offset = AT(decoder_layers), .low = 1, .high = DM_MOST_LAYERS,
     .missing = DM_MUST_BE_SAID, .usual = 3, .option = &dm_option_dec_depth},
    {.key = "encoder_attention_heads", .type = DM_SHAPE_INTEGER, .offset = AT(encoder_heads), .low = 1,
     .high = DM_MOST_HEADS, .missing = DM_MUST_BE_SAID, .usual = 4, .option = &dm_option_heads, .divides = "d_model"},
    {.key = "decoder_attention_heads", .type = DM_SHAPE_INTEGER, .offset = AT(decoder_heads), .low = 1,
     .high = DM_MOST_HEADS, .missing = DM_MUST_BE_SAID, .usual = 4, .option = &dm_option_heads, .divides = "d_model"},
    {.key = "encoder_ffn_dim", .type = DM_SHAPE_INTEGER, .offset = AT(encoder_ffn), .low = 1, .high = DM_MOST_FFN,
     .missing = DM_MUST_BE_SAID, .usual = 512, .option = &dm_option_dim_ffn},
    {.key = "decoder_ffn_dim", .type = DM_SHAPE_INTEGER, .offset = AT(decoder_ffn), .low = 1, .high = DM_MOST_FFN,
     .missing = DM_MUST_BE_SAID, .usual = 512, .option = &dm_option_dim_ffn},
    {.key = "activation_function", .type = DM_SHAPE_NAME, .offset = AT(activation), .choice = dm_activation_choice,
     .common = DM_COMMON_ACTIVATIONS, .missing = 1 /* gelu */, .usual = 0, .option = &dm_option_activation},
    {.key = "scale_embedding", .type = DM_SHAPE_FLAG, .offset = AT(scale_embedding), .missing = false, .usual = true},
    {.key = "norm", .type = DM_SHAPE_NAME, .offset = AT(norm), .choice = dm_norm_choice,
     .common = 1, .option = &dm_option_norm},
    {.key = "norm_place", .type = DM_SHAPE_NAME, .offset = AT(norm_place), .choice = dm_norm_place_choice,
     .option = &dm_option_norm_place},
    {.key = "positions", .type = DM_SHAPE_NAME, .offset = AT(positions), .choice = dm_position_choice,
     .common = DM_COMMON_POSITIONS, .option = &dm_option_positions},
    {.key = "experts", .type = DM_SHAPE_INTEGER, .offset = AT(experts), .low = 0, .high = DM_MOST_EXPERTS,
     .common = 1, .option = &dm_option_experts},
    {.key = "experts_top", .type = DM_SHAPE_INTEGER, .offset = AT(experts_top), .low = 1, .high = DM_MOST_EXPERTS,
     .missing = DM_MUST_BE_SAID, .usual = 2, .option = &dm_option_experts_top, OF_EXPERTS, .most = "experts"},
    {.key = "experts_shared", .type = DM_SHAPE_INTEGER, .offset = AT(experts_shared), .low = 0,
     .high = DM_MOST_EXPERTS, .option = &dm_option_experts_shared, OF_EXPERTS},
    {.key = "experts_ffn_dim", .type = DM_SHAPE_INTEGER, .offset = AT(experts_ffn), .low = 0, .high = DM_MOST_FFN,
     .option = &dm_option_experts_dim, OF_EXPERTS},
    {.key = "experts_every", .type = DM_SHAPE_INTEGER, .offset = AT(experts_every), .low = 1, .high = DM_MOST_LAYERS,
     .missing = 1, .usual = 1, .option = &dm_option_experts_every, OF_EXPERTS, .most = "encoder_layers"},
    {.key = "router", .type = DM_SHAPE_NAME, .offset = AT(router), .choice = dm_router_choice,
     .option = &dm_option_router, OF_EXPERTS},
    {.key = "max_position_embeddings", .type = DM_SHAPE_INTEGER, .offset = AT(max_positions), .low = 1,
     .high = DM_MOST_PLACES, .missing = 1024, .usual = 512, .option = &dm_option_max_positions},
    {.key = "attention_window", .type = DM_SHAPE_INTEGER, .offset = AT(attention_window), .high = DM_MOST_PLACES,
     .common = 1, .option = &dm_option_attention_window},
    {.key = NULL},
};
// clang-format on

static SourceAttention source_attention(const ModelConfig *config)
{
    const TransformerShape *t = dm_transformer_shape(config);
    return (SourceAttention){t->decoder_layers, t->decoder_heads};
}

static int longest(const ModelConfig *config)
{
    const TransformerShape *t = dm_transformer_shape(config);
    return dm_position_kinds[t->positions]->ends ? t->max_positions : INT_MAX;
}

static bool misfit(const ModelConfig *config, Name *why)
{
    const PositionKind *kind = dm_position_kinds[dm_transformer_shape(config)->positions];
    for (int decoder = 0; kind->misfit && decoder < 2; decoder++) {
        const PositionShape stack = dm_transformer_position_shape(config, decoder);
        if (kind->misfit(&stack, why)) return true;
    }
    return false;
}

// ---- For people -----------------------------------------------------------------------------------------------------

static Name described(const FeedForwardShape *ffn)
{
    const Name dense = dm_name("%d - %d - %d, %s", ffn->width, ffn->inner, ffn->width, ffn->activation->name);
    if (!ffn->experts) return dm_name("feed-forward %.100s", dense.text);
    const Name shared = ffn->shared ? dm_name(" and %d that every piece goes to", ffn->shared) : dm_name("%s", "");
    return dm_name("%d experts of %.60s, the top %d by %s%.40s", ffn->experts, dense.text, ffn->top,
                   dm_router_choice(ffn->sigmoid).name, shared.text);
}

static cJSON *outline_of_stack(const ModelConfig *c, bool decoder)
{
    const TransformerShape *t = dm_transformer_shape(c);
    const int layers = decoder ? t->decoder_layers : t->encoder_layers,
              heads = decoder ? t->decoder_heads : t->encoder_heads;
    const Name norm = t->norm ? dm_name(" (%s)", dm_norms[t->norm]->name) : dm_name("%s", "");  // layer norm is meant
    cJSON *stack = dm_outline(dm_name("%s, %d layer%s, %s-norm%s", decoder ? "decoder" : "encoder", layers,
                                      layers == 1 ? "" : "s", dm_norm_places[t->norm_place].name, norm.text)
                                  .text);
    const PositionKind *positions = dm_position_kinds[t->positions];
    const Name each = dm_name("%d heads x %d", heads, c->width / heads);
    const Name far = t->attention_window ? dm_name(", at most %d places away", t->attention_window) : dm_name("%s", "");
    dm_outline_add(stack, dm_outline(dm_name("self-attention%s, %s%s%s%s", decoder ? " to what is written so far" : "",
                                             each.text, positions->attended ? ", " : "",
                                             positions->attended ? positions->attended : "", far.text)
                                         .text));
    if (decoder) dm_outline_add(stack, dm_outline(dm_name("attention to the encoder, %s", each.text).text));
    const int every = t->experts ? t->experts_every : 1;
    const FeedForwardShape first = dm_transformer_feed_forward_shape(c, decoder, 0),
                           last = dm_transformer_feed_forward_shape(c, decoder, every - 1);
    dm_outline_add(stack, dm_outline(described(&first).text));
    if (every > 1 && every <= layers)
        dm_outline_add(stack,
                       dm_outline(dm_name("one layer in %d has instead %.120s", every, described(&last).text).text));
    if (dm_norm_places[t->norm_place].at_end)
        dm_outline_add(stack, dm_outline(dm_name("%s norm", dm_norms[t->norm]->name).text));
    return stack;
}

static cJSON *outline(const ModelConfig *c)
{
    const TransformerShape *t = dm_transformer_shape(c);
    const Name scale = t->scale_embedding ? dm_name(", times sqrt(%d)", c->width) : dm_name("%s", "");
    const PositionKind *positions = dm_position_kinds[t->positions];
    const Name places = positions->ends ? dm_name("%d ", t->max_positions) : dm_name("%s", ""),
               added = positions->added      ? dm_name(", plus %s%s", places.text, positions->added)
                       : positions->attended ? dm_name("%s", "")
                                             : dm_name("%s", ", without positions");
    cJSON *list = dm_outline_of_embeddings(c, dm_name("%s%s", scale.text, added.text).text);
    cJSON_AddItemToArray(list, outline_of_stack(c, false));
    cJSON_AddItemToArray(list, outline_of_stack(c, true));
    cJSON_AddItemToArray(list, dm_outline_of_output(c));
    return list;
}

const Architecture dm_transformer = {
    .name = "transformer",
    .about = "attention alone (Vaswani et al. 2017)",
    .shape = shape,
    .examples = &dm_pairs,
    .layers_size = sizeof(Transformer),
    .declare = dm_transformer_declare,
    .connect = dm_transformer_connect,
    .disconnect = dm_transformer_disconnect,
    .source_attention = source_attention,
    .longest = longest,
    .misfit = misfit,
    .outline = outline,
    .encode = encode,
    .decode = decode,
    .start = dm_transformer_start,
    .extend = dm_transformer_extend,
    .keep = dm_transformer_keep,
    .finish = dm_transformer_finish,
};
