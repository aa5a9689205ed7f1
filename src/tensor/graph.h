// Graph: what a forward pass needs. Define by run: an op computes at once and, if there is a tape, leaves a record;
// dm_backward walks the records in reverse. Loops, beams and branches are ordinary C.
#pragma once
#include <stdint.h>

#include "core/arena.h"
#include "core/random.h"
#include "tensor/products/gemm.h"
#include "tensor/products/packs.h"
#include "tensor/profile.h"
#include "tensor/tensor.h"

typedef struct Graph Graph;
typedef struct Record Record;
typedef struct Spare Spare;
typedef struct LinearSum LinearSum;

// One row of the table of ops (ops/op_table.h): all that the rest of the tree has to know of an op.
typedef struct Op {
    const char *name;
    void (*backward)(Graph *graph, void *record);  // adds into the gradients of the op's inputs
} Op;

void dm_no_gradient(Graph *graph, void *record);  // a backward for ops through which nothing flows back

// What is looked at while it passes by: the probabilities of every attention of a forward pass, in its order.
typedef enum AttentionKind { DM_ENCODER_ATTENTION, DM_DECODER_ATTENTION, DM_CROSS_ATTENTION } AttentionKind;
typedef struct AttentionView AttentionView;
struct AttentionView {
    AttentionKind kind;
    int heads;
    Spans queries, keys;
    float **probabilities;  // [queries.n] pointers to [heads, length of queries, length of keys]
    // The same of what is to flow back to them, zeros at first: whoever looks adds to it before dm_backward, and the
    // attention sends it on through its softmax. NULL: nothing does.
    float **gradients;
    AttentionView *next;
};
typedef struct AttentionTap {
    bool only_cross;              // the other kinds pass by: of a long translation they are very much larger
    int only_layer;               // of these, the one with this number, from 1; 0: all of them
    bool gradients;               // views have room for what is to flow back
    int layers;                   // of the decoder's attention to the source that have passed by
    AttentionView *first, *last;  // in the graph's arena
} AttentionTap;

// What every router of a forward pass has chosen, in its order (ops/ops.h).
typedef struct Routing Routing;
typedef struct RouteTap {
    Routing *first, *last;  // in the graph's arena
} RouteTap;

struct Graph {
    Arena *arena;  // tensors, records and scratch; the caller resets or releases it
    const GemmBackend *gemm;
    const float *parameters;  // the model's parameter buffer ...
    const Bf16 *rounded;      // ... rounded, of the same layout: products are in bf16; NULL: in float32
    Packs *packs;             // the weights, packed for search; NULL: products read them as they lie
    float *gradients;         // ... and the lane its gradients are added to, of the same layout; NULL: not wanted
    size_t statistics;        // floats of statistics (tensor/running_statistics.h) in it
    void (*before_gradients)(void *waiting);  // called once, before the first of these is handed out, for others may be
    void *waiting;                            // adding to the lane; NULL: nobody is
    bool recording;                           // keep a tape: training
    bool row_by_row;  // with packs: a row of every result is the same bytes, whatever is asked with it (ops/attention.c)
    float dropout;                            // the model's dropout: 0 outside training, and so
    float inner_dropout, attention_dropout;   // ... inside feed-forward blocks, and of what attention gives to each place
    float layer_drop;                         // ... how probable it is that a layer is passed over
    uint64_t seed;                            // masks are drawn from (seed, update, shard, op, element)
    uint32_t update, shard, op;               // op counts the random streams drawn so far
    Record *tape;                             // the last record; NULL at the start
    Spare *spare;                             // gradients that have done their work, for those that come after
    LinearSum *sums;                          // layers whose gradients are summed over several uses; NULL: none
    const Tensor **asked;  // where dm_gradient leaves a parameter that it is asked about; NULL: nowhere
    bool whole_target;     // every piece sees all of the target in the decoder, whose output is not asked for then
    AttentionTap *tap;     // collects what attention sees; NULL: nobody looks
    RouteTap *routes;      // collects what routers choose, where the graph is recording; NULL: nobody looks
    Profile *profile;      // charges time to the ops; NULL: nobody asks
    int *chain;    // where dm_backward leaves how many ops the longest chain on the tape has, each of which reads what
                   // the one before it has made, and so has to wait for it; NULL: nobody asks
    int going_on;  // ops of the longest chain that begins with the op that goes back now; 0: nobody asks
};

// An uninitialised tensor in the arena; where the graph is recording, something flows back to it.
Tensor *dm_tensor(Graph *graph, int rows, int cols);

// A view in the arena: what an op is given has to live until it has gone back.
Tensor *dm_view(Graph *graph, Tensor view);

// A record of `size` bytes for the way back of an op with this result (NULL: with none), zeroed; NULL where the graph
// is not recording.
void *dm_record(Graph *graph, const Op *op, Tensor *result, size_t size);

// The gradient of t to be added to, zero at first, laid out as t->data, or NULL if none is wanted. It may be taken from
// the arena: ask before a mark that is released. That of an op's result lives until the op has gone back.
float *dm_gradient(Graph *graph, const Tensor *t);

// The same for an op that can write as well as add: *add says which. The first to come writes every element, which
// saves clearing them and reading them again. Columns that are written from left to right need no clearing either; some
// rows of a tensor are always added to.
float *dm_gradient_sum(Graph *graph, const Tensor *t, bool *add);

// A row of it, for an op that goes through its rows in order.
typedef struct GradientRow {
    float *to;  // NULL: not wanted
    bool add;
    int stride;
} GradientRow;

static inline GradientRow dm_first_gradient_row(Graph *graph, const Tensor *t)
{
    GradientRow row = {.stride = t->stride};
    row.to = dm_gradient_sum(graph, t, &row.add);
    return row;
}

static inline void dm_next_gradient_row(GradientRow *row)
{
    if (row->to) row->to += row->stride;
}

// A view of the attention that comes next, at the end of the tap; NULL where nobody looks at it.
AttentionView *dm_tap(Graph *graph, AttentionKind kind, int heads, Spans queries, Spans keys);

Random dm_graph_random(Graph *graph);  // a fresh stream for this op
// Whether this layer of the model is passed over (layer_drop): the same each time that the pass asks.
bool dm_is_dropped(const Graph *graph, int layer);
void dm_drop_nothing(Graph *graph);  // all rates become 0

// Backward through all records. The caller has put the gradient of the result into its dm_gradient (a loss op has done
// it).
void dm_backward(Graph *graph);

// What went wrong on a tape that was recorded in full.
typedef struct BadResult {
    const Op *op;             // NULL: every result is finite
    const Tensor *result;     // the op's
    const Tensor *parameter;  // an input of the op, or else of the nearest op before it that has one; NULL: none has
    bool before;              // ... it is of an op before
} BadResult;
// The first op whose result is not finite. The tape is used up; no gradient is added to the parameters.
BadResult dm_first_bad_result(Graph *graph);

// C = op(A) op(B) + beta C with the graph's backend.
static inline void dm_gemm(const Graph *graph, Gemm args)
{
    if (graph->profile) graph->profile->flops += 2.0 * args.m * args.n * args.k;
    graph->gemm->multiply(graph->gemm, &args);
}

// A product that an op makes without the backend: one that counts is told its dimensions.
static inline void dm_count_product(const Graph *graph, int m, int n, int k)
{
    if (graph->gemm->counts) dm_gemm(graph, (Gemm){.m = m, .n = n, .k = k});
}
