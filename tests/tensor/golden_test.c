// Ops against golden values: outputs and gradients that PyTorch computed in float64 (tests/golden/ops.py).
#include "tensor/check.h"

#include <cjson/cJSON.h>

#include "core/files.h"
#include "core/memory.h"
#include "tensor/ops/op_table.h"
#include "tensor/running_statistics.h"

// Float32 keeps 6e-8 of each number; the sums here have at most some dozen terms of like size and the chains three ops,
// which leaves errors of some 1e-7 of a tensor's largest element. 1e-5 is room for other orders of summation and for
// exponentials by polynomial; a wrong formula is off by 1e-2.
static const double tolerance = 1e-5;

typedef struct Golden {  // one case while it is looked at
    const cJSON *json;
    Bench bench;
    const char *op;
    char name[64];
} Golden;

static const cJSON *member(const Golden *c, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(c->json, key);
}

static double number(const Golden *c, const char *key, double otherwise)
{
    const cJSON *item = member(c, key);
    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

// The values of a stored tensor; the caller frees them. NULL: not in the case.
static double *stored(const Golden *c, const char *key, int *rows, int *cols)
{
    const cJSON *tensor = member(c, key), *value;
    if (!tensor) return NULL;
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(tensor, "shape");
    *rows = cJSON_GetArrayItem(shape, 0)->valueint;
    *cols = cJSON_GetArrayItem(shape, 1)->valueint;
    double *values = dm_allocate((size_t)(*rows * *cols), sizeof(double)), *at = values;
    cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(tensor, "values")) *at++ = value->valuedouble;
    return values;
}

static int *integers(const Golden *c, const char *key, int *count)
{
    const cJSON *array = member(c, key), *value;
    *count = cJSON_GetArraySize(array);
    int *values = dm_arena_take(c->bench.graph.arena, (size_t)*count * sizeof(int)), *at = values;
    cJSON_ArrayForEach(value, array) *at++ = value->valueint;
    return values;
}

// An input of the case, NULL if it has none of this name.
static Tensor *input(Golden *c, const char *key)
{
    int rows, cols;
    double *values = stored(c, key, &rows, &cols);
    if (!values) return NULL;
    Tensor *t = dm_tensor(&c->bench.graph, rows, cols);
    for (int i = 0; i < rows * cols; i++) t->data[i] = (float)values[i];
    dm_free(values);
    return t;
}

// A weight of the case, in the parameter buffer.
static Tensor *weight(Golden *c, const char *key)
{
    Tensor *t = input(c, key);
    if (!t) return NULL;
    float *place = c->bench.parameters + c->bench.parameters_used;
    c->bench.parameters_used += (size_t)(t->rows * t->cols);
    t->data = memcpy(place, t->data, (size_t)(t->rows * t->cols) * sizeof(float));
    t->grad = NULL;
    t->parameter = true;
    return t;
}

static void equals(Golden *c, const char *key, const float *got)
{
    int rows, cols;
    double *want = stored(c, key, &rows, &cols);
    if (!want) {
        expect(false, "%s has no %s", c->name, key);
        return;
    }
    char what[96];
    snprintf(what, sizeof what, "%s, %s", c->name, key);
    agree(what, got, want, (size_t)(rows * cols), tolerance);
    dm_free(want);
}

static void gradient_equals(Golden *c, const char *key, const Tensor *t)
{
    if (t) equals(c, key, dm_gradient(&c->bench.graph, t));
}

// y as stored, r into its gradient, and back.
static void way_back(Golden *c, Tensor *y)
{
    equals(c, "y", y->data);
    int rows, cols;
    double *r = stored(c, "r", &rows, &cols);
    expect(rows == y->rows && cols == y->cols, "%s is [%d, %d], should be [%d, %d]", c->name, y->rows, y->cols, rows,
           cols);
    float *gradient = dm_gradient(&c->bench.graph, y);
    for (int i = 0; i < rows * cols; i++) gradient[i] = (float)r[i];
    dm_free(r);
    dm_backward(&c->bench.graph);
}

