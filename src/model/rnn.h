// What the files of the recurrent encoder-decoder share (Bahdanau, Cho and Bengio 2015, "Neural machine translation by
// jointly learning to align and translate", appendix A, with the GRU of PyTorch):
//   source   x_j = E_s[w_j],  H_j = [forward_j; backward_j] by a GRU in either direction, layer above layer
//   start    s_0 = tanh(W_s backward_1 + b_s)
//   step i   a_ij = softmax_j(v' tanh(W_q s_{i-1} + W_k H_j + b_k)),  c_i = sum_j a_ij H_j
//            s_i = GRU(W_i E_t[y_{i-1}] + W_c c_i, s_{i-1})
//   readout  tanh(W_r [s_i; c_i; E_t[y_{i-1}]] + b_r), above which stands the output layer
// Without attention c_i is [forward_n; backward_1] at every step (Cho et al. 2014).
// Sentences of a shard run side by side, without padding: those that are still going on at a step are one product.
#pragma once
#include "model/embeddings.h"
#include "model/layers/linear_layer.h"

typedef enum RnnAttention { DM_RNN_ADDITIVE, DM_RNN_NO_ATTENTION } RnnAttention;

typedef struct RnnShape {
    int hidden;  // width of a state
    int encoder_layers;
    int attention;  // RnnAttention
} RnnShape;
_Static_assert(sizeof(RnnShape) <= DM_SHAPE_ROOM, "the room of a shape is too small");

static inline RnnShape *dm_rnn_shape(const ModelConfig *config)
{
    return (RnnShape *)config->shape;
}

typedef struct Gru {
    Linear input, hidden;  // [3h, in], [3h, h]
} Gru;

typedef struct Rnn {
    Embeddings embeddings;
    Gru (*encoder)[2];  // [encoder_layers] forward and backward
    Linear bridge;      // [h, h]
    Tensor query;       // [h, h]
    Linear key;         // [h, 2h]
    Tensor v;           // [1, h]
    Gru decoder;        // its input: the columns of the embedding, W_i
    Tensor context;     // [3h, 2h] and those of the context, W_c
    Linear readout;     // [width, 3h + width]
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
    Tensor *start;    // [sources, h]
    Tensor *keys;     // [source tokens, h], or NULL
    Tensor *context;  // [sources, 2h] without attention, or NULL
} RnnSource;
RnnSource dm_rnn_source(Graph *g, const Model *model, Memory memory);

// A step of some decoders.
typedef struct RnnStep {
    const Tensor *input;    // [n, 3h] of the embeddings
    const Tensor *state;    // [n, h]
    Spans source;           // [n] of the memory
    const Tensor *context;  // [n, 2h] without attention, else NULL
    float **probabilities;  // [n] where to leave what each looks at, or NULL
} RnnStep;
typedef struct RnnStepped {
    Tensor *state, *context;  // [n, h], [n, 2h]
} RnnStepped;
RnnStepped dm_rnn_step(Graph *g, const Model *model, const RnnSource *source, const RnnStep *step);
Tensor *dm_rnn_readout(Graph *g, const Model *model, const Tensor *state, const Tensor *context,
                       const Tensor *embedded);

// Rows of sequences in the order of time: step t has the rows first[t] ... first[t] + going[t] - 1, one for each
// sequence that is longer than t, longer sequences first.
typedef struct InTime {
    int steps;
    int *first, *going;  // [steps]
    int *sequence;       // [sequences] longest first
    int *row;            // [rows] of the sequences that stands there
    int *place;          // [rows] where a row of the sequences stands: the way back
} InTime;
InTime dm_rnn_in_time(Arena *arena, Spans spans, bool backward);

// Search (rnn_search.c)
SearchState *dm_rnn_start(Graph *g, const Model *model, Memory memory, int room);
Tensor *dm_rnn_extend(Graph *g, SearchState *s, const int *ids, const int *lengths);
void dm_rnn_keep(SearchState *s, const int *from, const int *lengths, int n, int room);
void dm_rnn_finish(SearchState *s);
