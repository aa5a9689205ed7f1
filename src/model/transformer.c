// The Transformer (Vaswani et al. 2017, figure 1) as Marian has it: post-norm, sinusoidal positions, tensor names of
// MarianMTModel.
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/transformer_parts.h"

// ---- Parameters -----------------------------------------------------------------------------------------------------

typedef struct Name {
    char text[160];
} Name;

__attribute__((format(printf, 1, 2))) static Name name(const char *format, ...)
{
    Name made;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(made.text, sizeof made.text, format, arguments);
    va_end(arguments);
    return made;
}

// Declares PREFIX.q_proj.weight and so on for the letters, one after the other, then their biases, so that neighbours
// can be joined.
static void declare_projections(Parameters *p, const char *prefix, const char *letters, int width)
{
    for (const char *letter = letters; *letter; letter++)
        dm_declare_matrix(p, name("%s.%c_proj.weight", prefix, *letter).text, width, width, DM_INIT_ATTENTION);
    for (const char *letter = letters; *letter; letter++)
        dm_declare_vector(p, name("%s.%c_proj.bias", prefix, *letter).text, width, DM_INIT_ZERO);
}

static void declare_linear(Parameters *p, Name prefix, int out, int in)
{
    dm_declare_matrix(p, name("%s.weight", prefix.text).text, out, in, DM_INIT_XAVIER);
    dm_declare_vector(p, name("%s.bias", prefix.text).text, out, DM_INIT_ZERO);
}

static void declare_norm(Parameters *p, Name prefix, int width)
{
    dm_declare_vector(p, name("%s.weight", prefix.text).text, width, DM_INIT_ONE);
    dm_declare_vector(p, name("%s.bias", prefix.text).text, width, DM_INIT_ZERO);
}

static void declare_attention(Parameters *p, Name layer, const char *kind, const char *const groups[], int width)
{
    const Name prefix = name("%s.%s", layer.text, kind);
    for (; *groups; groups++) declare_projections(p, prefix.text, *groups, width);
    declare_linear(p, name("%s.out_proj", prefix.text), width, width);
    declare_norm(p, name("%s_layer_norm", prefix.text), width);
}

static void declare_layer(Parameters *p, Name layer, bool decoder, int width, int ffn)
{
    declare_attention(p, layer, "self_attn", (const char *const[]){"qkv", NULL}, width);
    if (decoder) declare_attention(p, layer, "encoder_attn", (const char *const[]){"q", "kv", NULL}, width);
    declare_linear(p, name("%s.fc1", layer.text), ffn, width);
    declare_linear(p, name("%s.fc2", layer.text), width, ffn);
    declare_norm(p, name("%s.final_layer_norm", layer.text), width);
}

static void declare_embedding(Parameters *p, const char *name, int vocabulary, int width, int pad)
{
    int at = dm_declare_matrix(p, name, vocabulary, width, DM_INIT_EMBEDDING);
    p->list[at].frozen_row = pad;
}

static void declare(Model *model)
{
    const ModelConfig *c = &model->config;
    Parameters *p = &model->parameters;
    if (c->shared_embeddings) {
        declare_embedding(p, "model.shared.weight", c->source_vocabulary, c->width, c->pad);
    } else {
        declare_embedding(p, "model.encoder.embed_tokens.weight", c->source_vocabulary, c->width, c->pad);
        declare_embedding(p, "model.decoder.embed_tokens.weight", c->target_vocabulary, c->width, c->pad);
    }
    if (!c->tied_output) declare_embedding(p, "lm_head.weight", c->target_vocabulary, c->width, c->pad);
    for (int i = 0; i < c->encoder_layers; i++)
        declare_layer(p, name("model.encoder.layers.%d", i), false, c->width, c->encoder_ffn);
    for (int i = 0; i < c->decoder_layers; i++)
        declare_layer(p, name("model.decoder.layers.%d", i), true, c->width, c->decoder_ffn);
    int bias = dm_declare_vector(p, "final_logits_bias", c->target_vocabulary, DM_INIT_ZERO);
    p->list[bias].trained = false;
}