static Activation activation_of(const Golden *c)
{
    static const char *const names[] = {"identity", "relu", "gelu",   "gelu by tanh",
                                        "swish",    "tanh", "sigmoid"};  // in the order of Activation
    int activation = 0;
    while (strcmp(names[activation], member(c, "activation")->valuestring)) activation++;
    return (Activation)activation;
}

static void check_linear(Golden *c)
{
    const Tensor *x = input(c, "x"), *w = weight(c, "weight"), *bias = weight(c, "bias");
    way_back(c, dm_linear(&c->bench.graph, x, w, bias, activation_of(c)));
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dweight", w);
    gradient_equals(c, "dbias", bias);
}

// Two steps, of which the second has fewer rows.
static void check_linear_sum(Golden *c)
{
    Graph *g = &c->bench.graph;
    const Tensor *x = input(c, "x"), *w = weight(c, "weight"), *bias = weight(c, "bias");
    const int going = (int)number(c, "going", 0);
    dm_linear_sum(g, w, bias, x->rows + going);
    const Tensor *first = dm_view(g, dm_rows(dm_linear(g, x, w, bias, DM_TANH), 0, going));
    way_back(c, dm_linear(g, first, w, bias, DM_TANH));
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dweight", w);
    gradient_equals(c, "dbias", bias);
}

static void check_embedding(Golden *c)
{
    const Tensor *table = weight(c, "table"), *positions = input(c, "positions"), *learned = weight(c, "learned");
    int n, placed;
    const int *ids = integers(c, "ids", &n), *places = integers(c, "places", &placed);
    const float *rows[16];
    for (int i = 0; positions && i < n; i++) rows[i] = dm_row(positions, i);
    for (int i = 0; learned && i < placed; i++) rows[i] = dm_row(learned, places[i]);
    way_back(c, dm_embedding(&c->bench.graph, &(Embedding){.table = table,
                                                           .n = n,
                                                           .ids = ids,
                                                           .scale = (float)number(c, "scale", 1),
                                                           .position_rows = positions || learned ? rows : NULL,
                                                           .positions = learned,
                                                           .frozen = (int)number(c, "frozen", -1)}));
    gradient_equals(c, "dtable", table);
    gradient_equals(c, "dlearned", learned);
}

static void check_layer_norm(Golden *c)
{
    const Tensor *x = input(c, "x"), *gain = weight(c, "gain"), *bias = weight(c, "bias");
    way_back(c, dm_layer_norm(&c->bench.graph, x, gain, bias, DM_NORM_EPSILON));
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dgain", gain);
    gradient_equals(c, "dbias", bias);
}

static void check_rms_norm(Golden *c)
{
    const Tensor *x = input(c, "x"), *gain = weight(c, "gain");
    way_back(c, dm_rms_norm(&c->bench.graph, x, gain, DM_RMS_EPSILON));
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dgain", gain);
}

// Two updates, the first with other rows and no gradient; then what the running mean and variance make of the rows.
static void check_batch_norm(Golden *c)
{
    Graph *g = &c->bench.graph;
    const Tensor *first = input(c, "first"), *x = input(c, "x");
    const Tensor *gain = weight(c, "gain"), *bias = weight(c, "bias");
    const size_t trained = c->bench.parameters_used;
    const Tensor *mean = weight(c, "mean"), *variance = weight(c, "variance");
    Parameters p = {
        .data = c->bench.parameters, .trained_size = trained, .statistic_size = c->bench.parameters_used - trained};
    g->statistics = p.statistic_size;
    dm_batch_norm(g, first, gain, bias, mean, variance);
    dm_backward(g);
    dm_statistics_follow(&p, c->bench.gradients + p.trained_size);
    way_back(c, dm_batch_norm(g, x, gain, bias, mean, variance));
    dm_statistics_follow(&p, c->bench.gradients + p.trained_size);
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dgain", gain);
    gradient_equals(c, "dbias", bias);
    equals(c, "running_mean", mean->data);
    equals(c, "running_var", variance->data);
    g->recording = false;
    equals(c, "by_running", dm_batch_norm(g, x, gain, bias, mean, variance)->data);
}

