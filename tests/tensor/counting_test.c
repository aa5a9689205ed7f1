// The backend that counts: what it writes down of ops of known shapes, and what it leaves in their results.
#include "tensor/check.h"

#include "tensor/products/counting.h"

// Forty pieces, as two sentences; a weight of more rows than the loss takes at once.
enum { ROWS = 40, FIRST = 21, IN = 12, OUT = 20, HEADS = 2, PIECES = DM_CROSS_ENTROPY_COLUMNS + 30 };
enum { LINEAR = 7, TABLE = LINEAR + OUT * IN, SIZE = TABLE + PIECES * OUT };  // where weights begin

typedef struct Counting {
    Arena arena;
    CountedList list;
    CountingBackend backend;
    Graph graph;
    float parameters[SIZE], gradients[SIZE];
} Counting;

static Counting counting;

static Graph *begin(bool recording)
{
    dm_arena_reset(&counting.arena);
    counting.list.count = 0;
    counting.backend = dm_counting_backend(counting.parameters, counting.gradients, SIZE, &counting.list);
    counting.graph = (Graph){.arena = &counting.arena,
                             .gemm = &counting.backend.backend,
                             .parameters = counting.parameters,
                             .gradients = recording ? counting.gradients : NULL,
                             .recording = recording};
    return &counting.graph;
}

static Tensor weight(int rows, int cols, int at)
{
    return (Tensor){.rows = rows, .cols = cols, .stride = cols, .data = counting.parameters + at, .parameter = true};
}

static Tensor *input(Graph *g, int rows, int cols)
{
    Tensor *x = dm_tensor(g, rows, cols);
    memset(x->data, 0, (size_t)rows * (size_t)cols * sizeof(float));
    return x;
}

static void expect_counted(const Counted *expected, int count)
{
    const CountedList *list = &counting.list;
    expect(list->count == count, "%d different products, not %d", list->count, count);
    for (int i = 0; i < count && i < list->count; i++) {
        const Counted *e = &expected[i], *c = &list->list[i];
        expect(c->pass == e->pass && c->weight == e->weight && c->rows == e->rows && c->out == e->out &&
                   c->in == e->in && c->times == e->times,
               "product %d: pass %d of %zu, %d rows, [%d, %d], %ld times", i, (int)c->pass, c->weight, c->rows, c->out,
               c->in, c->times);
    }
}

static void a_linear_layer_has_three_products(void)
{
    static const Counted expected[] = {{DM_PASS_FORWARD, LINEAR, ROWS, OUT, IN, 1},
                                       {DM_PASS_INPUT, LINEAR, ROWS, OUT, IN, 1},
                                       {DM_PASS_WEIGHT, LINEAR, ROWS, OUT, IN, 1}};
    Graph *g = begin(true);
    const Tensor w = weight(OUT, IN, LINEAR);
    dm_linear(g, input(g, ROWS, IN), &w, NULL, DM_IDENTITY);
    dm_backward(g);
    expect_counted(expected, 3);
    CU_ASSERT_EQUAL(dm_counted_flops(&counting.list.list[1]), 2.0 * ROWS * OUT * IN);
}

// Of a layer that is announced, one product for the weight of two uses.
static void a_sum_of_layers_has_one_product_for_the_weight(void)
{
    static const Counted expected[] = {{DM_PASS_FORWARD, LINEAR, ROWS, OUT, IN, 1},
                                       {DM_PASS_FORWARD, LINEAR, FIRST, OUT, IN, 1},
                                       {DM_PASS_INPUT, LINEAR, FIRST, OUT, IN, 1},
                                       {DM_PASS_INPUT, LINEAR, ROWS, OUT, IN, 1},
                                       {DM_PASS_WEIGHT, LINEAR, ROWS + FIRST, OUT, IN, 1}};
    Graph *g = begin(true);
    const Tensor w = weight(OUT, IN, LINEAR);
    dm_linear_sum(g, &w, NULL, ROWS + FIRST);
    dm_linear(g, input(g, ROWS, IN), &w, NULL, DM_IDENTITY);
    dm_linear(g, input(g, FIRST, IN), &w, NULL, DM_IDENTITY);
    dm_backward(g);
    expect_counted(expected, 5);
}

