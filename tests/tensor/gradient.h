// Every op's gradient against central differences of its forward: signed, element by element, inputs and weights, with
// fixed random weights on the outputs. A file for each family of ops has their cases, and includes this one.
#pragma once
#include "core/memory.h"
#include "tensor/check.h"
#include "tensor/ops/op_table.h"

// The ops of each family. Its file defines its name as `family`, and as `cases`, which ends with an op of NULL, at least
// one case of each of them.
static const struct {
    const char *name, *ops;
} families[] = {
    {"products", "linear linear_sum embedding gate affinity"},
    {"norms", "layer_norm rms_norm batch_norm residual residual_norm dropout"},
    {"attention", "attention additive_attention rotate"},
    {"outputs", "cross_entropy pointer divergence ctc log_probabilities next_pieces"},
    {"sequences", "gru lstm unfold convolve softmax_groups running_mean ssru"},
    {"experts", "route combine balance"},
    {"arithmetic", "add scale scale_rows scale_gradient concatenate collect span_means"},
};

// Forward is float32, so the difference quotient of a scalar of size S carries about 1e-7 S / step of rounding. With
// two steps, h and 2h, the error of order h^2 cancels (Richardson 1911) and what is left of h^4 is below the rounding
// for functions that bend on a scale of 1. h = 0.02 puts rounding near 1e-5 S; a wrong term shows from 1e-2 on.
static const float step = 0.02f;
static const double tolerance = 1e-3;  // of the tensor's largest gradient ...
static const double smallest = 0.05;   // ... but of no less than this: below lies the rounding of the scalar
enum { SAMPLE = 250 };                 // elements checked of a tensor that has more
static const float earlier = 0.25f;    // what the gradients hold before the way back, which has to add

typedef struct Layout {  // whose rows are whose, for attention
    int sequences;
    int query_start[4], query_length[4], key_start[4], key_length[4];
    int query_rows, key_rows;
} Layout;

typedef struct Case {
    const char *op;  // its row in dm_ops
    const char *what;
    Tensor *(*run)(Bench *b, const struct Case *c);  // NULL for a loss
    int rows, in, out;
    Activation activation;
    bool bias, causal, lattice, sigmoid;
    bool leans;     // attention, by slopes
    int window;     // of attention
    bool weighted;  // rows of the loss count 0, -1, 1 or 2 times
    bool looks;     // at the probabilities of attention, from which something flows back too
    bool constant;  // nothing flows back
    bool recorded;  // what comes out is something else where nothing is recorded
    float rate;     // of dropout, or of label smoothing
    bool mixed;     // embeddings of mixtures
    int frozen;     // row of weight 0 that gets no gradient; 0 stands for none
    int heads, key_heads;
    const Layout *layout;
} Case;

extern const char *const family;
extern const Case cases[];

static double scalar(Bench *b, const Case *c)
{
    bench_begin(b, false);
    b->graph.recording = c->recorded;
    return bench_scalar(b, c->run(b, c));
}

// The derivative of the scalar by one stored number.
static double slope(Bench *b, const Case *c, float *value)
{
    double quotient[2];
    float kept = *value;
    for (int i = 0; i < 2; i++) {
        float high = kept + step * (float)(i + 1), low = kept - step * (float)(i + 1);
        *value = high;
        double above = scalar(b, c);
        *value = low;
        double below = scalar(b, c);
        quotient[i] = (above - below) / ((double)high - low);
    }
    *value = kept;
    return (4 * quotient[0] - quotient[1]) / 3;
}

// gradient [size] (with `earlier` in it) against the slopes by values [size]; of a frozen row nothing was to be added.
static void compare(Bench *b, const Case *c, const char *name, int index, float *values, const float *gradient,
                    size_t size, size_t frozen_from, size_t frozen_to)
{
    double largest = smallest;
    for (size_t i = 0; i < size; i++) largest = fmax(largest, fabsf(gradient[i] - earlier));
    Random random = dm_random(11, 0, 0, 0);
    size_t checked = size > SAMPLE ? SAMPLE : size;
    for (size_t n = 0; n < checked; n++) {
        size_t i = checked < size ? dm_random_below(&random, size) : n;
        bool frozen = c->constant || (frozen_from <= i && i < frozen_to);
        double analytic = (double)gradient[i] - earlier, numeric = frozen ? 0 : slope(b, c, values + i);
        if (fabs(analytic - numeric) <= (frozen ? 0 : tolerance * largest)) continue;
        expect(false, "%s, %s: gradient of %s %d, element %zu of %zu, is %.6g; differences say %.6g (largest %.3g)",
               c->op, c->what, name, index, i, size, analytic, numeric, largest);
        return;
    }
    expect(isfinite(largest), "%s, %s: gradient of %s %d is not finite", c->op, c->what, name, index);
}

// Inputs that have a gradient already are added to, others are written: here `earlier` comes before or after.
static void add_earlier(Bench *b)
{
    for (int i = 0; i < b->input_count; i++) {
        float *gradient = dm_gradient(&b->graph, b->inputs[i].tensor);
        for (int j = 0; gradient && j < b->inputs[i].rows * b->inputs[i].cols; j++) gradient[j] += earlier;
    }
}

static void run_both_ways(Bench *b, const Case *c, bool weights_wanted, bool first)
{
    bench_begin(b, true);
    if (!weights_wanted) b->graph.gradients = NULL;
    for (size_t i = 0; i < BENCH_WEIGHTS; i++) b->gradients[i] = earlier;
    Tensor *y = c->run(b, c);
    if (!first) add_earlier(b);
    bench_backward(b, y);
    if (first) add_earlier(b);
}