static void check_residual(Golden *c)
{
    const Tensor *x = input(c, "x"), *f = input(c, "f"), *gain = weight(c, "gain"), *bias = weight(c, "bias");
    way_back(c, gain ? dm_residual_norm(&c->bench.graph, x, f, 0, gain, bias, DM_NORM_EPSILON)
                     : dm_residual(&c->bench.graph, x, f, 0));
    gradient_equals(c, "dx", x);
    gradient_equals(c, "df", f);
    gradient_equals(c, "dgain", gain);
    gradient_equals(c, "dbias", bias);
}

static Spans spans_of(Golden *c, const char *key)
{
    int n;
    const int *length = integers(c, key, &n);
    int *start = dm_arena_take(c->bench.graph.arena, (size_t)n * sizeof(int));
    for (int i = 0, at = 0; i < n; at += length[i++]) start[i] = at;
    return (Spans){n, start, length};
}

static void check_attention(Golden *c)
{
    const Tensor *q = input(c, "q"), *k = input(c, "k"), *v = input(c, "v"), *slopes = input(c, "slopes");
    way_back(c, dm_attention(&c->bench.graph, &(Attention){.q = *q,
                                                           .k = *k,
                                                           .v = *v,
                                                           .heads = (int)number(c, "heads", 0),
                                                           .causal = cJSON_IsTrue(member(c, "causal")),
                                                           .window = (int)number(c, "window", 0),
                                                           .slopes = slopes ? slopes->data : NULL,
                                                           .queries = spans_of(c, "queries"),
                                                           .keys = spans_of(c, "keys")}));
    gradient_equals(c, "dq", q);
    gradient_equals(c, "dk", k);
    gradient_equals(c, "dv", v);
}

static void check_additive_attention(Golden *c)
{
    Graph *g = &c->bench.graph;
    const Tensor *q = input(c, "q"), *k = input(c, "k"), *value = input(c, "value"), *v = weight(c, "v");
    const Spans queries = spans_of(c, "queries"), keys = spans_of(c, "keys");
    float *all = dm_arena_take(g->arena, (size_t)(q->rows * k->rows) * sizeof(float)), *at = all, *p[8];
    for (int s = 0; s < queries.n; at += queries.length[s] * keys.length[s], s++) p[s] = at;
    const AttentionView view = {.heads = 1, .queries = queries, .keys = keys, .probabilities = p};
    way_back(c,
             dm_additive_attention(
                 g, &(AdditiveAttention){
                        .q = *q, .k = *k, .value = *value, .v = v, .queries = queries, .keys = keys, .view = &view}));
    equals(c, "p", all);
    gradient_equals(c, "dq", q);
    gradient_equals(c, "dk", k);
    gradient_equals(c, "dvalue", value);
    gradient_equals(c, "dv", v);
}

// Of a softmax, alone or with what is copied.
static CrossEntropy cross_entropy_of(Golden *c, const Tensor *x, const Tensor *w, const Tensor *bias)
{
    int n;
    const Tensor *weights = input(c, "weights");
    const int *targets = integers(c, "targets", &n);
    return (CrossEntropy){.x = x,
                          .weight = w,
                          .bias = bias,
                          .targets = targets,
                          .smoothing = (float)number(c, "smoothing", 0),
                          .excluded = (int)number(c, "excluded", -1),
                          .weights = weights ? weights->data : NULL,
                          .log_probabilities = dm_arena_take(c->bench.graph.arena, (size_t)n * sizeof(float))};
}

static void loss_equals(Golden *c, Loss loss, const CrossEntropy *of)
{
    const double objective = number(c, "objective", NAN), nll = number(c, "nll", NAN);
    expect(fabs(loss.objective - objective) <= tolerance * objective, "%s: objective %.9g, should be %.9g", c->name,
           loss.objective, objective);
    expect(fabs(loss.nll - nll) <= tolerance * nll, "%s: nll %.9g, should be %.9g", c->name, loss.nll, nll);
    equals(c, "log_probabilities", of->log_probabilities);
    gradient_equals(c, "dx", of->x);
    gradient_equals(c, "dweight", of->weight);
}

