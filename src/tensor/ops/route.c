// Routing: which experts a token goes to, and how much each counts (Shazeer et al. 2017; Fedus et al. 2021; Jiang et
// al. 2024, "Mixtral of experts"; DeepSeek-V3, 2024, eq. 12 to 16). With u the logits of a token, b the bias:
//   a = softmax(u) or sigmoid(u),  C = the `top` experts of the highest a_i + b_i,  gate_i = a_i / sum_C a
// and of top 1, gate_i = a_i / sum a: of itself alone a choice would be all, and nobody would tell the router anything.
#include <assert.h>
#include <float.h>
#include <string.h>

#include "core/kernels.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"

// ---- Affinities and choices -----------------------------------------------------------------------------------------

DM_CLONES
static void take_affinities(const float *restrict u, float *restrict a, int n, bool sigmoid)
{
    if (sigmoid) {
        for (int j = 0; j < n; j++) a[j] = dm_sigmoid(u[j]);
        return;
    }
    float highest = u[0], sum = 0;
    for (int j = 1; j < n; j++) highest = u[j] > highest ? u[j] : highest;
    for (int j = 0; j < n; j++) a[j] = dm_exp_negative(u[j] - highest);
    for (int j = 0; j < n; j++) sum += a[j];
    for (int j = 0; j < n; j++) a[j] /= sum;
}

// The indices of the highest scores, in order; ties: the lower index. score: [n], used up. What is no number comes
// last.
static void choose(float *score, int n, int *chosen, int top)
{
    for (int j = 0; j < n; j++)
        if (!(score[j] >= -FLT_MAX)) score[j] = -FLT_MAX;
    for (int k = 0; k < top; k++) {
        float highest = -INFINITY;
        for (int j = 0; j < n; j++)
            if (score[j] > highest) highest = score[chosen[k] = j];
        score[chosen[k]] = -INFINITY;
    }
}

// The gates of those chosen. Of softmax by the logits: all their affinities may be too small for a float.
static void take_gates(const Routing *r, int row)
{
    const float *u = dm_row(r->logits, row), *a = r->affinity + (size_t)row * (size_t)r->experts;
    const int *chosen = r->chosen + (size_t)row * (size_t)r->top;
    float *gate = dm_row(r->gates, row), sum = 0, highest = u[chosen[0]];
    if (r->top == 1) {
        for (int j = 0; j < r->experts; j++) sum += a[j];
        gate[0] = a[chosen[0]] / sum;
        return;
    }
    for (int k = 1; k < r->top; k++) highest = u[chosen[k]] > highest ? u[chosen[k]] : highest;
    for (int k = 0; k < r->top; k++) {
        gate[k] = r->sigmoid ? a[chosen[k]] : dm_exp_negative(u[chosen[k]] - highest);
        sum += gate[k];
    }
    for (int k = 0; k < r->top; k++) gate[k] /= sum;
}

// ---- The order of the experts ---------------------------------------------------------------------------------------

// Choices sorted by expert, and of one expert by token.
static void sort_choices(Graph *g, Routing *r)
{
    const int n = r->logits->rows, choices = n * r->top;
    int *start = dm_arena_take(g->arena, ((size_t)r->experts + 1) * sizeof(int));
    int *place = dm_arena_take(g->arena, 2 * (size_t)choices * sizeof(int)), *token = place + choices;
    memset(start, 0, ((size_t)r->experts + 1) * sizeof(int));
    for (int c = 0; c < choices; c++) start[r->chosen[c] + 1]++;
    for (int e = 0; e < r->experts; e++) start[e + 1] += start[e];
    for (int c = 0; c < choices; c++) {
        place[c] = start[r->chosen[c]]++;
        token[place[c]] = c / r->top;
    }
    for (int e = r->experts; e > 0; e--) start[e] = start[e - 1];  // each was moved to where the next one begins
    start[0] = 0;
    r->start = start, r->place = place, r->token = token;
}

// ---- The op ---------------------------------------------------------------------------------------------------------

// How a logit moves its affinity, but for the factor a_j that both kinds have.
static float slope(const Routing *r, float affinity)
{
    return r->sigmoid ? 1 - affinity : 1;
}

// du_j += p_j (dp_j - sum p dp) slope_j,  where p_j = a_j / sum a is the share of an expert.
static void shares_back(const Routing *r, const float *a, const float *dp, float *du)
{
    float sum = 0, along = 0;
    for (int j = 0; j < r->experts; j++) sum += a[j], along += a[j] * dp[j];
    along /= sum;
    for (int j = 0; j < r->experts; j++) du[j] += a[j] / sum * (dp[j] - along) * slope(r, a[j]);
}

typedef struct RouteRecord {
    const Routing *routing;
    float *dp;  // [experts] scratch
} RouteRecord;

// The same over those chosen, whose gates are p; of top 1, over all experts.
static void backward(Graph *g, void *record)
{
    const RouteRecord *of = record;
    const Routing *r = of->routing;
    float *du = dm_gradient(g, r->logits);
    if (!du) return;
    for (int i = 0; i < r->logits->rows; i++, du += r->logits->stride) {
        const float *a = r->affinity + (size_t)i * (size_t)r->experts, *gate = dm_row(r->gates, i);
        const float *dgate = r->gates->grad + (size_t)i * (size_t)r->gates->stride;
        const int *chosen = r->chosen + (size_t)i * (size_t)r->top;
        if (r->top == 1) {
            memset(of->dp, 0, (size_t)r->experts * sizeof(float));
            of->dp[chosen[0]] = dgate[0];
            shares_back(r, a, of->dp, du);
            continue;
        }
        float along = 0;
        for (int k = 0; k < r->top; k++) along += gate[k] * dgate[k];
        for (int k = 0; k < r->top; k++) du[chosen[k]] += gate[k] * (dgate[k] - along) * slope(r, a[chosen[k]]);
    }
}