// The parameter of this name and the ones behind it, `neighbours` in all, joined.
static Tensor find(const Parameters *p, Name wanted, int neighbours)
{
    return dm_joined(p, (int)(dm_parameter(p, wanted.text) - p->list), neighbours);
}

static Linear find_linear(const Parameters *p, Name prefix, int neighbours)
{
    return (Linear){find(p, name("%s.weight", prefix.text), neighbours),
                    find(p, name("%s.bias", prefix.text), neighbours)};
}

static Norm find_norm(const Parameters *p, Name prefix)
{
    return (Norm){find(p, name("%s.weight", prefix.text), 1), find(p, name("%s.bias", prefix.text), 1)};
}

static EncoderLayer find_layer(const Parameters *p, const char *layer)
{
    return (EncoderLayer){
        .qkv = find_linear(p, name("%s.self_attn.q_proj", layer), 3),
        .out = find_linear(p, name("%s.self_attn.out_proj", layer), 1),
        .attention_norm = find_norm(p, name("%s.self_attn_layer_norm", layer)),
        .fc1 = find_linear(p, name("%s.fc1", layer), 1),
        .fc2 = find_linear(p, name("%s.fc2", layer), 1),
        .ffn_norm = find_norm(p, name("%s.final_layer_norm", layer)),
    };
}

static void connect(Model *model)
{
    const ModelConfig *c = &model->config;
    const Parameters *p = &model->parameters;
    Transformer *t = model->layers;
    t->encoder = dm_allocate((size_t)c->encoder_layers, sizeof *t->encoder);
    t->decoder = dm_allocate((size_t)c->decoder_layers, sizeof *t->decoder);
    for (int i = 0; i < c->encoder_layers; i++) t->encoder[i] = find_layer(p, name("model.encoder.layers.%d", i).text);
    for (int i = 0; i < c->decoder_layers; i++) {
        const Name layer = name("model.decoder.layers.%d", i);
        t->decoder[i] = (DecoderLayer){
            .self = find_layer(p, layer.text),
            .query = find_linear(p, name("%s.encoder_attn.q_proj", layer.text), 1),
            .key_value = find_linear(p, name("%s.encoder_attn.k_proj", layer.text), 2),
            .cross_out = find_linear(p, name("%s.encoder_attn.out_proj", layer.text), 1),
            .cross_norm = find_norm(p, name("%s.encoder_attn_layer_norm", layer.text)),
        };
    }
    const Name source = name("%s", c->shared_embeddings ? "model.shared.weight" : "model.encoder.embed_tokens.weight");
    const Name target = name("%s", c->shared_embeddings ? "model.shared.weight" : "model.decoder.embed_tokens.weight");
    t->source_embedding = find(p, source, 1);
    t->target_embedding = find(p, target, 1);
    t->output = c->tied_output ? t->target_embedding : find(p, name("lm_head.weight"), 1);
    t->output_bias = find(p, name("final_logits_bias"), 1);
    t->output_bias.parameter = false;  // not trained: no gradient anywhere
    model->output = &t->output;
    model->output_bias = &t->output_bias;
}

static void disconnect(Model *model)
{
    Transformer *t = model->layers;
    free(t->encoder);
    free(t->decoder);
}

// ---- Whole sequences ------------------------------------------------------------------------------------------------

Tensor *dm_transformer_embed(Graph *g, const Model *model, const Tensor *table, Tokens tokens)
{
    const ModelConfig *c = &model->config;
    const float **rows = dm_arena_take(g->arena, (size_t)tokens.n * sizeof *rows);
    for (int i = 0; i < tokens.n; i++) {
        const int position = tokens.positions[i];
        if (position < model->position_count) {
            rows[i] = model->positions + (size_t)position * (size_t)c->width;
        } else {
            float *made = dm_arena_take(g->arena, (size_t)c->width * sizeof(float));
            dm_sinusoids(position, 1, c->width, made);
            rows[i] = made;
        }
    }
    return dm_embedding(g, &(Embedding){.table = table,
                                        .n = tokens.n,
                                        .ids = tokens.ids,
                                        .scale = c->scale_embedding ? sqrtf((float)c->width) : 1,
                                        .position_rows = rows,
                                        .frozen = c->pad,
                                        .dropout = g->dropout});
}

