// The backend that counts.
#include "tensor/products/counting.h"

#include <stdint.h>
#include <string.h>

#include "core/memory.h"

static bool lies_in(const float *buffer, size_t size, const void *at)
{
    return buffer && (uintptr_t)at >= (uintptr_t)buffer && (uintptr_t)at < (uintptr_t)(buffer + size);
}

static Counted counted_of(const CountingBackend *self, const Gemm *g)
{
    const float *b = g->b;
    Counted c = {.pass = DM_PASS_NONE, .rows = g->m, .out = g->n, .in = g->k, .times = 1};
    if (lies_in(self->parameters, self->size, b)) {
        c.weight = (size_t)(b - self->parameters);
        c.pass = g->transpose_b ? DM_PASS_FORWARD : DM_PASS_INPUT;
        if (c.pass == DM_PASS_INPUT) c.out = g->k, c.in = g->n;
    } else if (lies_in(self->gradients, self->size, g->c)) {
        c.weight = (size_t)(g->c - self->gradients);
        c.pass = DM_PASS_WEIGHT;
        c.rows = g->k, c.out = g->m, c.in = g->n;
    }
    return c;
}

static bool is_same(const Counted *a, const Counted *b)
{
    return a->pass == b->pass && a->weight == b->weight && a->rows == b->rows && a->out == b->out && a->in == b->in;
}

static void write_down(CountedList *to, Counted counted)
{
    int at = to->count - 1;
    while (at >= 0 && !is_same(&to->list[at], &counted)) at--;
    if (at >= 0) {
        to->list[at].times++;
        return;
    }
    if (to->count == to->room) {
        to->room = 2 * to->room + 64;
        to->list = dm_reallocate(to->list, (size_t)to->room, sizeof *to->list);
    }
    to->list[to->count++] = counted;
}

static void multiply(const GemmBackend *self, const Gemm *g)
{
    const CountingBackend *counting = (const CountingBackend *)self;
    write_down(counting->to, counted_of(counting, g));
    for (size_t i = 0; g->c && g->beta == 0 && i < (size_t)g->m; i++)
        memset(g->c + i * (size_t)g->ldc, 0, (size_t)g->n * sizeof(float));
}

CountingBackend dm_counting_backend(const float *parameters, const float *gradients, size_t size, CountedList *to)
{
    return (CountingBackend){
        {.name = "counting", .multiply = multiply, .counts = true}, parameters, gradients, size, to};
}

double dm_counted_flops(const Counted *c)
{
    return 2.0 * c->rows * c->out * c->in * (double)c->times;
}