// All queries see all keys of their sentence, as far as is counted, and the padding of the keys is nobody's.
static void attention_is_counted_though_it_multiplies_itself(void)
{
    enum { SECOND = ROWS - FIRST, WIDE = OUT / HEADS };
    static const Counted expected[] = {
        {DM_PASS_NONE, 0, FIRST, FIRST, WIDE, 4},    // scores of a head, and on the way back dY V'
        {DM_PASS_NONE, 0, FIRST, WIDE, FIRST, 8},    // what they mix, and three gradients
        {DM_PASS_NONE, 0, SECOND, SECOND, WIDE, 4},  // of the other sentence
        {DM_PASS_NONE, 0, SECOND, WIDE, SECOND, 8}};
    const int start[] = {0, FIRST}, length[] = {FIRST, SECOND};
    for (int causal = 0; causal < 2; causal++) {
        Graph *g = begin(true);
        Tensor *x = input(g, ROWS, OUT);
        dm_attention(g, &(Attention){.q = *x,
                                     .k = *x,
                                     .v = *x,
                                     .queries = {2, start, length},
                                     .keys = {2, start, length},
                                     .heads = HEADS,
                                     .causal = causal});
        dm_backward(g);
        expect_counted(expected, 4);
    }
}

static void heads_of_long_sentences_are_counted_as_a_whole(void)
{
    enum { LONG = 203 };
    static const Counted expected[] = {{DM_PASS_NONE, 0, LONG, LONG, OUT, 1}, {DM_PASS_NONE, 0, LONG, OUT, LONG, 1}};
    const int start = 0, length = LONG;
    Graph *g = begin(false);
    Tensor *x = input(g, LONG, OUT);
    const Spans spans = {1, &start, &length};
    dm_attention(g,
                 &(Attention){.q = *x, .k = *x, .v = *x, .queries = spans, .keys = spans, .heads = 1, .causal = true});
    expect_counted(expected, 2);
}

static double flops_in_a_window(int length, int window, bool causal)
{
    const int start = 0;
    double flops = 0;
    Graph *g = begin(true);
    Tensor *x = input(g, length, OUT);
    const Spans spans = {1, &start, &length};
    dm_attention(g, &(Attention){.q = *x,
                                 .k = *x,
                                 .v = *x,
                                 .queries = spans,
                                 .keys = spans,
                                 .heads = HEADS,
                                 .causal = causal,
                                 .window = window});
    dm_backward(g);
    for (int i = 0; i < counting.list.count; i++) flops += dm_counted_flops(&counting.list.list[i]);
    return flops;
}

// Twice as long, twice as much, forward and back, but for the ends: for each query no more keys than its window and a
// block hold.
static void attention_in_a_window_grows_with_the_length(void)
{
    enum { LENGTH = 2048, BLOCK = 32 };
    for (int causal = 0; causal < 2; causal++)
        for (int window = 8; window <= 128; window *= 4) {
            const double one = flops_in_a_window(LENGTH, window, causal),
                         two = flops_in_a_window(2 * LENGTH, window, causal);
            const double seen = BLOCK + (causal ? 1 : 2) * window;
            expect(two > 1.9 * one && two < 2.1 * one, "window %d: %g, of twice the length %g", window, one, two);
            expect(one <= 6 * 2.0 * LENGTH * seen * OUT, "window %d: %g", window, one);
        }
    const double all = flops_in_a_window(LENGTH, 0, false);
    CU_ASSERT(all == 6 * 2.0 * LENGTH * LENGTH * OUT && flops_in_a_window(LENGTH, LENGTH, false) == all);
}

static void one_query_is_counted(void)
{
    static const Counted expected[] = {{DM_PASS_NONE, 0, 1, FIRST, OUT, 1}, {DM_PASS_NONE, 0, 1, OUT, FIRST, 1}};
    const int start = 0, one = 1, length = FIRST;
    Graph *g = begin(false);
    Tensor *x = input(g, FIRST, OUT);
    dm_attention(g, &(Attention){.q = dm_rows(x, 3, 1),
                                 .k = *x,
                                 .v = *x,
                                 .queries = {1, &start, &one},
                                 .keys = {1, &start, &length},
                                 .heads = 1});
    expect_counted(expected, 2);
}

