// Blocks of experts: by their formula in double precision, by golden values, and which of them a row goes to.
#include "model/layers/experts.h"

#include <cjson/cJSON.h>

#include "core/files.h"
#include "model/formulas.h"

// Of random weights, biases of routers too; row by row of experts.
typedef struct ExpertBed {
    FeedForwardShape shape;
    Parameters parameters;
    FeedForward block;
    Arena arena;
    Graph graph;
} ExpertBed;

static void open_experts(ExpertBed *b, const FeedForwardShape *shape)
{
    *b = (ExpertBed){.shape = *shape};
    const FeedForwardKind *kind = dm_feed_forward_of(shape);
    kind->declare(&b->parameters, "a.layer", shape);
    dm_parameters_allocate(&b->parameters);
    fill(b->parameters.data, (int)b->parameters.size, 4);
    b->block = dm_feed_forward_find(&b->parameters, "a.layer", shape);
    b->graph = (Graph){.arena = &b->arena, .gemm = chosen_backend(), .parameters = b->parameters.data};
}

static void close_experts(ExpertBed *b)
{
    dm_feed_forward_free(&b->block);
    dm_parameters_free(&b->parameters);
    dm_arena_destroy(&b->arena);
}

static Tensor *apply_to(ExpertBed *b, const Tensor *x)
{
    return b->block.kind->apply(&b->graph, &b->block, x);
}

typedef void DenseFormula(const FeedForward *block, double (*f)(double), const double *x, double *y);

// One row: the affinities, the best of them one after the other, and what they make of it.
static void experts_of_row(const ExpertBed *b, const double *x, double *y)
{
    const Experts *e = b->block.experts;
    DenseFormula *dense = b->shape.activation->gated ? gated : plain;
    double (*f)(double) = activation_formula(b->shape.activation);
    const Tensor none = {0};
    double a[16], all = 0, sum = 0, made[COLS];
    int chosen[16];
    for (int i = 0; i < e->count; i++) {
        const double logit = product(&e->centroids, &none, i, x);
        a[i] = e->sigmoid ? 1 / (1 + exp(-logit)) : exp(logit);
        all += a[i];
    }
    for (int i = 0; i < e->count && !e->sigmoid; i++) a[i] /= all;
    if (!e->sigmoid) all = 1;
    for (int k = 0; k < e->top; k++) {
        chosen[k] = -1;
        for (int i = 0; i < e->count; i++) {
            bool taken = false;
            for (int before = 0; before < k; before++) taken = taken || chosen[before] == i;
            if (taken) continue;
            const int best = chosen[k];
            if (best < 0 || a[i] + (double)e->bias.data[i] > a[best] + (double)e->bias.data[best]) chosen[k] = i;
        }
        sum += a[chosen[k]];
    }
    for (int j = 0; j < COLS; j++) y[j] = 0;
    for (int k = 0; k < e->top; k++) {
        dense(&e->expert[chosen[k]], f, x, made);
        for (int j = 0; j < COLS; j++) y[j] += a[chosen[k]] / (e->top == 1 ? all : sum) * made[j];
    }
    for (int s = 0; s < b->shape.shared; s++) {  // its inner rows are those of all shared experts
        FeedForward one = e->shared;
        one.in.weight = dm_rows(&one.in.weight, s * INNER, INNER);
        one.in.bias = dm_columns(&one.in.bias, s * INNER, INNER);
        one.out.weight = dm_columns(&one.out.weight, s * INNER, INNER);
        dense(&one, f, x, made);
        for (int j = 0; j < COLS; j++)
            y[j] += made[j] - (s ? (double)one.out.bias.data[j] : 0);  // there is one bias behind all of them
    }
}

static const FeedForwardShape expert_shapes[] = {
    {.experts = 5, .top = 2, .activation = &dm_activations[0]},
    {.experts = 5, .top = 1, .activation = &dm_activations[1]},
    {.experts = 4, .top = 3, .sigmoid = true, .activation = &dm_activations[9]},
    {.experts = 9, .top = 2, .shared = 1, .activation = &dm_activations[10]},
    {.experts = 3, .top = 1, .shared = 2, .sigmoid = true, .activation = &dm_activations[0]},
    {.experts = 2, .top = 2, .activation = &dm_activations[9]},
};

