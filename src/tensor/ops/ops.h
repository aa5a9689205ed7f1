// Every op, its shapes and its formula. [n, d]: n tokens of width d. Results live in the graph's arena.
#pragma once
#include "tensor/graph.h"
#include "tensor/tokens.h"

typedef enum Activation {
    DM_IDENTITY,
    DM_RELU,
    DM_GELU,   // x Phi(x), exact (Hendrycks and Gimpel 2016)
    DM_GELU_TANH,  // the same by a formula with tanh (their equation 2)
    DM_SWISH,  // x sigmoid(x), also called silu
    DM_TANH,
    DM_SIGMOID,
} Activation;

// y = activation(x W' + b): x [n, in], weight [out, in], bias [out] or NULL -> [n, out]
Tensor *dm_linear(Graph *g, const Tensor *x, const Tensor *weight, const Tensor *bias, Activation activation);
// Before a layer is applied step after step, to so many rows in all: the gradient of its weight is one product, not one
// for each step. Where nothing is recorded, nothing is done.
void dm_linear_sum(Graph *g, const Tensor *weight, const Tensor *bias, int rows);

// Shazeer 2020, "GLU variants improve Transformer": y = activation(a) * b, of the halves of x = [a | b] [n, 2d] -> [n, d]
Tensor *dm_gate(Graph *g, const Tensor *x, Activation activation);

// Vaswani et al. 2017, section 3.4 and 3.5: y_i = dropout(scale * table[ids[i]] + position_rows[i]) -> [n, d]; of a
// mixture, the sum of shares of rows of the table instead of one
typedef struct Embedding {
    const Tensor *table;  // [vocabulary, d]
    int n;
    const int *ids;                     // [n]
    const Mixture *mixture;             // NULL: the ids count
    float scale;                        // sqrt(d), or 1
    const float *const *position_rows;  // [n] pointers to [d] rows that are added; NULL: none
    const Tensor *positions;            // [places, d] that they are rows of; NULL: they are constants
    int frozen;                         // the id whose row gets no gradient (pad), or -1
    float dropout;
} Embedding;
Tensor *dm_embedding(Graph *g, const Embedding *args);

// Ba et al. 2016: y = gain * (x - mean) / sqrt(variance + eps) + bias, row by row. x [n, d], gain and bias [d] -> [n,
// d]
Tensor *dm_layer_norm(Graph *g, const Tensor *x, const Tensor *gain, const Tensor *bias, float epsilon);
#define DM_NORM_EPSILON 1e-5f  // the usual one

// Zhang and Sennrich 2019: y = gain * x / sqrt(mean(x^2) + eps), row by row. x [n, d], gain [d] -> [n, d]
Tensor *dm_rms_norm(Graph *g, const Tensor *x, const Tensor *gain, float epsilon);
#define DM_RMS_EPSILON 1e-6f  // the usual one

// Ioffe and Szegedy 2015: y = gain * (x - mean) / sqrt(variance + DM_NORM_EPSILON) + bias, feature by feature, with the
// mean and variance of the rows where the graph records, and these ones, which follow them, where not. x [n, d], all
// others [d] -> [n, d]
Tensor *dm_batch_norm(Graph *g, const Tensor *x, const Tensor *gain, const Tensor *bias, const Tensor *mean,
                      const Tensor *variance);

// y = x + dropout(f): both [n, d] -> [n, d]
Tensor *dm_residual(Graph *g, const Tensor *x, const Tensor *f, float dropout);
// y = layer_norm(x + dropout(f)), in one pass over the rows
Tensor *dm_residual_norm(Graph *g, const Tensor *x, const Tensor *f, float dropout, const Tensor *gain,
                         const Tensor *bias, float epsilon);

// Su et al. 2021, equation 34: in every head, w wide, the pairs (j, j + w/2) turn by the angles of their row, y_i = R_i x_i
// turns: [n] pointers to [w], the cosines of w/2 angles and then their sines, which live as long as the tape. x, y [n, d]
Tensor *dm_rotate(Graph *g, const Tensor *x, const float *const *turns, int heads);

