// The Transformer (Vaswani et al. 2017, figure 1) with the kinds of norm, place and position that its shape names.
#include "model/transformer.h"

#include "model/layers/experts.h"
#include "model/outline.h"
#include "model/shape_options.h"

// ---- Whole sequences ------------------------------------------------------------------------------------------------

static bool is_causal(const ModelConfig *config)
{
    return dm_transformer_shape(config)->decoder_mask == DM_MASK_CAUSAL;
}

static Tensor *self_attention(const Sublayer *s, const Model *model, const Block *block, Tensor *x, Tokens tokens,
                              bool decoder)
{
    const Positions *positions = &((const Transformer *)model->layers)->positions[decoder];
    const int heads = positions->shape.heads;
    const Spans spans = tokens.spans;
    const AttentionKind kind = decoder ? DM_DECODER_ATTENTION : DM_ENCODER_ATTENTION;
    const Heads made = dm_block_heads(s, block, positions, tokens, x);
    return dm_block_mix(s, block, x,
                        &(Attention){.q = made.q,
                                     .k = made.k,
                                     .v = made.v,
                                     .queries = spans,
                                     .keys = spans,
                                     .heads = heads,
                                     .dropout = s->g->attention_dropout,
                                     .causal = decoder && is_causal(&model->config) && !s->g->whole_target,
                                     .window = dm_transformer_shape(&model->config)->attention_window,
                                     .slopes = positions->slopes,
                                     .view = dm_tap(s->g, kind, heads, spans, spans)});
}

Memory dm_transformer_encode(Graph *g, const Model *model, Tokens source)
{
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    const Transformer *t = model->layers;
    Tensor *x = dm_transformer_embed(g, model, false, source);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < shape->encoder_layers; i++) {
        if (dm_is_dropped(g, i)) continue;
        const Block *l = t->encoder + i;
        const Sublayer self = dm_transformer_sublayer(g, model, mark, &l->attention_norm),
                       ffn = dm_transformer_sublayer(g, model, mark, &l->ffn_norm);
        x = self_attention(&self, model, l, x, source, false);
        x = dm_block_feed_forward(&ffn, l, x);
    }
    return (Memory){.rows = dm_transformer_end(g, model, &t->encoder_norm, x), .spans = source.spans};
}

static bool writes_at_once(const ModelConfig *config)
{
    return dm_outputs[config->output]->at_once;
}

// What the decoder begins with that writes all at once: the rows of the source, each several times, and their places.
static Tensor *upsampled(Graph *g, const Model *model, Memory memory, Tokens places)
{
    const int times = dm_transformer_shape(&model->config)->ctc_upsample;
    int *row = dm_arena_take(g->arena, (size_t)places.n * sizeof(int));
    for (int s = 0; s < places.spans.n; s++)
        for (int j = 0; j < places.spans.length[s]; j++)
            row[places.spans.start[s] + j] = memory.spans.start[s] + j / times;
    const Tensor *const parts[1] = {memory.rows}, *copies = dm_collect(g, parts, 1, row, places.n);
    return dm_dropout(g, dm_add(g, copies, dm_transformer_places(g, model, places)), g->dropout);
}

static Tensor *decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    const Transformer *t = model->layers;
    Tensor *x = writes_at_once(&model->config) ? upsampled(g, model, memory, target)
                                               : dm_transformer_embed(g, model, true, target);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < shape->decoder_layers; i++) {
        if (dm_is_dropped(g, shape->encoder_layers + i)) continue;
        const DecoderLayer *l = t->decoder + i;
        const Sublayer self = dm_transformer_sublayer(g, model, mark, &l->self.attention_norm),
                       cross = dm_transformer_sublayer(g, model, mark, &l->cross_norm),
                       ffn = dm_transformer_sublayer(g, model, mark, &l->self.ffn_norm);
        if (dm_autoreg_scans(&l->autoreg)) {
            const Sublayer own = dm_transformer_sublayer(g, model, mark, &l->autoreg.norm);
            const Chain chain = dm_chain(g, target.spans, target.n, model->config.width);
            x = dm_autoreg(&own, &l->autoreg, x, &chain);
        } else {
            x = self_attention(&self, model, &l->self, x, target, true);
        }
        const Tensor *key_value = dm_linear_apply(g, &l->key_value, memory.rows);
        x = dm_transformer_cross_attention(&cross, model, l, x, target.spans, key_value, memory.spans);
        x = dm_block_feed_forward(&ffn, &l->self, x);
    }
    return dm_transformer_end(g, model, &t->decoder_norm, x);
}

// ---- The shape ------------------------------------------------------------------------------------------------------