static void additive_attention_is_counted(void)
{
    static const Counted expected[] = {{DM_PASS_NONE, 0, 1, FIRST, IN, 3 * ROWS},    // scores of a query, and back
                                       {DM_PASS_NONE, 0, 1, OUT, FIRST, 3 * ROWS}};  // what it mixes, and back
    const int start = 0, length = FIRST, queries = ROWS;
    Graph *g = begin(true);
    const Tensor v = weight(1, IN, LINEAR);
    dm_additive_attention(g, &(AdditiveAttention){.q = *input(g, ROWS, IN),
                                                  .k = *input(g, FIRST, IN),
                                                  .value = *input(g, FIRST, OUT),
                                                  .v = &v,
                                                  .queries = {1, &start, &queries},
                                                  .keys = {1, &start, &length}});
    dm_backward(g);
    expect_counted(expected, 2);
}

// Block by block of the pieces.
static void the_loss_is_counted(void)
{
    enum { BLOCK = DM_CROSS_ENTROPY_COLUMNS, REST = PIECES - BLOCK, SECOND = TABLE + BLOCK * OUT };
    static const Counted expected[] = {
        {DM_PASS_FORWARD, TABLE, ROWS, BLOCK, OUT, 1}, {DM_PASS_FORWARD, SECOND, ROWS, REST, OUT, 1},
        {DM_PASS_INPUT, TABLE, ROWS, BLOCK, OUT, 1},   {DM_PASS_WEIGHT, TABLE, ROWS, BLOCK, OUT, 1},
        {DM_PASS_INPUT, SECOND, ROWS, REST, OUT, 1},   {DM_PASS_WEIGHT, SECOND, ROWS, REST, OUT, 1}};
    int targets[ROWS] = {0};
    Graph *g = begin(true);
    const Tensor table = weight(PIECES, OUT, TABLE);
    const Loss loss = dm_cross_entropy(
        g, &(CrossEntropy){.x = input(g, ROWS, OUT), .weight = &table, .targets = targets, .excluded = -1});
    expect_counted(expected, 6);
    expect(fabs(loss.nll - ROWS * log(PIECES)) < 1e-3 * loss.nll, "logits of zero make a loss of %g", loss.nll);
}

static void the_same_again_is_counted_together(void)
{
    Graph *g = begin(false);
    const Tensor w = weight(OUT, IN, LINEAR);
    for (int i = 0; i < 3; i++) dm_linear(g, input(g, 5, IN), &w, NULL, DM_IDENTITY);
    dm_linear(g, input(g, 6, IN), &w, NULL, DM_IDENTITY);
    expect_counted(
        (const Counted[]){{DM_PASS_FORWARD, LINEAR, 5, OUT, IN, 3}, {DM_PASS_FORWARD, LINEAR, 6, OUT, IN, 1}}, 2);
}

// What would have been written is zero, so that nobody reads what nobody wrote; what would have been added to stays.
static void results_are_zeros(void)
{
    const Graph *g = begin(false);
    float c[2][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
    const float a[2] = {1, 1}, b[3] = {1, 1, 1};
    Gemm product = {.m = 2, .n = 3, .k = 1, .a = a, .lda = 1, .b = b, .ldb = 3, .c = c[0], .ldc = 4, .beta = 1};
    dm_gemm(g, product);
    CU_ASSERT(c[0][0] == 1 && c[1][2] == 7);
    product.beta = 0;
    dm_gemm(g, product);
    for (int i = 0; i < 3; i++) CU_ASSERT(c[0][i] == 0 && c[1][i] == 0);
    CU_ASSERT(c[0][3] == 4 && c[1][3] == 8);
    dm_count_product(g, 2, 3, 1);
    expect_counted((const Counted[]){{DM_PASS_NONE, 0, 2, 3, 1, 3}}, 1);
}

const Fact facts[] = {
    FACT(a_linear_layer_has_three_products),
    FACT(a_sum_of_layers_has_one_product_for_the_weight),
    FACT(attention_is_counted_though_it_multiplies_itself),
    FACT(heads_of_long_sentences_are_counted_as_a_whole),
    FACT(attention_in_a_window_grows_with_the_length),
    FACT(one_query_is_counted),
    FACT(additive_attention_is_counted),
    FACT(the_loss_is_counted),
    FACT(the_same_again_is_counted_together),
    FACT(results_are_zeros),
    {NULL, NULL},
};
