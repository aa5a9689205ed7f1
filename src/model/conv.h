// What the files of the convolutional encoder-decoders share.
//
// plain and separable (Gehring et al. 2017, "Convolutional sequence to sequence learning", section 3), r = sqrt(1/2):
//   source   e = dropout(E[w] sqrt(d) + P),  h = W1 e + b1,  each layer  h = (glu(conv(dropout(h))) + h) r,
//            z = W2 h + b2,  y = (z + e) r
//   target   the same with windows that end at their row; between glu and the sum every layer looks at the source:
//            a = softmax(q z'),  q = (W_q u + b_q + e) r,  u = (W_o (a y sqrt(m)) + b_o + u) r,  m pieces of source
//   output   dropout(W3 h + b3), above which stands the output layer
// separable has a convolution for each column by itself and one product behind it (Kaiser et al. 2017). Their weights
// are not normalised, for Adam takes the place of the learning rates that this was made for.
//
// light and dynamic (Wu et al. 2019, "Pay less attention with lightweight and dynamic convolutions", section 3): layers
// of the Transformer, whose self-attention is W_o conv(glu(W_i x)), with a softmax over the weights of a head; those of
// dynamic are made of the row, softmax(W_k x).
#pragma once
#include "model/embeddings.h"
#include "model/layers/feed_forward.h"
#include "model/layers/norm_place.h"
#include "model/layers/positions.h"

typedef enum ConvKind { DM_CONV_PLAIN, DM_CONV_SEPARABLE, DM_CONV_LIGHT, DM_CONV_DYNAMIC } ConvKind;

typedef struct ConvShape {
    int kind;  // ConvKind
    int encoder_layers, decoder_layers;
    int kernel, largest;  // width of the windows of the first layer; each further one has 2 k + 1, up to the largest
    int heads, ffn, activation, norm, norm_place;  // of light and dynamic
} ConvShape;
_Static_assert(sizeof(ConvShape) <= DM_SHAPE_ROOM, "the room of a shape is too small");

static inline ConvShape *dm_conv_shape(const ModelConfig *config)
{
    return (ConvShape *)config->shape;
}

static inline bool dm_conv_is_light(const ModelConfig *config)
{
    return dm_conv_shape(config)->kind >= DM_CONV_LIGHT;
}

typedef struct ConvLayer {
    Linear conv;          // plain: [2d, k d];  separable: [2d, d] behind depthwise;  light: in_proj [2d, d]
    Tensor weights;       // separable: depthwise [d, k];  light: [heads, k];  dynamic: [heads k, d]
    Linear query, out;    // of the attention to the source: plain [d, d] each, light too
    Linear key_value;     // light: [2d, d]
    Linear mixed;         // light: out_proj [d, d]
    FeedForward ffn;      // light
    Norm conv_norm, cross_norm, ffn_norm;
    int width;  // of its windows
} ConvLayer;

typedef struct ConvStack {
    ConvLayer *layers;
    int count;
    Linear first, last;  // plain: around the layers
    Norm norm;           // light: behind the last layer, where the norms' place has one there
} ConvStack;

typedef struct Conv {
    ConvStack encoder, decoder;
    Embeddings embeddings;
    Positions positions[2];  // of the encoder and of the decoder
    const NormPlace *norm_place;
} Conv;

// Parameters (conv_parameters.c)
void dm_conv_declare(Model *model);
void dm_conv_connect(Model *model);
void dm_conv_disconnect(Model *model);

// Layers (conv_layers.c). A stretch of pieces that a stack runs over, and what its layers see.
typedef struct ConvRows {
    Tokens tokens;
    const Window *windows;  // [layers]
    Spans source;           // of each sequence; of the decoder
    const float *roots;     // [rows] sqrt(m); of the decoder, plain
} ConvRows;

Tensor *dm_conv_embed(Graph *g, const Model *model, bool decoder, Tokens tokens);
// u: what the windows of a layer see, [.., d]: in a search also that of earlier pieces. The result is before the
// residual connection.
const Tensor *dm_conv_inner(Graph *g, const Model *model, const ConvLayer *l, const Tensor *x);  // -> u of these rows
// What its convolution multiplies by, but of plain. Only of dynamic is it made of the rows `own`; else it is constant
// while the weights are.
Kernels dm_conv_kernels(Graph *g, const Model *model, const ConvLayer *l, const Tensor *own);
Tensor *dm_conv_mix(Graph *g, const Model *model, const ConvLayer *l, const Tensor *u, Kernels kernels, Window window);
Tensor *dm_conv_look(Graph *g, const Model *model, const ConvLayer *l, Tensor *u, const Tensor *embedded,
                     const ConvRows *rows, const Tensor *memory);
Tensor *dm_conv_cross(const Sublayer *s, const Model *model, const ConvLayer *l, Tensor *x, const ConvRows *rows,
                      const Tensor *key_value);
Tensor *dm_conv_end(Graph *g, const Model *model, const ConvStack *stack, Tensor *x);
Tensor *dm_conv_sum(Graph *g, const Tensor *a, const Tensor *b);  // (a + b) sqrt(1/2)

static inline Sublayer dm_conv_sublayer(Graph *g, const Model *model, ArenaMark mark, const Norm *norm)
{
    return (Sublayer){g, ((const Conv *)model->layers)->norm_place, mark, norm};
}

// Search (conv_search.c)
SearchState *dm_conv_start(Graph *g, const Model *model, Memory memory, int room);
Tensor *dm_conv_extend(Graph *g, SearchState *s, const int *ids, const int *lengths);
void dm_conv_keep(SearchState *s, const int *from, const int *lengths, int n, int room);
void dm_conv_finish(SearchState *s);
