// The weights of the convolutional encoder-decoders.
#include "core/memory.h"
#include "model/conv.h"

// The windows of a layer: 3, 7, 15, 31, 31 with a first of 3 and a largest of 31 (Wu et al. 2019).
static int width_of(const ConvShape *shape, int layer)
{
    int width = shape->kernel;
    for (int i = 0; i < layer && width < shape->largest; i++)
        width = 2 * width + 1 < shape->largest ? 2 * width + 1 : shape->largest;
    return width;
}

static FeedForwardShape feed_forward_shape(const ModelConfig *config)
{
    const ConvShape *shape = dm_conv_shape(config);
    return (FeedForwardShape){
        .width = config->width, .inner = shape->ffn, .activation = &dm_activations[shape->activation]};
}

// Those that are no operands of products stay as they are in folders of fewer bits.
static void declare_weights(Parameters *p, const char *name, int rows, int cols, Init init)
{
    const int at = dm_declare_matrix(p, name, rows, cols, init);
    p->list[at].full = true;
}

static void declare_plain(Parameters *p, const ConvShape *shape, const char *layer, int d, int width)
{
    p->keys = "d_model kernel_size";
    if (shape->kind == DM_CONV_SEPARABLE) {
        declare_weights(p, dm_name("%s.depthwise.weight", layer).text, d, width, DM_INIT_EMBEDDING);
        dm_linear_declare(p, dm_name("%s.pointwise", layer).text, 2 * d, d);
    } else {
        dm_declare_matrix(p, dm_name("%s.conv.weight", layer).text, 2 * d, width * d, DM_INIT_GATED);
        dm_declare_vector(p, dm_name("%s.conv.bias", layer).text, 2 * d, DM_INIT_ZERO);
    }
}

static void declare_light(Parameters *p, const ConvShape *shape, const char *layer, int d, int width)
{
    p->keys = "d_model";
    dm_linear_declare(p, dm_name("%s.in_proj", layer).text, 2 * d, d);
    p->keys = "heads kernel_size d_model";
    if (shape->kind == DM_CONV_DYNAMIC)
        dm_declare_matrix(p, dm_name("%s.kernel_proj.weight", layer).text, shape->heads * width, d, DM_INIT_XAVIER);
    else
        declare_weights(p, dm_name("%s.conv.weight", layer).text, shape->heads, width, DM_INIT_XAVIER);
    p->keys = "d_model";
    dm_linear_declare(p, dm_name("%s.out_proj", layer).text, d, d);
    dm_norms[shape->norm]->declare(p, dm_name("%s.conv_layer_norm", layer).text, d);
}

// k above v, so that one product makes both.
static void declare_attention(Parameters *p, const ConvShape *shape, const char *layer, int d)
{
    const Name prefix = dm_name("%.60s.encoder_attn", layer);
    dm_linear_declare(p, dm_name("%s.q_proj", prefix.text).text, d, d);
    if (shape->kind >= DM_CONV_LIGHT) {
        for (int v = 0; v < 2; v++)
            dm_declare_matrix(p, dm_name("%s.%c_proj.weight", prefix.text, "kv"[v]).text, d, d, DM_INIT_XAVIER);
        for (int v = 0; v < 2; v++)
            dm_declare_vector(p, dm_name("%s.%c_proj.bias", prefix.text, "kv"[v]).text, d, DM_INIT_ZERO);
    }
    dm_linear_declare(p, dm_name("%s.out_proj", prefix.text).text, d, d);
    if (shape->kind >= DM_CONV_LIGHT) dm_norms[shape->norm]->declare(p, dm_name("%s_layer_norm", prefix.text).text, d);
}

static void declare_layer(Model *model, const char *layer, bool decoder, int width)
{
    const ConvShape *shape = dm_conv_shape(&model->config);
    const int d = model->config.width;
    Parameters *p = &model->parameters;
    const bool light = shape->kind >= DM_CONV_LIGHT;
    (light ? declare_light : declare_plain)(p, shape, layer, d, width);
    p->keys = "d_model";
    if (decoder) declare_attention(p, shape, layer, d);
    if (!light) return;
    const FeedForwardShape ffn = feed_forward_shape(&model->config);
    p->keys = "ffn_dim d_model";
    dm_feed_forward_of(&ffn)->declare(p, layer, &ffn);
    p->keys = "d_model";
    dm_norms[shape->norm]->declare(p, dm_name("%s.final_layer_norm", layer).text, d);
}