static void check_cross_entropy(Golden *c)
{
    const Tensor *x = input(c, "x"), *w = weight(c, "weight"), *bias = input(c, "bias");
    const CrossEntropy args = cross_entropy_of(c, x, w, bias);
    Graph *g = &c->bench.graph;
    const Loss loss = dm_cross_entropy(g, &args);
    dm_backward(g);
    loss_equals(c, loss, &args);
    int counted = 0;
    for (int i = 0; i < x->rows; i++) counted += !args.weights || args.weights[i] != 0;
    CU_ASSERT_EQUAL(loss.count, counted);
    if (!member(c, "all_log_probabilities")) return;
    equals(c, "all_log_probabilities", dm_log_probabilities(g, x, w, bias)->data);
    const NextPieces next = dm_next_pieces(g, x, w, bias, w->rows);
    Tensor *in_place = dm_tensor(g, x->rows, w->rows);
    for (int i = 0; i < x->rows; i++)
        for (int k = 0; k < w->rows; k++)
            dm_row(in_place, i)[next.ids[i * w->rows + k]] = dm_row(next.logits, i)[k] - next.log_sums[i];
    equals(c, "all_log_probabilities", in_place->data);
}

static void check_pointer(Golden *c)
{
    Graph *g = &c->bench.graph;
    const Tensor *x = input(c, "x"), *w = weight(c, "weight"), *bias = input(c, "bias"), *seen = input(c, "seen");
    const CrossEntropy vocabulary = cross_entropy_of(c, x, w, bias);
    const int n = x->rows;
    int sources;
    const Spans queries = spans_of(c, "queries"), keys = spans_of(c, "keys");
    float *p[8], *back[8], *sent = dm_arena_take(g->arena, (size_t)seen->cols * sizeof(float));
    memset(sent, 0, (size_t)seen->cols * sizeof(float));
    for (int s = 0, at = 0; s < queries.n; at += queries.length[s] * keys.length[s], s++)
        p[s] = seen->data + at, back[s] = sent + at;
    const AttentionView view = {.heads = 1, .queries = queries, .keys = keys, .probabilities = p, .gradients = back};
    const Pointer args = {.gate = input(c, "gate"),
                          .source = input(c, "source"),
                          .bias = weight(c, "shift"),
                          .view = &view,
                          .copies = integers(c, "copies", &sources)};
    const Loss loss = dm_pointer_loss(g, &args, &vocabulary);
    dm_backward(g);
    loss_equals(c, loss, &vocabulary);
    gradient_equals(c, "dgate", args.gate);
    gradient_equals(c, "dsource", args.source);
    gradient_equals(c, "dshift", args.bias);
    equals(c, "dseen", sent);
    // What search is told, whole and in order of the best.
    const Tensor *all = dm_pointer_log_probabilities(g, &args, dm_log_probabilities(g, x, w, bias));
    const NextPieces next = dm_pointer_next_pieces(g, &args, x, w, bias, all->cols);
    float *whole = dm_arena_take(g->arena, 2 * (size_t)(n * all->cols) * sizeof(float)), *found = whole + n * all->cols;
    memset(whole, 0, 2 * (size_t)(n * all->cols) * sizeof(float));
    for (int i = 0; i < n * all->cols; i++) {
        const int row = i / all->cols, id = next.ids[i];
        whole[i] = expf(all->data[i]);
        if (id >= 0) found[row * all->cols + id] = expf(next.logits->data[i] - next.log_sums[row]);
        CU_ASSERT(i % all->cols == 0 || next.logits->data[i] <= next.logits->data[i - 1]);
    }
    equals(c, "all", whole);
    equals(c, "all", found);
}

static void check_divergence(Golden *c)
{
    const Tensor *x = input(c, "x"), *w = weight(c, "weight"), *bias = input(c, "bias");
    const Divergence args = {.x = x,
                             .weight = w,
                             .bias = bias,
                             .excluded = (int)number(c, "excluded", -1),
                             .factor = (float)number(c, "factor", 0)};
    const double objective = number(c, "objective", NAN), got = args.factor * dm_divergence(&c->bench.graph, &args);
    dm_backward(&c->bench.graph);
    expect(fabs(got - objective) <= tolerance * objective, "%s: objective %.9g, should be %.9g", c->name, got,
           objective);
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dweight", w);
}

