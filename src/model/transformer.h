// What the files of the Transformer share: its shape, its layers, and what is the same for whole sequences and for the
// pieces of a search. A language model (lm.c) is a Transformer without an encoder, whose decoder looks at nothing else.
#pragma once
#include "model/embeddings.h"
#include "model/layers/block.h"
#include "model/layers/autoreg.h"

typedef enum DecoderMask {
    DM_MASK_CAUSAL,  // a piece of the target sees those before it
    DM_MASK_NONE,    // it sees all: targets are written in any order (Ghazvininejad et al. 2019)
} DecoderMask;

typedef struct TransformerShape {
    int encoder_layers, decoder_layers;
    int encoder_heads, decoder_heads;
    int encoder_ffn, decoder_ffn;
    int activation, norm, norm_place, positions;  // of the tables in model/layers
    int experts, experts_top, experts_shared;     // in every experts_every-th layer; 0 experts: in none
    int experts_ffn;                              // inner width of an expert; 0: that of the dense blocks
    int experts_every, router;
    int max_positions;     // the end of positions that have one; else only written, for other programs
    int norm_epsilon;      // times 1e-12; 0: what the norm has
    int rope_theta;        // of rotary positions; 0: 10000
    int attention_window;  // how far away the keys are that self-attention sees; 0: it sees all
    bool scale_embedding;                         // embeddings times sqrt(width)
    int autoreg;         // of the decoder: of the table in model/layers
    int key_heads;                                // that heads of self-attention share; 0: each has its own
    int prompt_mask, prompt_positions;            // of a language model: lm.c
    int label;                                    // of what there are labels: labels.c
    int decoder_mask;                             // a DecoderMask, of the Transformer alone, ...
    int ctc_upsample;                             // ... as this: rows of a piece of the source, where all is said at once
} TransformerShape;
_Static_assert(sizeof(TransformerShape) <= DM_SHAPE_ROOM, "the room of a shape is too small");

static inline TransformerShape *dm_transformer_shape(const ModelConfig *config)
{
    return (TransformerShape *)config->shape;
}

typedef struct DecoderLayer {
    Block self;     // self-attention and feed-forward are the encoder's
    Autoreg autoreg;  // in the place of self-attention, where its kind is a scan
    Linear query, key_value, cross_out;
    Norm cross_norm;
} DecoderLayer;

typedef struct Transformer {
    Block *encoder;
    DecoderLayer *decoder;
    Norm encoder_norm, decoder_norm;  // behind the last layers, where the norms' place has some there
    Embeddings embeddings;
    Positions positions[2];  // of encoder and decoder
    const NormPlace *norm_place;
} Transformer;

// The rows that shapes made of these layers have in common. first: the key of the layers that there are in any case;
// place, kind, scaled: of norms, of positions and of embeddings, as they usually are.
// clang-format off
#define DM_TRANSFORMER_AT(member) (offsetof(ModelConfig, shape) + offsetof(TransformerShape, member))
#define DM_OF_EXPERTS .with = {{"experts", 1, DM_MOST_EXPERTS}}
#define DM_TRANSFORMER_ROWS(first, place, kind, scaled) \
    {.key = "activation_function", .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(activation), \
     .choice = dm_activation_choice, .common = DM_COMMON_ACTIVATIONS, .missing = 1 /* gelu */, .usual = 0, \
     .option = &dm_option_activation}, \
    {.key = "scale_embedding", .type = DM_SHAPE_FLAG, .offset = DM_TRANSFORMER_AT(scale_embedding), .missing = false, \
     .usual = scaled}, \
    {.key = "norm", .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(norm), .choice = dm_norm_choice, \
     .common = 1, .option = &dm_option_norm}, \
    {.key = "norm_place", .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(norm_place), .choice = dm_norm_place_choice, \
     .usual = place, .option = &dm_option_norm_place}, \
    {.key = "positions", .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(positions), .choice = dm_position_choice, \
     .common = DM_COMMON_POSITIONS, .usual = kind, .option = &dm_option_positions}, \
    {.key = "experts", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(experts), .low = 0, \
     .high = DM_MOST_EXPERTS, .common = 1, .option = &dm_option_experts}, \
    {.key = "experts_top", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(experts_top), .low = 1, \
     .high = DM_MOST_EXPERTS, .missing = DM_MUST_BE_SAID, .usual = 2, .option = &dm_option_experts_top, \
     DM_OF_EXPERTS, .most = "experts"}, \
    {.key = "experts_shared", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(experts_shared), .low = 0, \
     .high = DM_MOST_EXPERTS, .option = &dm_option_experts_shared, DM_OF_EXPERTS}, \
    {.key = "experts_ffn_dim", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(experts_ffn), .low = 0, \
     .high = DM_MOST_FFN, .option = &dm_option_experts_dim, DM_OF_EXPERTS}, \
    {.key = "experts_every", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(experts_every), .low = 1, \
     .high = DM_MOST_LAYERS, .missing = 1, .usual = 1, .option = &dm_option_experts_every, DM_OF_EXPERTS, \
     .most = first}, \
    {.key = "router", .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(router), .choice = dm_router_choice, \
     .option = &dm_option_router, DM_OF_EXPERTS}, \
    {.key = "max_position_embeddings", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(max_positions), .low = 1, \
     .high = DM_MOST_PLACES, .missing = 1024, .usual = 512, .option = &dm_option_max_positions}, \
    {.key = "attention_window", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(attention_window), \
     .high = DM_MOST_PLACES, .common = 1, .option = &dm_option_attention_window}
