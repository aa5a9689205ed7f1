// What the files of the recurrent encoder-decoders share.
//   source   x_j = E_s[w_j]; layers of cells in one direction or both, H_j the outputs of the last one, side by side
//   step i   s_i = cell(W_i E_t[y_{i-1}] + W_c c, s_{i-1}), further layers of cells above it
// By its attention:
//   additive (Bahdanau et al. 2015): a_ij = softmax_j(v' tanh(W_q s_{i-1} + W_k H_j + b_k)),  c = c_i = sum_j a_ij H_j
//            readout tanh(W_r [s_i; c_i; E_t[y_{i-1}]] + b_r)
//   dot, general (Luong et al. 2015): a_ij = softmax_j(s_i' H_j), or of (W_q s_i)' H_j,  c_i = sum_j a_ij H_j
//            readout t_i = tanh(W_r [s_i; c_i] + b_r);  with input feeding c = t_{i-1}, else there is no c
//   none (Sutskever et al. 2014): the decoder begins with the encoder's last state, and that is all it gets
//            readout W_r s_i + b_r
// The first states are tanh(W_s e + b_s), e = the last outputs of either direction; without attention, and with one
// direction, the encoder's last states themselves. Above the readout stands the output layer. Dropout is fresh at every
// step: on embeddings, between layers, on the readout.
// Sentences of a shard run side by side, without padding: those that are still going on at a step are one product.
#pragma once
#include "model/embeddings.h"
#include "model/layers/cell.h"

typedef enum RnnAttention { DM_RNN_ADDITIVE, DM_RNN_DOT, DM_RNN_GENERAL, DM_RNN_NO_ATTENTION } RnnAttention;
typedef enum RnnDirection { DM_RNN_BOTH, DM_RNN_FORWARD, DM_RNN_BACKWARD } RnnDirection;

typedef struct RnnShape {
    int hidden;  // width of an output
    int encoder_layers, decoder_layers;
    int cell;       // of dm_cells
    int direction;  // RnnDirection, of the encoder
    int attention;  // RnnAttention
    bool input_feeding, residual;
    bool reverse_source;  // its words are read from the last to the first, and then its end
} RnnShape;
_Static_assert(sizeof(RnnShape) <= DM_SHAPE_ROOM, "the room of a shape is too small");

static inline RnnShape *dm_rnn_shape(const ModelConfig *config)
{
    return (RnnShape *)config->shape;
}

static inline int dm_rnn_directions(const RnnShape *shape)
{
    return shape->direction == DM_RNN_BOTH ? 2 : 1;
}

static inline bool dm_rnn_looks_after(const ModelConfig *config)  // with the state that has read the piece
{
    const int attention = dm_rnn_shape(config)->attention;
    return attention == DM_RNN_DOT || attention == DM_RNN_GENERAL;
}

// What a step needs of the one before besides states: a step has to wait for it.
static inline bool dm_rnn_is_stepwise(const RnnShape *shape)
{
    return shape->attention == DM_RNN_ADDITIVE || shape->input_feeding;
}

static inline bool dm_rnn_has_bridge(const RnnShape *shape)
{
    return shape->attention != DM_RNN_NO_ATTENTION || shape->direction == DM_RNN_BOTH;
}

typedef struct Rnn {
    Embeddings embeddings;
    Cell (*encoder)[2];  // [encoder_layers] in either direction
    Cell *decoder;       // [decoder_layers]; the input of the first: the columns of the embedding, W_i
    Tensor beside;       // [gates h, m or d] and those beside them, W_c
    Linear bridge;       // [layers of decoder, state of one, m]
    Tensor query;        // additive [h, h], general [m, h]
    Linear key;          // additive [h, m]
    Tensor v;            // additive [1, h]
    Linear readout;      // [width, ...]
} Rnn;

// Parameters (rnn_parameters.c)
void dm_rnn_declare(Model *model);
void dm_rnn_connect(Model *model);
void dm_rnn_disconnect(Model *model);

// Layers (rnn_layers.c)
Tensor *dm_rnn_embed(Graph *g, const Model *model, const Tensor *table, Tokens tokens);
// What every source leaves: where decoders begin, and what they look at.
typedef struct RnnSource {
    Memory memory;
    const Tensor *start;  // [sources, decoder layers * state]
    Tensor *keys;         // additive: [source tokens, h]
} RnnSource;
RnnSource dm_rnn_source(Graph *g, const Model *model, Memory memory);

// A step of some decoders.
typedef struct RnnStep {
    const Tensor *input;    // [n, gates h] of the embeddings
    const Tensor **states;  // [decoder layers] [n, state]
    Spans source;           // [n] of the memory
    const Tensor *fed;      // [n, d] with input feeding, else NULL
    const AttentionView *view;  // where to leave what each looks at, or NULL
} RnnStep;
typedef struct RnnStepped {
    const Tensor **states;  // [decoder layers] [n, state]
    const Tensor *top;      // [n, h]
    Tensor *context;        // [n, m]; NULL without attention
} RnnStepped;
RnnStepped dm_rnn_step(Graph *g, const Model *model, const RnnSource *source, const RnnStep *step);
// The source as seen by rows of outputs, dot and general.
Tensor *dm_rnn_look(Graph *g, const Model *model, Memory memory, const Tensor *top, Spans queries, Spans keys,
                    const AttentionView *view);
Tensor *dm_rnn_readout(Graph *g, const Model *model, const Tensor *top, const Tensor *context, const Tensor *embedded);

// Rows of sequences in the order of time: step t has the rows first[t] ... first[t] + going[t] - 1, one for each
// sequence that is longer than t, longer sequences first.
typedef enum RnnOrder { DM_IN_ORDER, DM_LAST_TO_FIRST, DM_REVERSED_BUT_THE_END } RnnOrder;
typedef struct InTime {
    int steps;
    int *first, *going;  // [steps]
    int *sequence;       // [sequences] longest first
    int *row;            // [rows] of the sequences that stands there
    int *place;          // [rows] where a row of the sequences stands: the way back
} InTime;
InTime dm_rnn_in_time(Arena *arena, Spans spans, RnnOrder order);

// Search (rnn_search.c)
SearchState *dm_rnn_start(Graph *g, const Model *model, Memory memory, int room);
Tensor *dm_rnn_extend(Graph *g, SearchState *s, const int *ids, const int *lengths);
void dm_rnn_keep(SearchState *s, const int *from, const int *lengths, int n, int room);
void dm_rnn_finish(SearchState *s);