static FeedForwardShape expert_shape(size_t i)
{
    FeedForwardShape shape = expert_shapes[i];
    shape.width = COLS, shape.inner = INNER;
    return shape;
}

static void a_block_of_experts_is_its_formula(void)
{
    for (size_t i = 0; i < DM_COUNT(expert_shapes); i++) {
        const FeedForwardShape shape = expert_shape(i);
        if (shape.activation->gated && shape.shared) continue;  // W of all shared ones stands above V of all: below
        ExpertBed b;
        Rows given, wanted;
        open_experts(&b, &shape);
        Tensor *x = random_rows(&b.graph, 1);
        copy(given, x);
        for (int row = 0; row < ROWS; row++) experts_of_row(&b, given[row], wanted[row]);
        expect_near(apply_to(&b, x), wanted, "a block of experts");
        close_experts(&b);
    }
}

// With shared experts alone left: what every row goes to is a dense block that is as wide as all of them.
static void shared_experts_are_a_dense_block_beside_the_others(void)
{
    FeedForwardShape shape = expert_shape(3);
    ExpertBed b;
    Rows wanted;
    open_experts(&b, &shape);
    for (int e = 0; e < shape.experts; e++)
        memset(b.block.experts->expert[e].out.weight.data, 0, sizeof(float[COLS][INNER]));
    Tensor *x = random_rows(&b.graph, 1);
    copy(wanted, dm_gated_block.apply(&b.graph, &b.block.experts->shared, x));
    expect_near(apply_to(&b, x), wanted, "shared experts");
    close_experts(&b);
}

static void one_expert_is_the_dense_block(void)
{
    for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
        const FeedForwardShape shape = {.width = COLS,
                                        .inner = INNER,
                                        .experts = 1,
                                        .top = 1,
                                        .sigmoid = sigmoid,
                                        .activation = &dm_activations[1]};
        ExpertBed b;
        Rows wanted;
        open_experts(&b, &shape);
        Tensor *x = random_rows(&b.graph, 1);
        copy(wanted, dm_plain_block.apply(&b.graph, &b.block.experts->expert[0], x));
        expect_near(apply_to(&b, x), wanted, "one expert");
        close_experts(&b);
    }
}

// With their centroids and biases: which of them is called the first is nobody's business.
static void experts_in_another_order_make_the_same(void)
{
    static const int order[] = {3, 0, 4, 2, 1};
    const FeedForwardShape shape = expert_shape(0);
    ExpertBed b, other;
    Rows wanted;
    open_experts(&b, &shape), open_experts(&other, &shape);
    const Experts *from = b.block.experts, *to = other.block.experts;
    for (int e = 0; e < shape.experts; e++) {
        const FeedForward *one = &from->expert[order[e]], *here = &to->expert[e];
        memcpy(dm_row(&to->centroids, e), dm_row(&from->centroids, order[e]), COLS * sizeof(float));
        to->bias.data[e] = from->bias.data[order[e]];
        memcpy(here->in.weight.data, one->in.weight.data, sizeof(float[INNER][COLS]));
        memcpy(here->in.bias.data, one->in.bias.data, sizeof(float[INNER]));
        memcpy(here->out.weight.data, one->out.weight.data, sizeof(float[COLS][INNER]));
        memcpy(here->out.bias.data, one->out.bias.data, sizeof(float[COLS]));
    }
    const Tensor *x = random_rows(&b.graph, 1);
    copy(wanted, apply_to(&b, x));
    expect_near(apply_to(&other, x), wanted, "experts in another order");
    close_experts(&b), close_experts(&other);
}

