// What the tests of layers share: random rows, and what activations and dense feed-forward blocks make of rows, in double
// precision.
#pragma once
#include "model/layers/feed_forward.h"
#include "tensor/check.h"

enum { ROWS = 5, COLS = 12 };

typedef double Rows[ROWS][COLS];

static inline void fill(float *to, int n, uint64_t seed)
{
    Random random = dm_random(seed, 0, 0, 0);
    for (int i = 0; i < n; i++) to[i] = (float)dm_random_normal(&random);
}

static inline Tensor *random_rows(Graph *g, uint64_t seed)
{
    Tensor *x = dm_tensor(g, ROWS, COLS);
    fill(x->data, ROWS * COLS, seed);
    return x;
}

static inline void copy(Rows to, const Tensor *from)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) to[i][j] = (double)dm_row(from, i)[j];
}

static inline void expect_near(const Tensor *got, Rows wanted, const char *what)
{
    double off = 0, largest = 0;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) {
            const double here = fabs((double)dm_row(got, i)[j] - wanted[i][j]);
            off = here <= off ? off : isnan(here) ? INFINITY : here;
            largest = fmax(largest, fabs(wanted[i][j]));
        }
    expect(got->rows == ROWS && got->cols == COLS && off <= 5e-6 * largest, "%s is off by %g of %g", what, off, largest);
}

// ---- Activations ----------------------------------------------------------------------------------------------------

static inline double relu(double x)
{
    return x > 0 ? x : 0;
}

static inline double gelu(double x)
{
    return x * 0.5 * (1 + erf(x / sqrt(2)));
}

static inline double gelu_new(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

static inline double swish(double x)
{
    return x / (1 + exp(-x));
}

static inline double identity(double x)
{
    return x;
}

static const struct {
    const char *name;
    double (*formula)(double x);
} activations[] = {{"relu", relu}, {"gelu", gelu},       {"gelu_python", gelu}, {"swish", swish}, {"silu", swish},
                   {"tanh", tanh}, {"linear", identity}, {"swiglu", swish},     {"geglu", gelu},
                   {"gelu_new", gelu_new}, {"gelu_pytorch_tanh", gelu_new}};

static inline double (*activation_formula(const ActivationRow *row))(double)
{
    size_t k = 0;
    while (strcmp(activations[k].name, row->name) != 0) k++;
    return activations[k].formula;
}

// ---- Feed-forward blocks --------------------------------------------------------------------------------------------

enum { INNER = 7 };

// sum over the columns of x of w[row], and b[row] where there is one
static inline double product(const Tensor *w, const Tensor *b, int row, const double *x)
{
    double sum = b->data ? (double)b->data[row] : 0;
    for (int j = 0; j < w->cols; j++) sum += (double)dm_row(w, row)[j] * x[j];
    return sum;
}

// W2 f(W1 x + b1) + b2
static inline void plain(const FeedForward *block, double (*f)(double), const double *x, double *y)
{
    double inner[INNER];
    for (int j = 0; j < INNER; j++) inner[j] = f(product(&block->in.weight, &block->in.bias, j, x));
    for (int j = 0; j < COLS; j++) y[j] = product(&block->out.weight, &block->out.bias, j, inner);
}

// W2 (f(W x) * V x), W above V
static inline void gated(const FeedForward *block, double (*f)(double), const double *x, double *y)
{
    double inner[INNER];
    for (int j = 0; j < INNER; j++)
        inner[j] = f(product(&block->in.weight, &block->in.bias, j, x)) *
                   product(&block->in.weight, &block->in.bias, INNER + j, x);
    for (int j = 0; j < COLS; j++) y[j] = product(&block->out.weight, &block->out.bias, j, inner);
}