static const Choice masks[] = {
    [DM_MASK_CAUSAL] = {"causal", "what is written so far"},
    [DM_MASK_NONE] = {"none", "all of it"},
    {NULL, NULL},
};

static Choice mask_choice(int index)
{
    return masks[index];
}

// clang-format off
const Option dm_option_ctc_upsample = {
    .name = "ctc-upsample", DM_ONE_VALUE, DM_OF_NEW_MODELS, .type = DM_INTEGER, .argument = "N", .low = 1, .high = 16,
    .initial = "2",
    .help = "--output-layer ctc: rows of each piece of the source; a pair whose target does not fit them is left out: each "
            "of its pieces needs one, and one more between two that are the same"};

static const ShapeRow shape[] = {
    {.key = "d_model", .type = DM_SHAPE_INTEGER, .offset = offsetof(ModelConfig, width), .low = 2,
     .high = DM_MOST_WIDTH, .missing = DM_MUST_BE_SAID, .usual = 256, .option = &dm_option_dim_emb},
    {.key = "encoder_layers", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(encoder_layers), .low = 1, .high = DM_MOST_LAYERS,
     .missing = DM_MUST_BE_SAID, .usual = 3, .option = &dm_option_enc_depth},
    {.key = "decoder_layers", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(decoder_layers), .low = 1, .high = DM_MOST_LAYERS,
     .missing = DM_MUST_BE_SAID, .usual = 3, .option = &dm_option_dec_depth},
    {.key = "encoder_attention_heads", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(encoder_heads), .low = 1,
     .high = DM_MOST_HEADS, .missing = DM_MUST_BE_SAID, .usual = 4, .option = &dm_option_heads, .divides = "d_model"},
    {.key = "decoder_attention_heads", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(decoder_heads), .low = 1,
     .high = DM_MOST_HEADS, .missing = DM_MUST_BE_SAID, .usual = 4, .option = &dm_option_heads, .divides = "d_model"},
    {.key = "encoder_ffn_dim", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(encoder_ffn), .low = 1, .high = DM_MOST_FFN,
     .missing = DM_MUST_BE_SAID, .usual = 512, .option = &dm_option_dim_ffn},
    {.key = "decoder_ffn_dim", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(decoder_ffn), .low = 1, .high = DM_MOST_FFN,
     .missing = DM_MUST_BE_SAID, .usual = 512, .option = &dm_option_dim_ffn},
    DM_TRANSFORMER_ROWS("encoder_layers", 0, 0, true),
    {.key = "norm_epsilon", .type = DM_SHAPE_TINY, .offset = DM_TRANSFORMER_AT(norm_epsilon), .low = 0,
     .high = 1000000000 /* 0.001 */, .common = 1, .with = {{"norm", 0, 1}}},  // batch norm has the usual one
    {.key = "decoder_autoreg", .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(autoreg), .choice = dm_autoreg_choice,
     .common = 1, .option = &dm_option_dec_autoreg},
    {DM_OUTPUT_ROW},
    {.key = DM_DECODER_MASK, .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(decoder_mask), .choice = mask_choice,
     .common = 1},  // the objective of a new model says which, or its output layer
    {.key = DM_CTC_UPSAMPLE, .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(ctc_upsample), .low = 1, .high = 16,
     .missing = DM_MUST_BE_SAID, .usual = 2, .option = &dm_option_ctc_upsample, .with = {{"output_layer", 2, 2}}},
    {DM_AHEAD_ROW},
    {.key = NULL},
};
// clang-format on

SourceAttention dm_transformer_source_attention(const ModelConfig *config)
{
    const TransformerShape *t = dm_transformer_shape(config);
    if (t->decoder_mask != DM_MASK_CAUSAL) return (SourceAttention){0};
    return (SourceAttention){
        .layers = t->decoder_layers, .heads = t->decoder_heads, .of_whole = !dm_autoregs[t->autoreg].apply};
}

static Writing writing(const ModelConfig *config)
{
    return writes_at_once(config) ? DM_AT_ONCE : is_causal(config) ? DM_PIECE_BY_PIECE : DM_IN_ANY_ORDER;
}

static void complete(ModelConfig *config)
{
    if (writes_at_once(config)) dm_transformer_shape(config)->decoder_mask = DM_MASK_NONE;
}