static void declare_stack(Model *model, bool decoder)
{
    const ConvShape *shape = dm_conv_shape(&model->config);
    const int d = model->config.width, layers = decoder ? shape->decoder_layers : shape->encoder_layers;
    Parameters *p = &model->parameters;
    const char *side = decoder ? "decoder" : "encoder";
    const bool light = shape->kind >= DM_CONV_LIGHT;
    p->keys = "d_model";
    if (!light) dm_linear_declare(p, dm_name("model.%s.fc1", side).text, d, d);
    p->depth = decoder ? "decoder_layers" : "encoder_layers";
    for (int i = 0; i < layers; i++)
        declare_layer(model, dm_name("model.%s.layers.%d", side, i).text, decoder, width_of(shape, i));
    p->depth = NULL;
    if (!light) dm_linear_declare(p, dm_name("model.%s.fc2", side).text, d, d);
    if (light && dm_norm_places[shape->norm_place].at_end)
        dm_norms[shape->norm]->declare(p, dm_name("model.%s.layer_norm", side).text, d);
}

void dm_conv_declare(Model *model)
{
    dm_embeddings_declare(model);
    declare_stack(model, false);
    declare_stack(model, true);
    dm_output_declare(model, (dm_conv_is_light(&model->config) ? 1 : 2) * model->config.width);
}

static ConvLayer find_layer(const Model *model, const char *layer, bool decoder)
{
    const ConvShape *shape = dm_conv_shape(&model->config);
    const Parameters *p = &model->parameters;
    const NormKind *norm = dm_norms[shape->norm];
    const FeedForwardShape ffn = feed_forward_shape(&model->config);
    const Name cross = dm_name("%.60s.encoder_attn", layer);
    const bool light = shape->kind >= DM_CONV_LIGHT;
    static const char *const products[] = {"conv", "pointwise", "in_proj", "in_proj"}, *const weights[] = {
                                                                                           NULL, "depthwise", "conv",
                                                                                           "kernel_proj"};
    ConvLayer l = {.conv = dm_linear_find(p, dm_name("%s.%s", layer, products[shape->kind]).text, 1)};
    if (weights[shape->kind])
        l.weights = dm_parameters_joined(p, dm_name("%s.%s.weight", layer, weights[shape->kind]).text, 1);
    if (decoder) {
        l.query = dm_linear_find(p, dm_name("%s.q_proj", cross.text).text, 1);
        l.out = dm_linear_find(p, dm_name("%s.out_proj", cross.text).text, 1);
    }
    if (!light) return l;
    l.mixed = dm_linear_find(p, dm_name("%s.out_proj", layer).text, 1);
    l.conv_norm = dm_norm_find(p, norm, dm_name("%s.conv_layer_norm", layer).text, 0);
    l.ffn = dm_feed_forward_find(p, layer, &ffn);
    l.ffn_norm = dm_norm_find(p, norm, dm_name("%s.final_layer_norm", layer).text, 0);
    if (!decoder) return l;
    l.key_value = dm_linear_find(p, dm_name("%s.k_proj", cross.text).text, 2);
    l.cross_norm = dm_norm_find(p, norm, dm_name("%s_layer_norm", cross.text).text, 0);
    return l;
}

static ConvStack find_stack(const Model *model, bool decoder)
{
    const ConvShape *shape = dm_conv_shape(&model->config);
    const Parameters *p = &model->parameters;
    const char *side = decoder ? "decoder" : "encoder";
    ConvStack stack = {.count = decoder ? shape->decoder_layers : shape->encoder_layers};
    stack.layers = dm_allocate((size_t)stack.count, sizeof *stack.layers);
    for (int i = 0; i < stack.count; i++) {
        stack.layers[i] = find_layer(model, dm_name("model.%s.layers.%d", side, i).text, decoder);
        stack.layers[i].width = width_of(shape, i);
    }
    if (shape->kind < DM_CONV_LIGHT) {
        stack.first = dm_linear_find(p, dm_name("model.%s.fc1", side).text, 1);
        stack.last = dm_linear_find(p, dm_name("model.%s.fc2", side).text, 1);
    } else if (dm_norm_places[shape->norm_place].at_end) {
        stack.norm = dm_norm_find(p, dm_norms[shape->norm], dm_name("model.%s.layer_norm", side).text, 0);
    }
    return stack;
}

void dm_conv_connect(Model *model)
{
    Conv *c = model->layers;
    *c = (Conv){.embeddings = dm_embeddings_connect(model),
                .norm_place = &dm_norm_places[dm_conv_shape(&model->config)->norm_place]};
    const PositionShape places = {.width = model->config.width, .heads = 1}, both[2] = {places, places};
    dm_positions_connect(c->positions, &dm_sine_positions, both, &model->parameters);
    c->encoder = find_stack(model, false);
    c->decoder = find_stack(model, true);
}

void dm_conv_disconnect(Model *model)
{
    Conv *c = model->layers;
    dm_free(c->encoder.layers);
    dm_free(c->decoder.layers);
    dm_positions_free(c->positions);
}
