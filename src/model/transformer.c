// The Transformer (Vaswani et al. 2017, figure 1) as Marian has it: post-norm, sinusoidal positions, tensor names of
// MarianMTModel.
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

typedef struct Linear {
    Tensor weight, bias;  // [out, in], [out]
} Linear;

typedef struct Norm {
    Tensor gain, bias;  // [width]
} Norm;

typedef struct EncoderLayer {
    Linear qkv, out;  // q, k and v above one another: one product makes all three
    Norm attention_norm;
    Linear fc1, fc2;
    Norm ffn_norm;
} EncoderLayer;

typedef struct DecoderLayer {
    EncoderLayer self;  // self-attention and feed-forward are the encoder's
    Linear query, key_value, cross_out;
    Norm cross_norm;
} DecoderLayer;

typedef struct Transformer {
    EncoderLayer *encoder;
    DecoderLayer *decoder;
    Tensor source_embedding, target_embedding, output, output_bias;
} Transformer;

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

static Tensor *linear(Graph *g, const Linear *l, const Tensor *x)
{
    return dm_linear(g, x, &l->weight, &l->bias, DM_IDENTITY);
}

// Post-norm: x = norm(x + dropout(f(x))).
static Tensor *after(Graph *g, const Norm *norm, const Tensor *x, const Tensor *f)
{
    return dm_residual_norm(g, x, f, g->dropout, &norm->gain, &norm->bias);
}