// Vaswani et al. 2017, equation 1, for every head h and every sequence s:
//   P = softmax(Q_h K_h' / sqrt(d / heads)),  y_h = P V_h
// Sequence s of the queries sees the keys of sequence s. causal: the last query sees all keys, the one before it all
// but the last, and so on (so that one new query against a cache is the same call). The place of a query among its keys
// is counted so: the last one's is that of the last key.
typedef struct Attention {
    Tensor q;             // [nq, d], may be columns of a wider tensor
    Tensor k, v;          // [nk, d], or of fewer heads
    Spans queries, keys;  // same number of sequences; spans of keys may overlap (a beam shares its source)
    // Key j of sequence s is row keys.start[s] + j of k and v; where rows are given, row rows[keys.start[s] + j] (as
    // hypotheses share what they grew from): then every sequence has one query, and nothing is recorded.
    const int *rows;
    int heads;
    int key_heads;  // each of which as many neighbours of the heads share (Ainslie et al. 2023); 0: each has its own
    bool causal;
    // A query sees only keys at most so many places away, at a cost that grows with them (section 4 of the same); 0: all.
    int window;
    float dropout;  // of P, where it is mixed: what is looked at is whole
    // ALiBi (Press et al. 2022): [heads, 2], what is taken off a score for every place that the key stands before the
    // query, and behind it; NULL: nothing.
    const float *slopes;
    const AttentionView *view;  // where to leave P, and what else is to flow back to it; NULL: nobody looks
} Attention;
Tensor *dm_attention(Graph *g, const Attention *args);  // -> [nq, d]

// Where the rows of a scan find what those before them in their sequence have left, and leave it themselves: row i writes
// state row first + i, after those above it.
typedef struct Chain {
    Tensor state;       // [.., d]
    int first;
    const int *before;  // [n] a row of the state; -1: nothing stands before this one
    const int *place;   // [n] how many rows do
} Chain;
// Of whole sequences, [n, width], which live as long as the tape.
Chain dm_chain(Graph *g, Spans spans, int n, int width);
// Zhang et al. 2018, equation 1: the mean of a row and of all before it in its sequence: x [n, d] -> [n, d]
Tensor *dm_running_mean(Graph *g, const Tensor *x, const Chain *chain);
// Kim et al. 2019, section 4.2, the simpler simple recurrent unit: x [n, 2d] = [z | u], bias [d] -> [n, d]
//   f_t = sigmoid(u_t + bias),  s_t = f_t s_(t-1) + (1 - f_t) z_t,  y_t = max(0, s_t)
Tensor *dm_ssru(Graph *g, const Tensor *x, const Tensor *bias, const Chain *chain);

// Bahdanau et al. 2015, appendix A.1.2, for every sequence s:
//   e_ij = sum_l v_l tanh(q_il + k_jl),  P = softmax(e) over the keys,  y = P value
// Sequence s of the queries sees the keys of sequence s.
typedef struct AdditiveAttention {
    Tensor q;               // [nq, a]
    Tensor k, value;        // [nk, a], [nk, c]; may be columns of one wider tensor
    const Tensor *v;        // [a]
    Spans queries, keys;    // same number of sequences; spans of keys may overlap
    const AttentionView *view;  // of one head; or NULL
} AdditiveAttention;
Tensor *dm_additive_attention(Graph *g, const AdditiveAttention *args);  // -> [nq, c]

// A loss is (sum, count). objective: the smoothed sum that is minimised; nll: the same without smoothing; in nats.
typedef struct Loss {
    double objective, nll;
    long count;
} Loss;