static Tensor *self_attention(Graph *g, const EncoderLayer *l, const Tensor *x, Spans spans, int heads, bool causal)
{
    const Tensor *qkv = dm_transformer_linear(g, &l->qkv, x);
    const int width = x->cols;
    const AttentionKind kind = causal ? DM_DECODER_ATTENTION : DM_ENCODER_ATTENTION;
    return dm_transformer_linear(g, &l->out,
                                 dm_attention(g, &(Attention){.q = dm_columns(qkv, 0, width),
                                                              .k = dm_columns(qkv, width, width),
                                                              .v = dm_columns(qkv, 2 * width, width),
                                                              .queries = spans,
                                                              .keys = spans,
                                                              .heads = heads,
                                                              .causal = causal,
                                                              .probabilities = dm_tap(g, kind, heads, spans, spans)}));
}

Tensor *dm_transformer_cross_attention(Graph *g, const DecoderLayer *l, const Tensor *x, Spans target,
                                       const Tensor *key_value, Spans source, int heads)
{
    return dm_transformer_linear(
        g, &l->cross_out,
        dm_attention(g, &(Attention){.q = *dm_transformer_linear(g, &l->query, x),
                                     .k = dm_columns(key_value, 0, x->cols),
                                     .v = dm_columns(key_value, x->cols, x->cols),
                                     .queries = target,
                                     .keys = source,
                                     .heads = heads,
                                     .probabilities = dm_tap(g, DM_CROSS_ATTENTION, heads, target, source)}));
}

static Memory encode(Graph *g, const Model *model, Tokens source)
{
    const ModelConfig *c = &model->config;
    const Transformer *t = model->layers;
    Tensor *x = dm_transformer_embed(g, model, &t->source_embedding, source);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < c->encoder_layers; i++) {
        const EncoderLayer *l = t->encoder + i;
        x = dm_transformer_after(g, mark, &l->attention_norm, x,
                                 self_attention(g, l, x, source.spans, c->encoder_heads, false));
        x = dm_transformer_after(g, mark, &l->ffn_norm, x, dm_transformer_feed_forward(g, l, x, c->activation));
    }
    return (Memory){x, source.spans};
}

static Tensor *decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    const ModelConfig *c = &model->config;
    const Transformer *t = model->layers;
    Tensor *x = dm_transformer_embed(g, model, &t->target_embedding, target);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < c->decoder_layers; i++) {
        const DecoderLayer *l = t->decoder + i;
        x = dm_transformer_after(g, mark, &l->self.attention_norm, x,
                                 self_attention(g, &l->self, x, target.spans, c->decoder_heads, true));
        const Tensor *key_value = dm_transformer_linear(g, &l->key_value, memory.rows);
        x = dm_transformer_after(
            g, mark, &l->cross_norm, x,
            dm_transformer_cross_attention(g, l, x, target.spans, key_value, memory.spans, c->decoder_heads));
        x = dm_transformer_after(g, mark, &l->self.ffn_norm, x,
                                 dm_transformer_feed_forward(g, &l->self, x, c->activation));
    }
    return x;
}

const Architecture dm_transformer = {
    .name = "transformer",
    .layers_size = sizeof(Transformer),
    .declare = declare,
    .connect = connect,
    .disconnect = disconnect,
    .encode = encode,
    .decode = decode,
    .start = dm_transformer_start,
    .step = dm_transformer_step,
    .reorder = dm_transformer_reorder,
    .finish = dm_transformer_finish,
    .describe = dm_transformer_describe,
};
