// Combine: what the experts that a token went to have made of it, each counted as its gate says:
//   y_i = sum_k gate_ik * z_ik,  from the highest choice down.  gates [n, top], z_ik a row of the part of its expert
#include <assert.h>
#include <string.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

typedef struct Combine {
    const Routing *routing;
    const Tensor **parts;  // [experts]
    Tensor *y;
} Combine;

// Row of the part of its expert.
static int row_in_part(const Routing *r, int choice)
{
    return r->place[choice] - r->start[r->chosen[choice]];
}

DM_CLONES
static void mix_row(float *restrict y, const float *restrict z, float gate, bool add, int d)
{
    if (add)
        for (int j = 0; j < d; j++) y[j] += gate * z[j];
    else
        for (int j = 0; j < d; j++) y[j] = gate * z[j];
}

DM_CLONES
static float dot(const float *restrict dy, const float *restrict z, int d)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < d; j++) sum += dy[j] * z[j];
    return sum;
}

// dz_ik += gate_ik dy_i,  dgate_ik += dy_i z_ik.  Every row of a part is of one choice, so all of its gradient is
// written.
static void backward(Graph *g, void *record)
{
    const Combine *c = record;
    const Routing *r = c->routing;
    const int n = c->y->rows, d = c->y->cols;
    struct {
        float *to;
        bool add;
    } *dz = dm_arena_take(g->arena, (size_t)r->experts * sizeof *dz);
    for (int e = 0; e < r->experts; e++) {
        dz[e].to = NULL;
        if (c->parts[e]) dz[e].to = dm_gradient_sum(g, c->parts[e], &dz[e].add);
    }
    float *dgates = dm_gradient(g, r->gates);
    for (int i = 0, choice = 0; i < n; i++) {
        const float *dy = c->y->grad + (size_t)i * (size_t)c->y->stride;
        for (int k = 0; k < r->top; k++, choice++) {
            const int e = r->chosen[choice], row = row_in_part(r, choice);
            if (dz[e].to)
                mix_row(dz[e].to + (size_t)row * (size_t)c->parts[e]->stride, dy, dm_row(r->gates, i)[k], dz[e].add, d);
            if (dgates)
                dgates[(size_t)i * (size_t)r->gates->stride + (size_t)k] += dot(dy, dm_row(c->parts[e], row), d);
        }
    }
}

const Op dm_combine_op = {"combine", backward};

Tensor *dm_combine(Graph *g, const Routing *r, const Tensor *const *parts, int width)
{
    const int n = r->logits->rows;
    Tensor *y = dm_tensor(g, n, width);
    Combine c = {r, dm_arena_take(g->arena, (size_t)r->experts * sizeof *parts), y};
    memcpy(c.parts, parts, (size_t)r->experts * sizeof *parts);
    for (int e = 0; e < r->experts; e++)
        assert(r->start[e] == r->start[e + 1] ||
               (parts[e]->rows == r->start[e + 1] - r->start[e] && parts[e]->cols == width));
    for (int i = 0, choice = 0; i < n; i++)
        for (int k = 0; k < r->top; k++, choice++)
            mix_row(dm_row(y, i), dm_row(parts[r->chosen[choice]], row_in_part(r, choice)), dm_row(r->gates, i)[k],
                    k > 0, width);
    Combine *record = dm_record(g, &dm_combine_op, y, sizeof *record);
    if (record) *record = c;
    return y;
}