// Label-smoothed softmax cross-entropy (Szegedy et al. 2016, section 7) of the output layer, the layer included:
//   z = x W' + b,  p = softmax(z) over the whole vocabulary,
//   objective = sum_i weight_i
//               ((1 - smoothing) * -log p_i[target_i] + smoothing * mean over all w but excluded of -log p_i[w])
// nll is weighted likewise, count is of the rows whose weight is not 0.
// x [n, d], weight [vocabulary, d], bias [vocabulary] (never trained) or NULL, targets [n].
// Works in chunks of rows, block by block of the vocabulary; where the graph is recording, the gradients of x and
// weight are made in the same call (so the caller waits for its turn at the lane before it, and runs dm_backward next).
// Where p is a part of what is said alone: P_i(target_i) = share_i p_i[target_i] + rest_i takes the place of the target's
// probability, but not that of the others in the smoothing. A target of -1 is none of the vocabulary's: P_i is rest_i.
typedef struct Blend {
    const double *share, *rest;  // [n] above 0
    double *by_share, *by_rest;  // [n] left there: the slope of the objective by either
} Blend;
typedef struct CrossEntropy {
    const Tensor *x, *weight, *bias;
    const int *targets;
    const Blend *blend;  // NULL: p is all
    float smoothing;
    int excluded;              // pad: takes no part in the smoothing and its row gets no gradient; -1: none
    const float *weights;      // [n] how much a row counts; 0: not at all, whatever its target is; NULL: 1 each
    float *log_probabilities;  // [n] log p_i[target_i], of rows that do not count 0; or NULL
} CrossEntropy;
Loss dm_cross_entropy(Graph *g, const CrossEntropy *args);
// Of a chunk and of a block: the logits of one block stay in the core's cache, the weights and their gradient pass
// through it once for every chunk.
enum { DM_CROSS_ENTROPY_ROWS = 512, DM_CROSS_ENTROPY_COLUMNS = 256 };

// Connectionist temporal classification (Graves et al. 2006), the output layer included: a row says a piece or a blank,
// and -log P(target) is of all ways in which the rows of a sequence come to its target, with pieces that repeat taken
// for one and blanks left out. nll and objective are the sum over the sequences, count is that of their pieces and one
// for the end of each, as if they were written piece by piece. A target that no way comes to, since it has more pieces
// (and neighbours that are the same, which need a blank between them) than rows, adds nothing and does not count.
// Where the graph is recording, the gradients of x and weight are made in the same call, as dm_cross_entropy does.
typedef struct Ctc {
    const Tensor *x, *weight, *bias;  // [n, d], [vocabulary, d], [vocabulary] (never trained) or NULL
    Spans rows;                       // of x, one sequence behind the other
    Tokens targets;                   // as many sequences; no blank is among them
    int blank;
    int excluded;               // pad: its row gets no gradient; -1: none
    double *log_probabilities;  // [sequences] log P, minus infinity where no way comes to it; or NULL
} Ctc;
Loss dm_ctc(Graph *g, const Ctc *args);

// How far two passes over the same n tokens, each with masks of its own, are apart (R-Drop, Liang et al. 2021):
//   L = sum_i 1/2 (KL(p_i||q_i) + KL(q_i||p_i)),  p_i = softmax(W x_i + b),  q_i = softmax(W x_{n+i} + b)
// x [2n, d], weight [vocabulary, d], bias [vocabulary] (never trained) or NULL. Where the graph is recording, factor
// times the gradient is added to those of x and weight in the same call, as dm_cross_entropy does.
typedef struct Divergence {
    const Tensor *x, *weight, *bias;
    int excluded;  // pad: its row gets no gradient; -1: none
    float factor;
} Divergence;
double dm_divergence(Graph *g, const Divergence *args);  // L, without the factor

// log softmax(x W' + b) -> [n, vocabulary]; for search, nothing flows back
Tensor *dm_log_probabilities(Graph *g, const Tensor *x, const Tensor *weight, const Tensor *bias);