static void check_gru(Golden *c)
{
    const Tensor *a = input(c, "input"), *b = input(c, "hidden"), *h = input(c, "h");
    way_back(c, dm_gru(&c->bench.graph, a, b, h));
    gradient_equals(c, "dinput", a);
    gradient_equals(c, "dhidden", b);
    gradient_equals(c, "dh", h);
}

static void check_lstm(Golden *c)
{
    const Tensor *a = input(c, "input"), *b = input(c, "hidden"), *state = input(c, "state");
    way_back(c, dm_lstm(&c->bench.graph, a, b, state));
    gradient_equals(c, "dinput", a);
    gradient_equals(c, "dhidden", b);
    gradient_equals(c, "dstate", state);
}

static void check_gate(Golden *c)
{
    const Tensor *x = input(c, "x");
    way_back(c, dm_gate(&c->bench.graph, x, activation_of(c)));
    gradient_equals(c, "dx", x);
}

static void check_window(Golden *c)
{
    int n;
    const int *order = integers(c, "order", &n), width = (int)number(c, "width", 0);
    const Tensor *x = input(c, "x"), *w = weight(c, "w");
    const Window window = {n / width, width, order};
    Graph *g = &c->bench.graph;
    const int heads = (int)number(c, "heads", 0);
    const float *across = w && heads == x->cols && w->rows == heads ? dm_across(g, w) : NULL;
    way_back(c, w ? dm_convolve(g, x, (Kernels){w, heads, across}, window) : dm_unfold(g, x, window));
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dw", w);
}

static Chain chain_of(Golden *c, int width)
{
    int n, rows = 0;
    const int *length = integers(c, "queries", &n);
    int *start = dm_arena_take(&c->bench.arena, (size_t)n * sizeof(int));
    for (int i = 0; i < n; rows += length[i++]) start[i] = rows;
    return dm_chain(&c->bench.graph, (Spans){n, start, length}, rows, width);
}

static void check_running_mean(Golden *c)
{
    const Tensor *x = input(c, "x");
    const Chain chain = chain_of(c, x->cols);
    way_back(c, dm_running_mean(&c->bench.graph, x, &chain));
    gradient_equals(c, "dx", x);
}

static void check_ssru(Golden *c)
{
    const Tensor *x = input(c, "x"), *bias = weight(c, "bias");
    const Chain chain = chain_of(c, x->cols / 2);
    way_back(c, dm_ssru(&c->bench.graph, x, bias, &chain));
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dbias", bias);
}

static void check_softmax_groups(Golden *c)
{
    const Tensor *x = input(c, "x");
    way_back(c, dm_softmax_groups(&c->bench.graph, x, (int)number(c, "width", 0)));
    gradient_equals(c, "dx", x);
}

static void check_scale_rows(Golden *c)
{
    static float factors[16];
    int rows, cols;
    const Tensor *x = input(c, "x");
    double *values = stored(c, "factors", &rows, &cols);
    for (int i = 0; i < cols; i++) factors[i] = (float)values[i];
    dm_free(values);
    way_back(c, dm_scale_rows(&c->bench.graph, x, factors));
    gradient_equals(c, "dx", x);
}

static void check_scale_gradient(Golden *c)
{
    const Tensor *x = input(c, "x");
    way_back(c, dm_scale_gradient(&c->bench.graph, x, (float)number(c, "factor", 0)));
    gradient_equals(c, "dx", x);
}

static void check_affinity(Golden *c)
{
    const Tensor *x = input(c, "x"), *w = weight(c, "weight");
    way_back(c, dm_affinity(&c->bench.graph, x, w));
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dweight", w);
}

static const Routing *routing_of(Golden *c, const Tensor *logits)
{
    return dm_route(&c->bench.graph, &(Route){.logits = logits,
                                              .bias = weight(c, "bias"),
                                              .top = (int)number(c, "top", 0),
                                              .sigmoid = cJSON_IsTrue(member(c, "sigmoid"))});
}

