// The tape: what ran, in order, and the way back through it.
#include "tensor/graph.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct Record {
    const Op *op;
    Record *previous;
    Tensor *result;  // NULL: an op that makes none
    _Alignas(16) unsigned char payload[];
};

// The way back needs few gradients at a time: those of an op's inputs, and of what is waiting for its own op. A
// gradient that has done its work is handed on, by size, so that all of them fit into the cache, or nearly.
struct Spare {
    Spare *next;
    size_t bytes;
};

static size_t bytes_of(const Tensor *t)
{
    return (size_t)t->rows * (size_t)t->cols * sizeof(float);
}

// Room for a gradient, and for what it is once it has done its work.
static size_t room_for_gradient(const Tensor *t)
{
    return bytes_of(t) < sizeof(Spare) ? sizeof(Spare) : bytes_of(t);
}

static float *take_gradient(Graph *graph, const Tensor *t)
{
    const size_t bytes = room_for_gradient(t);
    for (Spare **at = &graph->spare; *at; at = &(*at)->next) {
        Spare *found = *at;
        if (found->bytes != bytes) continue;
        *at = found->next;
        return (float *)found;
    }
    return dm_arena_take(graph->arena, bytes);
}

static void hand_on_gradient(Graph *graph, Tensor *t)
{
    Spare *spare = (Spare *)t->grad;
    *spare = (Spare){graph->spare, room_for_gradient(t)};
    graph->spare = spare;
    t->grad = NULL;
}

Tensor *dm_tensor(Graph *graph, int rows, int cols)
{
    assert(rows >= 0 && cols >= 0);
    if (graph->profile) dm_profile_begin(graph->profile);
    Tensor *t = dm_arena_take(graph->arena, sizeof *t);
    *t = (Tensor){.rows = rows, .cols = cols, .stride = cols};
    t->data = dm_arena_take(graph->arena, bytes_of(t));
    t->whole = graph->recording ? t : NULL;
    return t;
}

Tensor *dm_view(Graph *graph, Tensor view)
{
    Tensor *kept = dm_arena_take(graph->arena, sizeof *kept);
    *kept = view;
    return kept;
}

void *dm_record(Graph *graph, const Op *op, Tensor *result, size_t size)
{
    if (graph->profile) dm_profile_name(graph->profile, op);
    if (!graph->recording) return NULL;
    Record *record = dm_arena_take(graph->arena, sizeof *record + size);
    record->op = op;
    record->previous = graph->tape;
    record->result = result;
    graph->tape = record;
    return memset(record->payload, 0, size);
}

static void clear_columns(const Tensor *whole, int from, int cols)
{
    for (size_t i = 0; i < (size_t)whole->rows; i++)
        memset(whole->grad + i * (size_t)whole->stride + from, 0, (size_t)cols * sizeof(float));
}

float *dm_gradient_sum(Graph *graph, const Tensor *t, bool *add)
{
    *add = true;
    if (t->parameter) {
        if (graph->asked && !*graph->asked) *graph->asked = t;
        if (!graph->gradients) return NULL;
        if (graph->before_gradients) graph->before_gradients(graph->waiting);
        graph->before_gradients = NULL;
        return graph->gradients + (t->data - graph->parameters);
    }
    Tensor *whole = t->whole;
    if (!whole) return NULL;
    if (whole->chain < graph->going_on) whole->chain = graph->going_on;
    if (!whole->grad) {
        whole->grad = take_gradient(graph, whole);
        whole->written = 0;
    }
    const ptrdiff_t from = t->data - whole->data;  // a column; of a part that begins in a lower row, more than any
    if (t->rows == whole->rows && from == whole->written) {
        *add = false;
        whole->written += t->cols;
    } else if (from + t->cols > whole->written) {
        clear_columns(whole, whole->written, whole->cols - whole->written);
        whole->written = whole->cols;
    }
    return whole->grad + from;
}

float *dm_gradient(Graph *graph, const Tensor *t)
{
    bool add;
    float *gradient = dm_gradient_sum(graph, t, &add);
    if (!add) clear_columns(t->whole, (int)(t->data - t->whole->data), t->cols);
    return gradient;
}

static size_t bytes_seen(const AttentionView *view, int sequence)
{
    return (size_t)view->heads * (size_t)view->queries.length[sequence] * (size_t)view->keys.length[sequence] *
           sizeof(float);
}