const Op dm_route_op = {"route", backward};

static void leave_in_tap(RouteTap *tap, Routing *r)
{
    if (!tap) return;
    if (tap->first)
        tap->last->next = r;
    else
        tap->first = r;
    tap->last = r;
}

// A backend that only counts has no affinities: choices are dealt out, so that each expert gets its share.
static void choose_for(Graph *g, const Routing *r, int row, const float *bias, float *score, int *chosen)
{
    const float *a = r->affinity + (size_t)row * (size_t)r->experts;
    for (int k = 0; g->gemm->counts && k < r->top; k++) chosen[k] = (row * r->top + k) % r->experts;
    if (g->gemm->counts) return;
    for (int j = 0; j < r->experts; j++) score[j] = a[j] + (bias ? bias[j] : 0);
    choose(score, r->experts, chosen, r->top);
}

const Routing *dm_route(Graph *g, const Route *args)
{
    const int n = args->logits->rows, experts = args->logits->cols, top = args->top;
    assert(top >= 1 && top <= experts && (!args->bias || args->bias->cols == experts));
    const size_t choices = (size_t)n * (size_t)top;
    Tensor *gates = dm_tensor(g, n, top);
    Routing *r = dm_arena_take(g->arena, sizeof *r);
    float *affinity = dm_arena_take(g->arena, (size_t)(n + 1) * (size_t)experts * sizeof(float)),
          *scratch = affinity + (size_t)n * (size_t)experts;
    int *chosen = dm_arena_take(g->arena, choices * sizeof(int));
    *r = (Routing){.router = args->router,
                   .experts = experts,
                   .top = top,
                   .sigmoid = args->sigmoid,
                   .logits = args->logits,
                   .affinity = affinity,
                   .gates = gates,
                   .chosen = chosen};
    for (int i = 0; i < n; i++) {
        take_affinities(dm_row(args->logits, i), affinity + (size_t)i * (size_t)experts, experts, args->sigmoid);
        choose_for(g, r, i, args->bias ? args->bias->data : NULL, scratch, chosen + (size_t)i * (size_t)top);
        take_gates(r, i);
    }
    sort_choices(g, r);
    leave_in_tap(g->routes, r);
    RouteRecord *record = dm_record(g, &dm_route_op, gates, sizeof *record);
    if (record) *record = (RouteRecord){r, scratch};
    return r;
}

// ---- Balance --------------------------------------------------------------------------------------------------------

// The gradient is made on the way forward; nothing is left to do.
const Op dm_balance_op = {"balance", dm_no_gradient};

// With n tokens: f_i = choices of i / (n top), no gradient;  P_i = sum over the tokens of p_i / n;
// dL/dp_i of a token = experts f_i / n
double dm_balance(Graph *g, const Routing *r, double factor)
{
    const int n = r->logits->rows, experts = r->experts;
    double sum = 0;
    if (!n) return 0;
    dm_record(g, &dm_balance_op, NULL, 0);
    float *du = g->recording ? dm_gradient(g, r->logits) : NULL;
    const ArenaMark mark = dm_arena_mark(g->arena);
    float *often = dm_arena_take(g->arena, 2 * (size_t)experts * sizeof(float)), *dp = often + experts;
    for (int e = 0; e < experts; e++) {
        often[e] = (float)(r->start[e + 1] - r->start[e]) / ((float)n * (float)r->top);
        dp[e] = (float)(factor * experts * (double)often[e] / n);
    }
    for (int i = 0; i < n; i++) {
        const float *a = r->affinity + (size_t)i * (size_t)experts;
        double along = 0, all = 0;
        for (int e = 0; e < experts; e++) along += (double)(often[e] * a[e]), all += (double)a[e];
        sum += along / all;
        if (du) shares_back(r, a, dp, du + (size_t)i * (size_t)r->logits->stride);
    }
    dm_arena_release(g->arena, mark);
    return experts * sum / n;
}

// - sum p log p.  Of a softmax, log p is a difference of logits from the highest one's: one logarithm is enough.
static double entropy_of_row(const Routing *r, int row)
{
    const float *u = dm_row(r->logits, row), *a = r->affinity + (size_t)row * (size_t)r->experts;
    double along = 0, all = 0;
    int highest = 0;
    for (int e = 1; e < r->experts; e++)
        if (a[e] > a[highest]) highest = e;
    for (int e = 0; e < r->experts; e++) {
        all += (double)a[e];
        if (!r->sigmoid)
            along += (double)(a[e] * (u[e] - u[highest]));
        else if (a[e] > 0)
            along += (double)(a[e] * logf(a[e]));
    }
    return r->sigmoid ? log(all) - along / all : -log((double)a[highest]) - along;
}

double dm_entropy(const Routing *r)
{
    double sum = 0;
    for (int i = 0; i < r->logits->rows; i++) sum += entropy_of_row(r, i);
    return sum;
}