static void check_route(Golden *c)
{
    const Tensor *logits = input(c, "logits");
    const Routing *r = routing_of(c, logits);
    int count;
    const int *chosen = integers(c, "chosen", &count);
    expect(count == logits->rows * r->top && !memcmp(chosen, r->chosen, (size_t)count * sizeof(int)),
           "%s: other experts are chosen", c->name);
    way_back(c, r->gates);
    gradient_equals(c, "dlogits", logits);
}

static void check_combine(Golden *c)
{
    const Tensor *logits = input(c, "logits"), *parts[16];
    const Routing *r = routing_of(c, logits);
    char name[32];
    for (int e = 0; e < r->experts; e++) {
        snprintf(name, sizeof name, "part%d", e);
        parts[e] = input(c, name);
        const int rows = parts[e] ? parts[e]->rows : 0;
        expect(rows == r->start[e + 1] - r->start[e], "%s: expert %d", c->name, e);
    }
    way_back(c, dm_combine(&c->bench.graph, r, parts, (int)number(c, "width", 0)));
    gradient_equals(c, "dlogits", logits);
    for (int e = 0; e < r->experts; e++) {
        snprintf(name, sizeof name, "dpart%d", e);
        gradient_equals(c, name, parts[e]);
    }
}

static void check_balance(Golden *c)
{
    const Tensor *logits = input(c, "logits");
    const double factor = number(c, "factor", 0), objective = number(c, "objective", NAN),
                 got = factor * dm_balance(&c->bench.graph, routing_of(c, logits), factor);
    dm_backward(&c->bench.graph);
    expect(fabs(got - objective) <= tolerance * objective, "%s: %.9g, should be %.9g", c->name, got, objective);
    gradient_equals(c, "dlogits", logits);
}

static void check_rotate(Golden *c)
{
    const Tensor *x = input(c, "x"), *turns = input(c, "turns");
    const float **rows = dm_arena_take(c->bench.graph.arena, (size_t)turns->rows * sizeof *rows);
    for (int i = 0; i < turns->rows; i++) rows[i] = dm_row(turns, i);
    way_back(c, dm_rotate(&c->bench.graph, x, rows, (int)number(c, "heads", 0)));
    gradient_equals(c, "dx", x);
}

static void check_collect(Golden *c)
{
    static const char *const names[][2] = {{"part0", "dpart0"}, {"part1", "dpart1"}, {"part2", "dpart2"}};
    const Tensor *parts[DM_COUNT(names)];
    int count = 0, n;
    while (count < (int)DM_COUNT(names) && (parts[count] = input(c, names[count][0]))) count++;
    const int *order = integers(c, "order", &n);
    way_back(c, dm_collect(&c->bench.graph, parts, count, order, n));
    for (int i = 0; i < count; i++) gradient_equals(c, names[i][1], parts[i]);
}

static void check_arithmetic(Golden *c)
{
    Graph *g = &c->bench.graph;
    const Tensor *a = input(c, "a"), *b = input(c, "b");
    if (!strcmp(c->op, "add")) way_back(c, dm_add(g, a, b));
    if (!strcmp(c->op, "scale")) way_back(c, dm_scale(g, a, (float)number(c, "factor", 0)));
    if (!strcmp(c->op, "concatenate")) way_back(c, dm_concatenate(g, a, b));
    gradient_equals(c, "da", a);
    gradient_equals(c, "db", b);
}

static void check_span_means(Golden *c)
{
    const Tensor *x = input(c, "x");
    way_back(c, dm_span_means(&c->bench.graph, x, spans_of(c, "spans")));
    gradient_equals(c, "dx", x);
}

