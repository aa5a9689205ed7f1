// What the tests of ops share: a bench on which an op can be run again and again from the same numbers, and comparisons
// that a NaN fails.
//
// An op is run by a function that asks the bench for its inputs and weights in order. The first run draws them at
// random, later runs get the same values again, so the test may change one of them and look at what comes out.
#pragma once
#include "backend.h"

#include <math.h>
#include <stdarg.h>

#include "core/memory.h"
#include "core/random.h"
#include "tensor/ops/ops.h"

enum { BENCH_TENSORS = 8, BENCH_WEIGHTS = 1 << 17, BENCH_OUTPUTS = 1 << 15, BENCH_POISON = 1 << 22 };

typedef struct Input {
    int rows, cols;
    float *values;   // kept between runs
    Tensor *tensor;  // of this run
} Input;

typedef struct Bench {
    Arena arena;
    Graph graph;
    Random random;
    bool lattice;          // draw odd multiples of 1/2 instead of normal numbers
    bool inputs_constant;  // inputs have no gradient
    Input inputs[BENCH_TENSORS];
    Tensor weights[BENCH_TENSORS];
    int input_count, inputs_taken, weight_count, weights_taken;
    float *parameters, *gradients;  // [BENCH_WEIGHTS]
    size_t parameters_used;
    double *output_weights;  // [BENCH_OUTPUTS] the r of the scalar sum(y * r)
    Loss loss;               // of a run that ends in a loss
} Bench;

// One CUnit assertion with a message of its own.
__attribute__((format(printf, 2, 3))) static inline void expect(bool holds, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    CU_assertImplementation(holds, __LINE__, message, __FILE__, "", CU_FALSE);
}

static inline void bench_open(Bench *b)
{
    *b = (Bench){.random = dm_random(2024, 1, 2, 3)};
    b->parameters = dm_allocate(BENCH_WEIGHTS, sizeof(float));
    b->gradients = dm_allocate(BENCH_WEIGHTS, sizeof(float));
    b->output_weights = dm_allocate(BENCH_OUTPUTS, sizeof(double));
    for (int i = 0; i < BENCH_OUTPUTS; i++) b->output_weights[i] = (float)dm_random_normal(&b->random);
    b->graph =
        (Graph){.arena = &b->arena, .gemm = chosen_backend(), .parameters = b->parameters, .seed = 7, .update = 3};
}

static inline void bench_close(Bench *b)
{
    for (int i = 0; i < b->input_count; i++) dm_free(b->inputs[i].values);
    dm_free(b->parameters);
    dm_free(b->gradients);
    dm_free(b->output_weights);
    dm_arena_destroy(&b->arena);
}

// Before every run: an empty tape, the random streams from the start.
static inline void bench_begin(Bench *b, bool recording)
{
    dm_arena_reset(&b->arena);
    if (recording) memset(dm_arena_take(&b->arena, BENCH_POISON), 0xFF, BENCH_POISON);  // NaN: nobody relies on zeros
    dm_arena_reset(&b->arena);
    b->graph.tape = NULL;
    b->graph.sums = NULL;
    b->graph.op = 0;
    b->graph.recording = recording;
    b->graph.gradients = recording ? b->gradients : NULL;
    b->inputs_taken = b->weights_taken = 0;
}

static inline float bench_draw(Bench *b)
{
    if (b->lattice) return (float)dm_random_below(&b->random, 4) - 1.5f;
    return (float)dm_random_normal(&b->random);
}

// The next input of the run: [rows, cols], with a gradient where the graph records.
static inline Tensor *bench_input(Bench *b, int rows, int cols)
{
    Input *input = &b->inputs[b->inputs_taken++];
    size_t size = (size_t)rows * (size_t)cols;
    if (!input->values) {
        *input = (Input){rows, cols, dm_allocate(size, sizeof(float)), NULL};
        for (size_t i = 0; i < size; i++) input->values[i] = bench_draw(b);
        b->input_count++;
    }
    input->tensor = dm_tensor(&b->graph, rows, cols);
    memcpy(input->tensor->data, input->values, size * sizeof(float));
    if (b->inputs_constant) input->tensor->whole = NULL;
    return input->tensor;
}

// The next weight of the run: [rows, cols] in the parameter buffer, normal numbers times scale, plus shift.
static inline const Tensor *bench_weight(Bench *b, int rows, int cols, float scale, float shift)
{
    Tensor *weight = &b->weights[b->weights_taken++];
    if (!weight->data) {
        size_t size = (size_t)rows * (size_t)cols;
        float *data = b->parameters + b->parameters_used;
        b->parameters_used += size;
        if (b->parameters_used > BENCH_WEIGHTS) abort();
        for (size_t i = 0; i < size; i++) data[i] = bench_draw(b) * scale + shift;
        *weight = (Tensor){.rows = rows, .cols = cols, .stride = cols, .data = data, .parameter = true};
        b->weight_count++;
    }
    return weight;
}

static inline const float *bench_gradient(const Bench *b, int weight)
{
    return b->gradients + (b->weights[weight].data - b->parameters);
}

// The scalar that a run comes down to, in double: sum(y * r), or the loss where the op is one (y is NULL); of what is
// looked at on the way to y, there is a loss too.
static inline double bench_scalar(const Bench *b, const Tensor *y)
{
    double sum = b->loss.objective;
    if (!y) return sum;
    for (int row = 0; row < y->rows; row++)
        for (int col = 0; col < y->cols; col++) sum += dm_row(y, row)[col] * b->output_weights[row * y->cols + col];
    return sum;
}

// Its gradient, put where dm_backward begins, and the way back.
static inline void bench_backward(Bench *b, const Tensor *y)
{
    float *gradient = y ? dm_gradient(&b->graph, y) : NULL;
    if (y)
        for (int row = 0; row < y->rows; row++)
            for (int col = 0; col < y->cols; col++)
                gradient[(size_t)row * (size_t)y->stride + (size_t)col] = (float)b->output_weights[row * y->cols + col];
    dm_backward(&b->graph);
}

// Every |got - want| is at most tolerance times the largest |want| (times 1 where all are zero).
static inline bool agree(const char *what, const float *got, const double *want, size_t count, double tolerance)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(want[i]));
    for (size_t i = 0; i < count; i++) {
        if (fabs(got[i] - want[i]) <= tolerance * (largest > 0 ? largest : 1)) continue;
        expect(false, "%s: element %zu is %.9g, should be %.9g (largest %.3g, tolerance %.1e)", what, i, got[i],
               want[i], largest, tolerance);
        return false;
    }
    expect(true, "%s", what);
    return true;
}

static inline bool agree_floats(const char *what, const float *got, const float *want, size_t count, double tolerance)
{
    double *copy = dm_allocate(count, sizeof(double));
    for (size_t i = 0; i < count; i++) copy[i] = want[i];
    bool result = agree(what, got, copy, count, tolerance);
    dm_free(copy);
    return result;
}