// What search needs of it where nothing is forbidden: the `best` highest logits z = x W' + b of every row, in order
// (ties: the lower id), and log sum exp z, without the [n, vocabulary] matrix; log p = logit - log_sum is to the bit
// what dm_log_probabilities says. Nothing flows back.
typedef struct NextPieces {
    int best;
    Tensor *logits;   // [n, best]
    int *ids;         // [n, best]; -1, with a logit of minus infinity: there are no more
    float *log_sums;  // [n]
} NextPieces;
NextPieces dm_next_pieces(Graph *g, const Tensor *x, const Tensor *weight, const Tensor *bias, int best);

// Copying (See et al. 2017, equations 8 and 9): P_i(w) = g_i p_i(w) + (1 - g_i) sum of a_ij over the source pieces j that
// are w,  g_i = sigmoid(gate_i + sum_j a_ij source_j + bias),  a what is seen of attention by a head.
typedef struct Pointer {
    const Tensor *gate;    // [n, 1]
    const Tensor *source;  // [source rows, 1], which the keys of the view are rows of
    const Tensor *bias;    // [1]
    const AttentionView *view;
    int head;           // or DM_ALL_HEADS
    const int *copies;  // [source rows] which piece each is, or a number beyond the vocabulary: its size + the first place
                        // in the sentence of a piece that is spelt so
} Pointer;
// dm_cross_entropy of P, as args have it for p (they have no blend); a target may be beyond the vocabulary. All gradients
// are made in the same call, that of what is seen is left in the view.
Loss dm_pointer_loss(Graph *g, const Pointer *pointer, const CrossEntropy *args);
// log P of all pieces, of log p [n, vocabulary] -> [n, vocabulary + the longest of the view's keys]
Tensor *dm_pointer_log_probabilities(Graph *g, const Pointer *pointer, const Tensor *vocabulary);
// The same of the best: logits are log P, log_sums 0. The [n, vocabulary] matrix is never whole.
NextPieces dm_pointer_next_pieces(Graph *g, const Pointer *pointer, const Tensor *x, const Tensor *weight,
                                  const Tensor *bias, int best);

// Cho et al. 2014, one step of a gated recurrent unit, gates in PyTorch's order r | z | n, each h wide:
//   r, z = sigmoid(input + hidden),  c = tanh(input_n + r * hidden_n),  y = (1 - z) * c + z * h
// input [n, 3h] W_i x + b_i, hidden [n, 3h] W_h h + b_h, h [n, h] -> [n, h]
Tensor *dm_gru(Graph *g, const Tensor *input, const Tensor *hidden, const Tensor *h);

// Hochreiter and Schmidhuber 1997, one step of a long short-term memory, gates in PyTorch's order i | f | g | o:
//   i, f, o = sigmoid(input + hidden),  g = tanh(input_g + hidden_g),  c' = f * c + i * g,  h' = o * tanh(c')
// input [n, 4h] W_i x + b_i, hidden [n, 4h] W_h h + b_h, state [n, 2h] = [h | c] -> [h' | c']
Tensor *dm_lstm(Graph *g, const Tensor *input, const Tensor *hidden, const Tensor *state);

Tensor *dm_add(Graph *g, const Tensor *a, const Tensor *b);          // a + b, same shape
Tensor *dm_scale(Graph *g, const Tensor *x, float factor);           // factor * x
Tensor *dm_scale_rows(Graph *g, const Tensor *x, const float *factors);  // row i times factors[i]; these live as the tape
Tensor *dm_scale_gradient(Graph *g, const Tensor *x, float factor);  // x, whose gradient is factor times what comes back
Tensor *dm_concatenate(Graph *g, const Tensor *a, const Tensor *b);  // [n, p], [n, q] -> [n, p + q]

// Row i is row order[i] of the parts [.., d] put one below the other, or zeros where order[i] is -1 -> [n, d]. A row
// may be taken several times or never. order lives as long as the tape.
Tensor *dm_collect(Graph *g, const Tensor *const *parts, int count, const int *order, int n);

// The mean of the rows of each sequence, zeros where there are none: x [n, d] -> [spans.n, d]. The spans live as long as
// the tape.
Tensor *dm_span_means(Graph *g, const Tensor *x, Spans spans);