static Tensor *embed(Graph *g, const Model *model, const Tensor *table, Tokens tokens)
{
    const ModelConfig *c = &model->config;
    const float **rows = dm_arena_take(g->arena, (size_t)tokens.n * sizeof *rows);
    for (int i = 0; i < tokens.n; i++) {
        const int position = tokens.positions[i];
        if (position < model->position_count) {
            rows[i] = model->positions + (size_t)position * (size_t)c->width;
        } else {
            float *made = dm_arena_take(g->arena, (size_t)c->width * sizeof(float));
            dm_sinusoid(position, c->width, made);
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
    const Tensor *qkv = linear(g, &l->qkv, x);
    const int width = x->cols;
    const AttentionKind kind = causal ? DM_DECODER_ATTENTION : DM_ENCODER_ATTENTION;
    return linear(g, &l->out,
                  dm_attention(g, &(Attention){.q = dm_columns(qkv, 0, width),
                                               .k = dm_columns(qkv, width, width),
                                               .v = dm_columns(qkv, 2 * width, width),
                                               .queries = spans,
                                               .keys = spans,
                                               .heads = heads,
                                               .causal = causal,
                                               .probabilities = dm_tap(g, kind, heads, spans, spans)}));
}

// key_value [source tokens, 2 width]: of the encoded source
static Tensor *cross_attention(Graph *g, const DecoderLayer *l, const Tensor *x, Spans target, const Tensor *key_value,
                               Spans source, int heads)
{
    return linear(g, &l->cross_out,
                  dm_attention(g, &(Attention){.q = *linear(g, &l->query, x),
                                               .k = dm_columns(key_value, 0, x->cols),
                                               .v = dm_columns(key_value, x->cols, x->cols),
                                               .queries = target,
                                               .keys = source,
                                               .heads = heads,
                                               .probabilities = dm_tap(g, DM_CROSS_ATTENTION, heads, target, source)}));
}

static Tensor *feed_forward(Graph *g, const EncoderLayer *l, const Tensor *x, Activation activation)
{
    return linear(g, &l->fc2, dm_linear(g, x, &l->fc1.weight, &l->fc1.bias, activation));
}

static Memory encode(Graph *g, const Model *model, Tokens source)
{
    const ModelConfig *c = &model->config;
    const Transformer *t = model->layers;
    Tensor *x = embed(g, model, &t->source_embedding, source);
    for (int i = 0; i < c->encoder_layers; i++) {
        const EncoderLayer *l = t->encoder + i;
        x = after(g, &l->attention_norm, x, self_attention(g, l, x, source.spans, c->encoder_heads, false));
        x = after(g, &l->ffn_norm, x, feed_forward(g, l, x, c->activation));
    }
    return (Memory){x, source.spans};
}

static Tensor *decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    const ModelConfig *c = &model->config;
    const Transformer *t = model->layers;
    Tensor *x = embed(g, model, &t->target_embedding, target);
    for (int i = 0; i < c->decoder_layers; i++) {
        const DecoderLayer *l = t->decoder + i;
        x = after(g, &l->self.attention_norm, x, self_attention(g, &l->self, x, target.spans, c->decoder_heads, true));
        const Tensor *key_value = linear(g, &l->key_value, memory.rows);
        x = after(g, &l->cross_norm, x,
                  cross_attention(g, l, x, target.spans, key_value, memory.spans, c->decoder_heads));
        x = after(g, &l->self.ffn_norm, x, feed_forward(g, &l->self, x, c->activation));
    }
    return x;
}

// ---- Search: one position at a time, keys and values of the earlier ones kept -----------------------------------

struct SearchState {
    const Model *model;
    int n;      // slots
    int steps;  // positions done: the same for every slot
    int room;   // slots and steps the caches have room for
    int room_steps;
    Tensor **key_value;          // [layers] of the memory: [source tokens, 2 width], shared by the slots of a source
    int *source, *spare_source;  // [n] which span of the memory a slot reads
    Spans memory;
    float **cache, **spare;  // [layers] [slots][room_steps][2 width]: slot i's keys and values
};

static size_t row_size(const SearchState *s)
{
    return 2 * (size_t)s->model->config.width;
}

static SearchState *start(Graph *g, const Model *model, Memory memory)
{
    const int layers = model->config.decoder_layers;
    const Transformer *t = model->layers;
    SearchState *s = dm_allocate(1, sizeof *s);
    s->model = model;
    s->n = memory.spans.n;
    s->memory = memory.spans;
    s->key_value = dm_allocate((size_t)layers, sizeof *s->key_value);
    s->cache = dm_allocate((size_t)layers, sizeof *s->cache);
    s->spare = dm_allocate((size_t)layers, sizeof *s->spare);
    s->source = dm_allocate((size_t)s->n, sizeof *s->source);
    for (int i = 0; i < s->n; i++) s->source[i] = i;
    for (int i = 0; i < layers; i++) s->key_value[i] = linear(g, &t->decoder[i].key_value, memory.rows);
    return s;
}

// Moves the caches to other dimensions and slots: slot i becomes what slot from[i] was (NULL: itself).
static void rebuild(SearchState *s, const int *from, int n, int room, int room_steps)
{
    const size_t row = row_size(s), used = (size_t)s->steps * row * sizeof(float);
    const bool grown = room > s->room || room_steps > s->room_steps;
    const size_t old = (size_t)s->room_steps * row, new = (size_t)room_steps *row;
    if (grown) s->spare_source = dm_reallocate(s->spare_source, (size_t)room, sizeof(int));
    for (int i = 0; i < n; i++) s->spare_source[i] = s->source[from ? from[i] : i];
    int *sources = s->source;
    s->source = s->spare_source;
    s->spare_source = grown ? dm_reallocate(sources, (size_t)room, sizeof(int)) : sources;
    for (int layer = 0; layer < s->model->config.decoder_layers; layer++) {
        if (grown) {
            free(s->spare[layer]);
            s->spare[layer] = dm_reallocate(NULL, (size_t)room * new, sizeof(float));
        }
        for (int i = 0; i < n && used; i++)
            memcpy(s->spare[layer] + (size_t)i * new, s->cache[layer] + (size_t)(from ? from[i] : i) * old, used);
        float *swapped = s->cache[layer];
        s->cache[layer] = s->spare[layer];
        s->spare[layer] = swapped;
        if (grown) s->spare[layer] = dm_reallocate(s->spare[layer], (size_t)room * new, sizeof(float));
    }
    s->room = room;
    s->room_steps = room_steps;
}

// Self-attention of one new position: its key and value go into the cache, its query looks at all of them.
static Tensor *cached_attention(Graph *g, SearchState *s, int layer, const Tensor *x, Spans queries, Spans keys)
{
    const EncoderLayer *l = &((const Transformer *)s->model->layers)->decoder[layer].self;
    const int width = x->cols;
    const Tensor *qkv = linear(g, &l->qkv, x);
    Tensor cache = {s->room * s->room_steps, 2 * width, 2 * width, s->cache[layer], NULL, false};
    for (int i = 0; i < s->n; i++)
        memcpy(dm_row(&cache, i * s->room_steps + s->steps), dm_row(qkv, i) + width, row_size(s) * sizeof(float));
    return linear(g, &l->out,
                  dm_attention(g, &(Attention){.q = dm_columns(qkv, 0, width),
                                               .k = dm_columns(&cache, 0, width),
                                               .v = dm_columns(&cache, width, width),
                                               .queries = queries,
                                               .keys = keys,
                                               .heads = s->model->config.decoder_heads}));
}

static Tensor *step(Graph *g, SearchState *s, const int *ids)
{
    enum { FIRST_STEPS = 32 };
    const ModelConfig *c = &s->model->config;
    const Transformer *t = s->model->layers;
    if (s->steps == s->room_steps || s->n > s->room)
        rebuild(s, NULL, s->n, s->n > s->room ? s->n : s->room,
                s->steps == s->room_steps ? (s->steps ? 2 * s->steps : FIRST_STEPS) : s->room_steps);
    int *memory = dm_arena_take(g->arena, 6 * (size_t)s->n * sizeof(int));
    int *position = memory, *row = memory + s->n, *one = memory + 2 * s->n, *cache_start = memory + 3 * s->n,
        *cache_length = memory + 4 * s->n, *source_start = memory + 5 * s->n;
    int *source_length = dm_arena_take(g->arena, (size_t)s->n * sizeof(int));
    for (int i = 0; i < s->n; i++) {
        position[i] = s->steps;
        row[i] = i;
        one[i] = 1;
        cache_start[i] = i * s->room_steps;
        cache_length[i] = s->steps + 1;
        source_start[i] = s->memory.start[s->source[i]];
        source_length[i] = s->memory.length[s->source[i]];
    }
    const Spans queries = {s->n, row, one}, keys = {s->n, cache_start, cache_length},
                source = {s->n, source_start, source_length};
    Tensor *x = embed(g, s->model, &t->target_embedding, (Tokens){s->n, ids, position, queries});
    for (int i = 0; i < c->decoder_layers; i++) {
        const DecoderLayer *l = t->decoder + i;
        x = after(g, &l->self.attention_norm, x, cached_attention(g, s, i, x, queries, keys));
        x = after(g, &l->cross_norm, x, cross_attention(g, l, x, queries, s->key_value[i], source, c->decoder_heads));
        x = after(g, &l->self.ffn_norm, x, feed_forward(g, &l->self, x, c->activation));
    }
    s->steps++;
    return x;
}

static void reorder(SearchState *s, const int *from, int n)
{
    bool moved = n != s->n;
    for (int i = 0; i < n && !moved; i++) moved = from[i] != i;
    if (moved) rebuild(s, from, n, n > s->room ? n : s->room, s->room_steps);
    s->n = n;
}

static void finish(SearchState *s)
{
    for (int i = 0; i < s->model->config.decoder_layers; i++) {
        free(s->cache[i]);
        free(s->spare[i]);
    }
    free(s->key_value);
    free(s->cache);
    free(s->spare);
    free(s->source);
    free(s->spare_source);
    free(s);
}

const Architecture dm_transformer = {
    .name = "transformer",
    .layers_size = sizeof(Transformer),
    .declare = declare,
    .connect = connect,
    .disconnect = disconnect,
    .encode = encode,
    .decode = decode,
    .start = start,
    .step = step,
    .reorder = reorder,
    .finish = finish,
    .describe = dm_transformer_describe,
};