static float *copy_floats(const float *from, size_t count)
{
    return memcpy(dm_allocate(count, sizeof(float)), from, count * sizeof(float));
}

static void gradients_agree_with_differences(void)
{
    for (int n = 0; cases[n / 2].op; n++) {
        const Case *c = &cases[n / 2];
        Bench b;
        bench_open(&b);
        b.lattice = c->lattice;
        run_both_ways(&b, c, true, n % 2);
        float *gradient[BENCH_TENSORS];  // the differences overwrite the arena
        for (int i = 0; i < b.input_count; i++)
            gradient[i] = copy_floats(b.inputs[i].tensor->grad, (size_t)b.inputs[i].rows * (size_t)b.inputs[i].cols);
        for (int i = 0; i < b.input_count; i++) {
            compare(&b, c, "input", i, b.inputs[i].values, gradient[i],
                    (size_t)b.inputs[i].rows * (size_t)b.inputs[i].cols, 0, 0);
            dm_free(gradient[i]);
        }
        for (int i = 0; i < b.weight_count; i++) {
            const Tensor *w = &b.weights[i];
            size_t width = (size_t)w->cols, frozen = i == 0 && c->frozen ? (size_t)c->frozen * width : (size_t)-1;
            compare(&b, c, "weight", i, w->data, bench_gradient(&b, i), (size_t)w->rows * width, frozen,
                    frozen == (size_t)-1 ? frozen : frozen + width);
        }
        for (size_t i = b.parameters_used; i < b.parameters_used + 64; i++)
            if (b.gradients[i] != earlier) expect(false, "%s, %s: wrote behind the last gradient", c->op, c->what);
        bench_close(&b);
    }
}

// The family that an op is in; NULL: none, or several.
static const char *family_of(const char *op)
{
    const char *found = NULL;
    int count = 0;
    for (size_t i = 0; i < DM_COUNT(families); i++)
        for (const char *at = families[i].ops; *at; at += strcspn(at, " "), at += *at == ' ') {
            if (strcspn(at, " ") != strlen(op) || strncmp(at, op, strlen(op)) != 0) continue;
            found = families[i].name;
            count++;
        }
    return count == 1 ? found : NULL;
}

static void every_op_has_a_case(void)
{
    CU_ASSERT_PTR_NOT_NULL(dm_ops[0]);
    for (int i = 0; dm_ops[i]; i++) {
        const char *its = family_of(dm_ops[i]->name);
        bool found = false;
        CU_ASSERT_PTR_NOT_NULL(dm_ops[i]->backward);
        for (const Case *c = cases; c->op; c++)
            if (!strcmp(c->op, dm_ops[i]->name)) found = true;
        expect(its != NULL, "op %s is in no family of gradient.h, or in several", dm_ops[i]->name);
        if (its) expect(found == !strcmp(its, family), "op %s: the family %s has %s case", dm_ops[i]->name, family, found ? "a" : "no");
    }
}

static void every_case_names_an_op(void)
{
    for (const Case *c = cases; c->op; c++) {
        bool found = false;
        for (int i = 0; dm_ops[i]; i++)
            if (!strcmp(c->op, dm_ops[i]->name)) found = true;
        expect(found, "there is no op %s", c->op);
    }
}

// Recording changes nothing of what comes out, but where that is said.
static void forward_is_the_same_without_a_tape(void)
{
    for (const Case *c = cases; c->op; c++) {
        if (c->recorded) continue;
        Bench b;
        bench_open(&b);
        bench_begin(&b, true);
        double recorded = bench_scalar(&b, c->run(&b, c));
        double plain = scalar(&b, c);
        expect(fabs(recorded - plain) <= 1e-5 * (1 + fabs(plain)), "%s, %s: %.9g on tape, %.9g without", c->op, c->what,
               recorded, plain);
        CU_ASSERT_PTR_NULL(b.graph.tape);
        bench_close(&b);
    }
}

// Where the inputs want no gradient the weights get theirs, and the other way round.
static void an_unwanted_gradient_is_left_out(void)
{
    for (const Case *c = cases; c->op; c++) {
        Bench b;
        bench_open(&b);
        run_both_ways(&b, c, true, true);
        float *weights = copy_floats(b.gradients, b.parameters_used + 1);
        float *inputs = NULL;
        size_t input_size = b.input_count ? (size_t)b.inputs[0].rows * (size_t)b.inputs[0].cols : 0;
        if (input_size) inputs = copy_floats(b.inputs[0].tensor->grad, input_size);

        b.inputs_constant = true;
        run_both_ways(&b, c, true, true);
        char what[128];
        snprintf(what, sizeof what, "%s, %s: weights without inputs", c->op, c->what);
        agree_floats(what, b.gradients, weights, b.parameters_used + 1, 1e-6);

        b.inputs_constant = false;
        run_both_ways(&b, c, false, false);
        snprintf(what, sizeof what, "%s, %s: inputs without weights", c->op, c->what);
        if (input_size) agree_floats(what, b.inputs[0].tensor->grad, inputs, input_size, 1e-6);
        for (size_t i = 0; i < BENCH_WEIGHTS; i++)
            if (b.gradients[i] != earlier) expect(false, "%s, %s: wrote into unwanted gradients", c->op, c->what);
        dm_free(inputs);
        dm_free(weights);
        bench_close(&b);
    }
}

const Fact facts[] = {
    FACT(every_op_has_a_case),
    FACT(every_case_names_an_op),
    FACT(gradients_agree_with_differences),
    FACT(forward_is_the_same_without_a_tape),
    FACT(an_unwanted_gradient_is_left_out),
    {NULL, NULL},
};