// As search multiplies, in every precision that there is: a row comes out the same bytes in whatever company.
static void a_row_is_the_same_in_any_company(void)
{
    enum { MANY = 70, WIDE = 64 };
    for (Precision precision = DM_PRECISION_FP32; precision <= DM_PRECISION_INT8; precision++) {
        const GemmBackend *backend;
        if (dm_gemm_choose_for_search(&backend, precision, test_backend, NULL, NULL)) continue;
        const FeedForwardShape shape = {
            .width = WIDE, .inner = 48, .experts = 6, .top = 2, .shared = 1, .activation = &dm_activations[9]};
        ExpertBed b;
        open_experts(&b, &shape);
        b.graph.gemm = backend;
        b.graph.packs = dm_packs_create(backend, precision);
        Tensor *x = dm_tensor(&b.graph, MANY, WIDE);
        fill(x->data, MANY * WIDE, 3);
        const Tensor *all = apply_to(&b, x);
        for (int from = 0, rows = 1; from + rows <= MANY; from += rows, rows = 2 * rows % 17 + 1) {
            const Tensor some = dm_rows(x, from, rows);
            const Tensor *alone = apply_to(&b, &some);
            expect(memcmp(alone->data, dm_row(all, from), (size_t)rows * WIDE * sizeof(float)) == 0,
                   "%s: rows %d and %d after it are others by themselves", dm_precision_name(precision), from,
                   rows - 1);
        }
        dm_packs_destroy(b.graph.packs);
        close_experts(&b);
    }
}

// What the router of the block sees, whatever the products of the graph are in.
static const Routing *routed(ExpertBed *b, const Tensor *x)
{
    RouteTap tap = {0};
    b->graph.recording = true;
    b->graph.routes = &tap;
    apply_to(b, x);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tap.first);
    return tap.first;
}

// Rounded weights are for the experts: the choice is made in full precision, and its weights are stored so.
static void a_router_does_not_look_at_rounded_numbers(void)
{
    const FeedForwardShape shape = expert_shape(0);
    const size_t size = (size_t)ROWS * (size_t)shape.experts * sizeof(float);
    for (Precision precision = DM_PRECISION_BF16; precision <= DM_PRECISION_INT8; precision++) {
        const GemmBackend *backend;
        if (dm_gemm_choose_for_search(&backend, precision, test_backend, NULL, NULL)) continue;
        ExpertBed b;
        open_experts(&b, &shape);
        const Tensor *x = random_rows(&b.graph, 1);
        const Routing *full = routed(&b, x);
        b.graph.gemm = backend;
        b.graph.packs = dm_packs_create(backend, precision);
        CU_ASSERT_EQUAL(memcmp(routed(&b, x)->affinity, full->affinity, size), 0);
        dm_packs_destroy(b.graph.packs);
        b.graph.packs = NULL;
        Bf16 *rounded = dm_allocate(b.parameters.size, sizeof *rounded);  // zeros
        b.graph.rounded = precision == DM_PRECISION_BF16 ? rounded : NULL;
        CU_ASSERT_EQUAL(memcmp(routed(&b, x)->affinity, full->affinity, size), 0);
        CU_ASSERT(dm_parameter(&b.parameters, "a.layer.router.weight")->full);
        dm_free(rounded);
        close_experts(&b);
    }
}

static void ties_go_to_the_lower_index(void)
{
    Arena arena = {0};
    Graph g = {.arena = &arena, .gemm = chosen_backend()};
    static float logits[] = {1, 3, 3, 0, 3, /**/ 0, 0, 0, 0, 0, /**/ NAN, NAN, NAN, NAN, NAN};
    const Tensor of = {.rows = 3, .cols = 5, .stride = 5, .data = logits};
    const Routing *r = dm_route(&g, &(Route){.logits = &of, .top = 2});
    static const int chosen[] = {1, 2, 0, 1, 0, 1}, start[] = {0, 2, 5, 6, 6, 6}, token[] = {1, 2, 0, 1, 2, 0};
    CU_ASSERT_EQUAL(memcmp(r->chosen, chosen, sizeof chosen), 0);
    CU_ASSERT_EQUAL(memcmp(r->start, start, sizeof start), 0);
    CU_ASSERT_EQUAL(memcmp(r->token, token, sizeof token), 0);
    dm_arena_destroy(&arena);
}