// The rows that each row of a convolution sees: order[i * width + j] is the j-th for row i, or -1 where there is none.
// order lives as long as the tape.
typedef struct Window {
    int n, width;
    const int *order;  // [n, width]
} Window;
// y_i = the rows of its window side by side, zeros for those that are not there: x [.., d] -> [n, width * d]
Tensor *dm_unfold(Graph *g, const Tensor *x, Window window);
// What a convolution multiplies by. They are the same for any number of calls, and live as long as these and the tape.
typedef struct Kernels {
    const Tensor *w;      // [heads, width], or for each row its own, [n, heads * width]
    int heads;
    const float *across;  // dm_across of w [d, width], where every column is a head; NULL: there are fewer heads
} Kernels;
const float *dm_across(Graph *g, const Tensor *w);  // w' [w->cols, w->rows]
// y_ic = sum_j w_hj x_(j-th row of the window of i)c, where head h has the columns from h d / heads on (Kaiser et al.
// 2017: a head for each column; Wu et al. 2019: few) -> [n, d]
Tensor *dm_convolve(Graph *g, const Tensor *x, Kernels kernels, Window window);
// Softmax over each `width` neighbouring columns: [n, groups * width] -> the same
Tensor *dm_softmax_groups(Graph *g, const Tensor *x, int width);
// y = x W', in float32 whatever the graph multiplies in: x [n, in], weight [out, in] -> [n, out]. A row is the same bytes
// whatever the other rows are.
Tensor *dm_affinity(Graph *g, const Tensor *x, const Tensor *weight);

// Which experts a token goes to, and how much each counts. With u the logits of a token:
//   a = softmax(u) or sigmoid(u),  C = the `top` experts of the highest a_i + bias_i (ties: the lower index),
//   gate_i = a_i / sum of the a of C, or of top 1, a_i / sum of all a
// softmax: Shazeer et al. 2017, Mixtral 2024, and of top 1 Fedus et al. 2021; sigmoid: DeepSeek-V3, 2024.
typedef struct Route {
    const Tensor *logits;  // [n, experts]
    const Tensor *bias;    // [experts], never trained; NULL: zeros
    int top;
    bool sigmoid;  // else softmax
    int router;    // its number in the model
} Route;
struct Routing {
    int router, experts, top;
    bool sigmoid;
    const Tensor *logits;
    const float *affinity;      // [n, experts] a
    Tensor *gates;              // [n, top]
    const int *chosen;          // [n, top] the highest a_i + bias_i first
    const int *start;           // [experts + 1] sorted by expert, the choices of expert e are start[e] ... start[e+1]-1
    const int *place, *token;   // [n, top] where a choice stands among them, [n top] and whose each of them is
    Routing *next;              // in the graph's tap
};
const Routing *dm_route(Graph *g, const Route *args);
// sum_k gate_ik * row of the part of the expert that token i chose k-th: parts [experts], the rows of each in the order
// of its tokens (of one that nobody chose, NULL) -> [n, width]
Tensor *dm_combine(Graph *g, const Routing *routing, const Tensor *const *parts, int width);

// How unevenly the experts are used (Fedus et al. 2021, eq. 4; Dai et al. 2024, eq. 12 to 14), 1 where all are alike:
//   L = experts * sum_i f_i P_i,  f_i the share of choices that went to i,  P_i the mean over the tokens of a_i / sum a
// Where the graph is recording, factor times the gradient is added to that of the logits in the same call; through f
// none flows.
double dm_balance(Graph *g, const Routing *routing, double factor);  // L, without the factor
double dm_entropy(const Routing *routing);  // sum over the tokens of the entropy of a_i / sum a, in nats

// y = mask * x, the mask 0 with probability rate and 1 / (1 - rate) otherwise; x itself where the rate is 0.
Tensor *dm_dropout(Graph *g, const Tensor *x, float rate);
