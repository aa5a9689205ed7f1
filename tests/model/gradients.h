// Some pairs of sentences, and the gradient of a whole model on them against differences.
#pragma once
#include "core/memory.h"
#include "model/small_model.h"
#include "train/terms/term.h"

static const int source_lengths[] = {4, 1, 7, 2}, target_lengths[] = {3, 5, 1, 4};
static const int source_ids[] = {3, 9, 2, 0, 0, 4, 4, 17, 5, 29, 8, 0, 11, 0};
static const int target_inputs[] = {PAD, 5, 6, PAD, 7, 8, 9, 7, PAD, PAD, 1, 2, 28};
static const int target_outputs[] = {5, 6, 0, 7, 8, 9, 7, 0, 0, 1, 2, 28, 0};
// Of labels: the places in the sources that they are of.
static const int target_places[] = {0, 2, 3, 0, 0, 0, 0, 0, 6, 0, 1, 1, 0};
enum { PAIRS = DM_COUNT(source_lengths) };

// In training: with a tape; and back through it, to the gradients.
typedef enum Way { LOOKING, TRAINING, BACK } Way;

static inline double loss_of(Setting *s, Way way, float dropout)
{
    Graph *g = begin(s, way > LOOKING, dropout);
    if (way == TRAINING) g->gradients = NULL;
    const Model *m = s->model;
    const int *inputs = m->architecture->labels(&m->config) ? target_places : target_inputs;
    Memory memory = m->architecture->encode(g, m, dm_tokens(g->arena, PAIRS, source_lengths, source_ids));
    Tensor *x = m->architecture->decode(g, m, memory, dm_tokens(g->arena, PAIRS, target_lengths, inputs));
    const Tokens read = dm_tokens(g->arena, PAIRS, target_lengths, inputs);
    const Example example = {.source = dm_tokens(g->arena, PAIRS, source_lengths, source_ids), .read = read, .written = target_outputs};
    const double added = m->config.ahead ? dm_ahead.add(&(TermInput){g, m, &memory, &example, x, {0}, NULL}, 0.7) : 0;
    Loss loss = dm_cross_entropy(g, &(CrossEntropy){.x = x,
                                                    .weight = &m->output.weight,
                                                    .bias = &m->output.bias,
                                                    .targets = target_outputs,
                                                    .smoothing = 0.1f,
                                                    .excluded = m->output.pad});
    if (way == BACK) dm_backward(g);
    return loss.objective + added;
}

// Derivative of the loss along a direction that moves `count` floats from `at` on by their signs in `direction`.
static inline double slope(Setting *s, float *at, const float *direction, size_t count, float dropout)
{
    double quotient[2];
    float *kept = memcpy(dm_allocate(count, sizeof(float)), at, count * sizeof(float));
    for (int i = 0; i < 2; i++) {
        const float step = 5e-3f * (float)(i + 1);
        for (size_t j = 0; j < count; j++) at[j] = kept[j] + step * direction[j];
        double above = loss_of(s, TRAINING, dropout);
        for (size_t j = 0; j < count; j++) at[j] = kept[j] - step * direction[j];
        quotient[i] = (above - loss_of(s, TRAINING, dropout)) / (2 * (double)step);
        memcpy(at, kept, count * sizeof(float));
    }
    dm_free(kept);
    return (4 * quotient[0] - quotient[1]) / 3;  // the error of order step^2 cancels
}

// For every tensor: some elements by themselves, and all of them at once along a random direction of length 1. The loss
// is a sum over 13 pieces, about 50, from float32 logits: its rounding of some 1e-6 over a step of 5e-3 is 1e-3 at
// worst.
static inline void check_gradient_of(Setting s, float dropout)
{
    loss_of(&s, BACK, dropout);
    Random random = dm_random(12, 0, 0, 0);
    const float one = 1;
    for (int i = 0; i < s.model->parameters.count; i++) {
        const Parameter *p = &s.model->parameters.list[i];
        if (p->kind != DM_TRAINED) continue;
        const size_t size = (size_t)(p->tensor.rows * p->tensor.cols);
        const float *gradient = s.gradients + p->offset;
        double largest = 0.2;
        for (size_t j = 0; j < size; j++) largest = fmax(largest, fabsf(gradient[j]));
        for (int n = 0; n < 4; n++) {
            size_t at = dm_random_below(&random, size);
            if (p->frozen_row >= 0 && (int)at / p->tensor.cols == p->frozen_row) continue;
            double numeric = slope(&s, p->tensor.data + at, &one, 1, dropout);
            expect(fabs(gradient[at] - numeric) <= 5e-3 * largest, "%s[%zu]: gradient %g, differences say %g", p->name,
                   at, gradient[at], numeric);
        }
        float *direction = dm_allocate(size, sizeof(float));
        double length = 0, along = 0, norm = 0;
        for (size_t j = 0; j < size; j++) direction[j] = (float)dm_random_normal(&random);
        for (int j = 0; p->frozen_row >= 0 && j < p->tensor.cols; j++)
            direction[p->frozen_row * p->tensor.cols + j] = 0;
        for (size_t j = 0; j < size; j++) length += direction[j] * direction[j];
        for (size_t j = 0; j < size; j++) direction[j] /= (float)sqrt(length);
        for (size_t j = 0; j < size; j++) along += direction[j] * gradient[j], norm += gradient[j] * gradient[j];
        double numeric = slope(&s, p->tensor.data, direction, size, dropout);
        expect(fabs(along - numeric) <= 5e-3 * fmax(0.2, largest),
               "%s: along a direction %g, differences say %g (norm %g)", p->name, along, numeric, sqrt(norm));
        dm_free(direction);
        for (int j = 0; p->frozen_row >= 0 && j < p->tensor.cols; j++)
            if (gradient[p->frozen_row * p->tensor.cols + j] != 0)
                expect(false, "%s: the row of pad has a gradient", p->name);
    }
    end(&s);
}

static inline void check_gradient(const ModelConfig *config, float dropout)
{
    check_gradient_of(setting_of(config), dropout);
}

// The rows of `all` from this one on.
static inline void same_rows(const char *what, const Tensor *all, int from, const Tensor *alone, double tolerance)
{
    double worst = 0;
    for (int row = 0; row < alone->rows; row++)
        for (int col = 0; col < alone->cols; col++) {
            double off = fabs(dm_row(all, from + row)[col] - dm_row(alone, row)[col]);
            worst = off <= worst ? worst : off;  // a NaN takes its place
            if (isnan(off)) worst = INFINITY;
        }
    expect(worst <= tolerance, "%s: off by %g", what, worst);
}