// A file may say anything.
static bool misfit(const ModelConfig *config, Name *why)
{
    const AutoregKind *autoreg = &dm_autoregs[dm_transformer_shape(config)->autoreg];
    if (!is_causal(config) && autoreg->apply) {
        *why = dm_name(
            "--dec-autoreg %s goes on piece by piece, and this decoder sees all of a target (--objective masked, "
            "--output-layer ctc): leave one out",
            autoreg->name);
        return true;
    }
    const OutputKind *output = dm_outputs[config->output];
    if (!(is_causal(config) ? output->at_once : output->copies)) return dm_transformer_misfit(config, why);
    *why = output->copies
               ? dm_name("--output-layer %s copies piece by piece, and this decoder sees all of a target (--objective "
                         "masked): take one of them",
                         output->name)
               : dm_name("--output-layer %s says a text all at once, and this decoder goes on piece by piece: its "
                         "\"decoder_mask\" must be \"none\"",
                         output->name);
    return true;
}

static int longest(const ModelConfig *config)
{
    const TransformerShape *t = dm_transformer_shape(config);
    const int times = writes_at_once(config) ? t->ctc_upsample : 1;
    return dm_position_kinds[t->positions]->ends ? t->max_positions / times : INT_MAX;
}

bool dm_transformer_misfit(const ModelConfig *config, Name *why)
{
    const TransformerShape *t = dm_transformer_shape(config);
    const PositionKind *kind = dm_position_kinds[t->positions];
    for (int decoder = !t->encoder_layers; kind->misfit && decoder <= (t->decoder_layers > 0); decoder++) {
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
                                      dm_plural((size_t)layers), dm_norm_places[t->norm_place].name, norm.text)
                                  .text);
    const PositionKind *positions = dm_position_kinds[t->positions];
    const Name shared = t->key_heads ? dm_name(" on %d of keys", t->key_heads) : dm_name("%s", ""),
               each = dm_name("%d heads x %d%s", heads, c->width / heads, shared.text);
    const Name far = t->attention_window ? dm_name(", at most %d places away", t->attention_window) : dm_name("%s", "");
    const AutoregKind *autoreg = &dm_autoregs[decoder ? t->autoreg : 0];
    if (autoreg->apply)
        dm_outline_add(stack, dm_outline(dm_name("%s of what is written so far", autoreg->name).text));
    else
        dm_outline_add(stack, dm_outline(dm_name("self-attention%s, %s%s%s%s",
                                                 !decoder            ? ""
                                                 : writes_at_once(c) ? " of its source's rows, several of each piece"
                                                 : is_causal(c)      ? " to what is written so far"
                                                                     : " to the whole target",
                                                 each.text, positions->attended ? ", " : "",
                                                 positions->attended ? positions->attended : "", far.text)
                                             .text));
    if (decoder && t->encoder_layers)
        dm_outline_add(stack, dm_outline(dm_name("attention to the encoder, %s", each.text).text));
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

cJSON *dm_transformer_outline(const ModelConfig *c)
{
    const TransformerShape *t = dm_transformer_shape(c);
    const Name scale = t->scale_embedding ? dm_name(", times sqrt(%d)", c->width) : dm_name("%s", "");
    const PositionKind *positions = dm_position_kinds[t->positions];
    const Name places = positions->ends ? dm_name("%d ", t->max_positions) : dm_name("%s", ""),
               added = positions->added      ? dm_name(", plus %s%s", places.text, positions->added)
                       : positions->attended ? dm_name("%s", "")
                                             : dm_name("%s", ", without positions");
    cJSON *list = dm_outline_of_embeddings(c, dm_name("%s%s", scale.text, added.text).text);
    if (t->encoder_layers) cJSON_AddItemToArray(list, outline_of_stack(c, false));
    if (t->decoder_layers) cJSON_AddItemToArray(list, outline_of_stack(c, true));
    cJSON *output = dm_outline_of_output(c);
    if (writes_at_once(c))
        dm_outline_add(output,
                       dm_outline(dm_name("CTC: %d row%s for each piece of the source, and a row says a piece or "
                                          "nothing",
                                          t->ctc_upsample, dm_plural((size_t)t->ctc_upsample))
                                      .text));
    cJSON_AddItemToArray(list, output);
    return list;
}

const Architecture dm_transformer = {
    .name = "transformer",
    .about = "attention alone (Vaswani et al. 2017)",
    .shape = shape,
    .examples = dm_only_pairs,
    .layers_size = sizeof(Transformer),
    .declare = dm_transformer_declare,
    .connect = dm_transformer_connect,
    .disconnect = dm_transformer_disconnect,
    .source_attention = dm_transformer_source_attention,
    .labels = dm_no_labels,
    .writing = writing,
    .longest = longest,
    .misfit = misfit,
    .complete = complete,
    .outline = dm_transformer_outline,
    .encode = dm_transformer_encode,
    .decode = decode,
    .start = dm_transformer_start,
    .extend = dm_transformer_extend,
    .keep = dm_transformer_keep,
    .finish = dm_transformer_finish,
};