static float **pictures(Graph *graph, const AttentionView *view)
{
    float **picture = dm_arena_take(graph->arena, (size_t)view->queries.n * sizeof *picture);
    for (int s = 0; s < view->queries.n; s++) picture[s] = dm_arena_take(graph->arena, bytes_seen(view, s));
    return picture;
}

static bool is_looked_at(AttentionTap *tap, AttentionKind kind)
{
    if (!tap) return false;
    if (kind != DM_CROSS_ATTENTION) return !tap->only_cross;
    tap->layers++;
    return !tap->only_layer || tap->only_layer == tap->layers;
}

AttentionView *dm_tap(Graph *graph, AttentionKind kind, int heads, Spans queries, Spans keys)
{
    AttentionTap *tap = graph->tap;
    if (!is_looked_at(tap, kind)) return NULL;
    AttentionView *view = dm_arena_take(graph->arena, sizeof *view);
    *view = (AttentionView){.kind = kind, .heads = heads, .queries = queries, .keys = keys};
    view->probabilities = pictures(graph, view);
    if (tap->gradients) view->gradients = pictures(graph, view);
    for (int s = 0; s < queries.n && tap->gradients; s++) memset(view->gradients[s], 0, bytes_seen(view, s));
    if (tap->first)
        tap->last->next = view;
    else
        tap->first = view;
    tap->last = view;
    return view;
}

Random dm_graph_random(Graph *graph)
{
    return dm_random(graph->seed, graph->update, graph->shard, graph->op++);
}

// Their streams are counted from the end, so that they are no op's.
bool dm_is_dropped(const Graph *graph, int layer)
{
    if (!(graph->layer_drop > 0)) return false;
    Random stream = dm_random(graph->seed, graph->update, graph->shard, UINT32_MAX - (uint32_t)layer);
    return dm_random_uniform(&stream) < (double)graph->layer_drop;
}

void dm_drop_nothing(Graph *graph)
{
    graph->dropout = graph->inner_dropout = graph->attention_dropout = graph->layer_drop = 0;
}

// A result that nothing was made of has a gradient too: zero.
static void run_back(Graph *graph, Record *record)
{
    if (record->result) dm_gradient(graph, record->result);
    record->op->backward(graph, record->payload);
    if (record->result) hand_on_gradient(graph, record->result);
}

// What an op reads, only its backward knows: it asks for the gradient of that. Whoever reads its result stands behind
// it on the tape and has gone back before it, so the longest chain from here on is known.
static void follow_chain(Graph *graph, const Record *record)
{
    graph->going_on = 1 + (record->result ? record->result->chain : 0);
    if (graph->going_on > *graph->chain) *graph->chain = graph->going_on;
}

void dm_backward(Graph *graph)
{
    if (graph->chain) *graph->chain = 0;
    for (Record *record = graph->tape; record; record = record->previous) {
        if (graph->profile) dm_profile_turn(graph->profile, dm_profile_of(graph->profile, record->op, true));
        if (graph->chain) follow_chain(graph, record);
        run_back(graph, record);
    }
    graph->going_on = 0;
    graph->tape = NULL;
    graph->spare = NULL;
    graph->sums = NULL;
}

static bool is_finite(const Tensor *t)
{
    for (int i = 0; i < t->rows; i++)
        for (int j = 0; j < t->cols; j++)
            if (!isfinite(dm_row(t, i)[j])) return false;
    return true;
}

// Which parameter an op has, only its backward knows: it is run, and asks for the parameter's gradient.
BadResult dm_first_bad_result(Graph *graph)
{
    BadResult bad = {0};
    Record *culprit = NULL;
    for (Record *record = graph->tape; record; record = record->previous)
        if (record->result && !is_finite(record->result)) culprit = record;
    graph->tape = NULL;
    if (!culprit) return bad;
    bad.op = culprit->op;
    bad.result = culprit->result;
    graph->gradients = NULL;
    graph->asked = &bad.parameter;
    for (Record *record = culprit; record && !bad.parameter; record = record->previous) {
        run_back(graph, record);
        bad.before = record != culprit;
    }
    graph->asked = NULL;
    graph->spare = NULL;
    graph->sums = NULL;
    return bad;
}

void dm_no_gradient(Graph *graph, void *record)
{
    (void)graph, (void)record;
}
