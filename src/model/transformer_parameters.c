// The weights of the Transformer, under the names of MarianMTModel and PegasusForConditionalGeneration: declared in
// order, then found again once they have memory.
#include <string.h>

#include "core/memory.h"
#include "model/transformer.h"

// Of one side of the model.
typedef struct Stack {
    Parameters *p;
    const NormKind *norm;
    bool crossed;  // has attention to the encoder
    const AutoregKind *autoreg;
    int width, key_width;
} Stack;

static void declare_layer(const Stack *s, const char *layer, const FeedForwardShape *ffn, const char *ffn_keys)
{
    static const char *const own[] = {"qkv", NULL}, *const crossed[] = {"q", "kv", NULL};
    if (s->autoreg->declare)
        dm_autoreg_declare(s->p, s->autoreg, s->norm, layer, ffn);
    else
        dm_attention_declare(s->p, s->norm, layer, "self_attn", own, s->width, s->key_width);
    if (s->crossed) dm_attention_declare(s->p, s->norm, layer, "encoder_attn", crossed, s->width, s->width);
    dm_block_ffn_declare(s->p, s->norm, layer, ffn, ffn_keys);
}

static void declare_stack(Model *model, bool decoder)
{
    const TransformerShape *t = dm_transformer_shape(&model->config);
    const char *side = decoder ? "decoder" : "encoder";
    const bool crossed = decoder && t->encoder_layers;
    const Stack s = {.p = &model->parameters,
                     .norm = dm_norms[t->norm],
                     .crossed = crossed,
                     .autoreg = &dm_autoregs[decoder ? t->autoreg : 0],
                     .width = model->config.width,
                     .key_width = dm_transformer_key_width(&model->config)};
    const bool at_end = dm_norm_places[t->norm_place].at_end;
    const int layers = decoder ? t->decoder_layers : t->encoder_layers, sublayers = crossed ? 3 : 2;
    const PositionShape places = dm_transformer_position_shape(&model->config, decoder);
    dm_positions_declare(s.p, dm_position_kinds[t->positions], dm_name("model.%s", side).text, &places);
    s.p->depth = decoder ? "decoder_layers" : "encoder_layers";
    s.p->residuals = at_end ? layers * sublayers : 1;
    for (int i = 0; i < layers; i++) {
        const FeedForwardShape ffn = dm_transformer_feed_forward_shape(&model->config, decoder, i);
        const char *keys = decoder ? "decoder_ffn_dim d_model" : "encoder_ffn_dim d_model";
        if (ffn.experts && t->experts_ffn) keys = "experts_ffn_dim d_model";
        declare_layer(&s, dm_name("model.%s.layers.%d", side, i).text, &ffn, keys);
    }
    s.p->depth = NULL;
    s.p->residuals = 1;
    if (at_end) s.norm->declare(s.p, dm_name("model.%s.layer_norm", side).text, s.width);
}

void dm_transformer_declare_encoder(Model *model)
{
    declare_stack(model, false);
}

void dm_transformer_declare(Model *model)
{
    model->parameters.unbiased = model->config.biases == DM_NO_BIASES;
    dm_embeddings_declare(model);
    if (dm_transformer_shape(&model->config)->encoder_layers) declare_stack(model, false);
    declare_stack(model, true);
    dm_output_declare(model, model->config.width);
}

static DecoderLayer find_decoder_layer(const Parameters *p, const NormKind *norm, float epsilon,
                                       const FeedForwardShape *ffn, const char *layer, bool crossed,
                                       const AutoregKind *autoreg)
{
    if (!crossed) return (DecoderLayer){.self = dm_block_find(p, norm, epsilon, ffn, layer)};
    return (DecoderLayer){
        .self = (autoreg->find ? dm_block_find_ffn : dm_block_find)(p, norm, epsilon, ffn, layer),
        .autoreg = autoreg->find ? dm_autoreg_find(p, autoreg, norm, epsilon, layer, ffn) : (Autoreg){0},
        .query = dm_linear_find(p, dm_name("%s.encoder_attn.q_proj", layer).text, 1),
        .key_value = dm_linear_find(p, dm_name("%s.encoder_attn.k_proj", layer).text, 2),
        .cross_out = dm_linear_find(p, dm_name("%s.encoder_attn.out_proj", layer).text, 1),
        .cross_norm = dm_norm_find(p, norm, dm_name("%s.encoder_attn_layer_norm", layer).text, epsilon),
    };
}

void dm_transformer_connect_layers(Model *model)
{
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    const Parameters *p = &model->parameters;
    const NormKind *norm = dm_norms[shape->norm];
    const float epsilon = (float)(shape->norm_epsilon / 1e12);
    Transformer *t = model->layers;
    *t = (Transformer){.encoder = dm_allocate((size_t)shape->encoder_layers, sizeof *t->encoder),
                       .decoder = dm_allocate((size_t)shape->decoder_layers, sizeof *t->decoder),
                       .norm_place = &dm_norm_places[shape->norm_place]};
    const PositionShape places[2] = {dm_transformer_position_shape(&model->config, false),
                                     dm_transformer_position_shape(&model->config, true)};
    dm_positions_connect(t->positions, dm_position_kinds[shape->positions], places, p);
    for (int i = 0; i < shape->encoder_layers; i++) {
        const FeedForwardShape ffn = dm_transformer_feed_forward_shape(&model->config, false, i);
        t->encoder[i] = dm_block_find(p, norm, epsilon, &ffn, dm_name("model.encoder.layers.%d", i).text);
    }
    for (int i = 0; i < shape->decoder_layers; i++) {
        const FeedForwardShape ffn = dm_transformer_feed_forward_shape(&model->config, true, i);
        t->decoder[i] = find_decoder_layer(p, norm, epsilon, &ffn, dm_name("model.decoder.layers.%d", i).text,
                                           shape->encoder_layers, &dm_autoregs[shape->autoreg]);
    }
    if (!t->norm_place->at_end) return;
    if (shape->encoder_layers) t->encoder_norm = dm_norm_find(p, norm, "model.encoder.layer_norm", epsilon);
    if (shape->decoder_layers) t->decoder_norm = dm_norm_find(p, norm, "model.decoder.layer_norm", epsilon);
}

void dm_transformer_connect(Model *model)
{
    dm_transformer_connect_layers(model);
    ((Transformer *)model->layers)->embeddings = dm_embeddings_connect(model);
}

void dm_transformer_disconnect(Model *model)
{
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    Transformer *t = model->layers;
    for (int i = 0; i < shape->encoder_layers; i++) dm_block_free(&t->encoder[i]);
    for (int i = 0; i < shape->decoder_layers; i++) dm_block_free(&t->decoder[i].self);
    dm_free(t->encoder);
    dm_free(t->decoder);
    dm_positions_free(t->positions);
}