static void check_ctc(Golden *c)
{
    const Tensor *x = input(c, "x"), *w = weight(c, "weight"), *bias = input(c, "bias");
    int sequences, pieces;
    const int *lengths = integers(c, "lengths", &sequences), *targets = integers(c, "targets", &pieces);
    double said[8];
    const Loss loss =
        dm_ctc(&c->bench.graph, &(Ctc){.x = x,
                                       .weight = w,
                                       .bias = bias,
                                       .rows = spans_of(c, "rows"),
                                       .targets = dm_tokens(c->bench.graph.arena, sequences, lengths, targets),
                                       .blank = (int)number(c, "blank", -1),
                                       .excluded = (int)number(c, "excluded", -1),
                                       .log_probabilities = said});
    dm_backward(&c->bench.graph);
    const double objective = number(c, "objective", NAN);
    expect(fabs(loss.objective - objective) <= tolerance * objective, "%s: objective %.9g, should be %.9g", c->name,
           loss.objective, objective);
    CU_ASSERT_EQUAL(loss.count, (long)number(c, "count", -1));
    for (int s = 0; s < sequences; s++) {
        const cJSON *wanted = cJSON_GetArrayItem(member(c, "log_probabilities"), s);
        expect(cJSON_IsNull(wanted) ? said[s] == -INFINITY
                                    : fabs(said[s] - wanted->valuedouble) <= tolerance * fabs(wanted->valuedouble),
               "%s: log P of sequence %d is %.9g", c->name, s, said[s]);
    }
    gradient_equals(c, "dx", x);
    gradient_equals(c, "dweight", w);
}

typedef struct Check {
    const char *op;
    void (*run)(Golden *c);
} Check;

static const Check checks[] = {
    {"linear", check_linear},
    {"linear_sum", check_linear_sum},
    {"embedding", check_embedding},
    {"layer_norm", check_layer_norm},
    {"rms_norm", check_rms_norm},
    {"batch_norm", check_batch_norm},
    {"residual", check_residual},
    {"residual_norm", check_residual},
    {"attention", check_attention},
    {"add", check_arithmetic},
    {"cross_entropy", check_cross_entropy},
    {"pointer", check_pointer},
    {"scale", check_arithmetic},
    {"concatenate", check_arithmetic},
    {"gru", check_gru},
    {"lstm", check_lstm},
    {"gate", check_gate},
    {"unfold", check_window},
    {"convolve", check_window},
    {"softmax_groups", check_softmax_groups},
    {"running_mean", check_running_mean},
    {"ssru", check_ssru},
    {"scale_rows", check_scale_rows},
    {"scale_gradient", check_scale_gradient},
    {"collect", check_collect},
    {"affinity", check_affinity},
    {"route", check_route},
    {"combine", check_combine},
    {"balance", check_balance},
    {"rotate", check_rotate},
    {"divergence", check_divergence},
    {"additive_attention", check_additive_attention},
    {"span_means", check_span_means},
    {"ctc", check_ctc},
};

// Runs all cases of one op; returns how many there are.
static int run_cases(const Check *check)
{
    char *text;
    Error error;
    if (dm_read_file(TEST_DATA "/golden/ops.json", &text, NULL, &error)) {
        expect(false, "%s", error.message);
        return 0;
    }
    cJSON *all = cJSON_Parse(text);
    const cJSON *json;
    int count = 0;
    cJSON_ArrayForEach(json, all)
    {
        Golden c = {.json = json};
        c.op = cJSON_GetStringValue(member(&c, "op"));
        if (strcmp(c.op, check->op)) continue;
        snprintf(c.name, sizeof c.name, "golden %s %d", c.op, ++count);
        bench_open(&c.bench);
        bench_begin(&c.bench, true);
        check->run(&c);
        bench_close(&c.bench);
    }
    cJSON_Delete(all);
    dm_free(text);
    return count;
}

static void every_op_equals_its_golden_values(void)
{
    for (size_t i = 0; i < DM_COUNT(checks); i++)
        expect(run_cases(&checks[i]) > 0, "ops.json has no case of %s", checks[i].op);
}

// What comes out of the output layer for search is looked at with cross_entropy; the masks of dropout are ours.
static void every_op_with_a_gradient_has_golden_values(void)
{
    for (int i = 0; dm_ops[i]; i++) {
        bool found = !strcmp(dm_ops[i]->name, "log_probabilities") || !strcmp(dm_ops[i]->name, "next_pieces") ||
                     !strcmp(dm_ops[i]->name, "dropout");
        for (size_t n = 0; n < DM_COUNT(checks); n++) found |= !strcmp(checks[n].op, dm_ops[i]->name);
        expect(found, "op %s has no golden values", dm_ops[i]->name);
    }
}

const Fact facts[] = {
    FACT(every_op_equals_its_golden_values),
    FACT(every_op_with_a_gradient_has_golden_values),
    {NULL, NULL},
};