// A tensor of experts.json: [rows, cols] of doubles, as float into `to`, or compared with `got`.
static int golden(const cJSON *json, const char *key, float *to)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(json, key), *value;
    int count = 0;
    cJSON_ArrayForEach(value, values) to[count++] = (float)value->valuedouble;
    return count;
}

static void expect_golden(const cJSON *json, const char *key, const float *got)
{
    static float wanted[4096];
    double off = 0, largest = 0;
    const int count = golden(json, key, wanted);
    for (int i = 0; i < count; i++) {
        const double here = fabs((double)got[i] - (double)wanted[i]);
        off = here <= off ? off : isnan(here) ? INFINITY : here;
        largest = fmax(largest, fabs((double)wanted[i]));
    }
    expect(count && off <= 1e-5 * largest, "%s, %s: off by %g of %g",
           cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "what")), key, off, largest);
}

static int setting(const cJSON *json, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(json, key)->valueint;
}

// The whole block with its gradients, against PyTorch in float64, and MixtralSparseMoeBlock of transformers.
static void check_golden_block(const cJSON *json)
{
    const int rows = setting(json, "rows");
    const FeedForwardShape shape = {.width = setting(json, "width"),
                                    .inner = setting(json, "inner"),
                                    .experts = setting(json, "experts"),
                                    .top = setting(json, "top"),
                                    .shared = setting(json, "shared"),
                                    .sigmoid = setting(json, "sigmoid"),
                                    .activation = &dm_activations[setting(json, "activation")]};
    ExpertBed b;
    open_experts(&b, &shape);
    for (int i = 0; i < b.parameters.count; i++) {
        const Parameter *p = &b.parameters.list[i];
        const int count = golden(json, p->name + strlen("a.layer."), p->tensor.data);
        expect(count == (int)dm_parameter_size(p), "%s has %d numbers", p->name, count);
    }
    float *gradients = dm_allocate(b.parameters.size, sizeof(float));
    b.graph.gradients = gradients;
    b.graph.recording = true;
    Tensor *x = dm_tensor(&b.graph, rows, shape.width);
    golden(json, "x", x->data);
    Tensor *y = apply_to(&b, x);
    expect_golden(json, "y", y->data);
    golden(json, "r", dm_gradient(&b.graph, y));
    dm_backward(&b.graph);
    expect_golden(json, "dx", dm_gradient(&b.graph, x));
    for (int i = 0; i < b.parameters.count; i++) {
        const Parameter *p = &b.parameters.list[i];
        if (p->kind == DM_TRAINED)
            expect_golden(json, dm_name("d%s", p->name + strlen("a.layer.")).text, gradients + p->offset);
    }
    dm_free(gradients);
    close_experts(&b);
}

static void blocks_of_experts_equal_golden_values(void)
{
    char *text;
    Error error;
    int count = 0;
    if (dm_read_file(TEST_DATA "/golden/experts.json", &text, NULL, &error)) {
        expect(false, "%s", error.message);
        return;
    }
    cJSON *all = cJSON_Parse(text);
    const cJSON *json;
    cJSON_ArrayForEach(json, all) check_golden_block(json), count++;
    CU_ASSERT(count >= 3);
    cJSON_Delete(all);
    dm_free(text);
}

const Fact facts[] = {
    FACT(a_block_of_experts_is_its_formula),
    FACT(shared_experts_are_a_dense_block_beside_the_others),
    FACT(one_expert_is_the_dense_block),
    FACT(experts_in_another_order_make_the_same),
    FACT(a_row_is_the_same_in_any_company),
    FACT(a_router_does_not_look_at_rounded_numbers),
    FACT(ties_go_to_the_lower_index),
    FACT(blocks_of_experts_equal_golden_values),
    {NULL, NULL},
};