// clang-format on
SourceAttention dm_transformer_source_attention(const ModelConfig *config);
bool dm_transformer_misfit(const ModelConfig *config, Name *why);
cJSON *dm_transformer_outline(const ModelConfig *config);

// Whole sequences (transformer.c)
Memory dm_transformer_encode(Graph *g, const Model *model, Tokens source);

// Parameters (transformer_parameters.c)
void dm_transformer_declare(Model *model);
void dm_transformer_declare_encoder(Model *model);  // without embeddings
void dm_transformer_connect(Model *model);
void dm_transformer_connect_layers(Model *model);  // all but embeddings and output
void dm_transformer_disconnect(Model *model);

// Layers (transformer_layers.c)
Tensor *dm_transformer_embed(Graph *g, const Model *model, bool decoder, Tokens tokens);
Tensor *dm_transformer_places(Graph *g, const Model *model, Tokens tokens);  // the same of a decoder, without dropout
// key_value [source tokens, 2 width]: of the encoded source
Tensor *dm_transformer_cross_attention(const Sublayer *s, const Model *model, const DecoderLayer *l, Tensor *x,
                                       Spans target, const Tensor *key_value, Spans source);
// norm: of the end of a stack, which is applied where the norms' place wants it
Tensor *dm_transformer_end(Graph *g, const Model *model, const Norm *norm, Tensor *x);

// Of the i-th layer of a side. Those of the encoder have the first routers, in order.
static inline FeedForwardShape dm_transformer_feed_forward_shape(const ModelConfig *config, bool decoder, int i)
{
    const TransformerShape *t = dm_transformer_shape(config);
    const int dense = decoder ? t->decoder_ffn : t->encoder_ffn;
    FeedForwardShape shape = {
        .width = config->width, .inner = dense, .activation = &dm_activations[t->activation]};
    if (!t->experts || (i + 1) % t->experts_every) return shape;
    shape.inner = t->experts_ffn ? t->experts_ffn : dense;
    shape.experts = t->experts;
    shape.top = t->experts_top;
    shape.shared = t->experts_shared;
    shape.sigmoid = t->router;
    shape.router = (decoder ? t->encoder_layers / t->experts_every : 0) + (i + 1) / t->experts_every - 1;
    return shape;
}

// Of the keys and values of self-attention.
static inline int dm_transformer_key_width(const ModelConfig *config)
{
    const TransformerShape *t = dm_transformer_shape(config);
    return t->key_heads ? config->width / t->decoder_heads * t->key_heads : config->width;
}

static inline PositionShape dm_transformer_position_shape(const ModelConfig *config, bool decoder)
{
    const TransformerShape *t = dm_transformer_shape(config);
    return (PositionShape){config->width, decoder ? t->decoder_heads : t->encoder_heads, t->max_positions,
                           t->rope_theta ? t->rope_theta : 10000};
}

static inline Sublayer dm_transformer_sublayer(Graph *g, const Model *model, ArenaMark mark, const Norm *norm)
{
    return (Sublayer){g, ((const Transformer *)model->layers)->norm_place, mark, norm};
}

// Search (transformer_search.c)
SearchState *dm_transformer_start(Graph *g, const Model *model, Memory memory, int room);
Tensor *dm_transformer_extend(Graph *g, SearchState *s, const int *ids, const int *lengths);
void dm_transformer_keep(SearchState *s, const int *from, const int *lengths, int n, int room);
void dm_transformer_finish(SearchState *s);
