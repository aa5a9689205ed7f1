// Parameters: declared one after the other, then allocated as one buffer.
#include "tensor/parameters.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/kernels.h"
#include "core/memory.h"
#include "core/random.h"

Name dm_name(const char *format, ...)
{
    Name made;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(made.text, sizeof made.text, format, arguments);
    va_end(arguments);
    return made;
}

static int declare(Parameters *p, const char *name, int rows, int cols, Init init, bool vector)
{
    assert(!p->data && strlen(name) < sizeof p->list->name);
    p->list = dm_reallocate(p->list, (size_t)p->count + 1, sizeof *p->list);
    const size_t size = (size_t)rows * (size_t)cols;
    int at = p->count++;
    for (; at > 0 && p->list[at - 1].kind > p->kind; at--) {
        p->list[at] = p->list[at - 1];
        p->list[at].offset += size;
    }
    Parameter *added = p->list + at;
    *added = (Parameter){.tensor = {.rows = rows, .cols = cols, .stride = cols, .parameter = true},
                         .rank = vector ? 1 : 2,
                         .kind = p->kind,
                         .full = vector,
                         .idle = p->idle,
                         .init = init,
                         .residuals = p->residuals,
                         .frozen_row = -1,
                         .offset = at ? p->list[at - 1].offset + dm_parameter_size(&p->list[at - 1]) : 0,
                         .keys = p->keys,
                         .depth = p->depth};
    snprintf(added->name, sizeof added->name, "%s", name);
    p->size += size;
    return at;
}

int dm_declare_matrix(Parameters *p, const char *name, int rows, int cols, Init init)
{
    return declare(p, name, rows, cols, init, false);
}

int dm_declare_vector(Parameters *p, const char *name, int cols, Init init)
{
    return declare(p, name, 1, cols, init, true);
}

void dm_parameters_allocate(Parameters *p)
{
    if (p->place.data) {
        p->data = p->place.data;
    } else {
        p->data = dm_allocate(p->size, sizeof *p->data);
        dm_use_huge_pages(p->data, p->size * sizeof *p->data);
    }
    p->trained_size = dm_parameters_of_kind(p, DM_TRAINED);
    p->statistic_size = dm_parameters_of_kind(p, DM_STATISTIC);
    for (int i = 0; i < p->count; i++) {
        assert(i == 0 || p->list[i - 1].kind <= p->list[i].kind);
        p->list[i].tensor.data = p->data + p->list[i].offset;
    }
}

static double draw(Random *random, const Parameter *p, size_t at)
{
    const int rows = p->tensor.rows, cols = p->tensor.cols;
    switch (p->init) {
    case DM_INIT_ZERO: return 0;
    case DM_INIT_ONE: return 1;
    case DM_INIT_XAVIER: return (2 * dm_random_uniform(random) - 1) * sqrt(6.0 / (rows + cols));
    case DM_INIT_ATTENTION: return (2 * dm_random_uniform(random) - 1) * sqrt(6.0 / (3 * rows + cols));
    case DM_INIT_GATES: return (2 * dm_random_uniform(random) - 1) * sqrt(6.0 / (rows / 3.0 + cols));
    case DM_INIT_FOUR_GATES: return (2 * dm_random_uniform(random) - 1) * sqrt(6.0 / (rows / 4.0 + cols));
    case DM_INIT_FORGET: return 4 * at / (size_t)cols == 1;
    case DM_INIT_GATED: return dm_random_normal(random) * sqrt(4.0 / cols);
    case DM_INIT_EMBEDDING: return dm_random_normal(random) / sqrt(cols);
    case DM_INIT_RESIDUAL:
        return (2 * dm_random_uniform(random) - 1) * sqrt(6.0 / (rows + cols)) / sqrt(p->residuals ? p->residuals : 1);
    case DM_INIT_ROUTER: return dm_random_normal(random) * sqrt(0.1 / cols);
    }
    return 0;
}

void dm_parameters_initialise(Parameters *p, uint64_t seed)
{
    for (int i = 0; i < p->count; i++) {
        Parameter *at = p->list + i;
        const size_t cols = (size_t)at->tensor.cols, elements = (size_t)at->tensor.rows * cols;
        Random random = dm_random(seed, UINT32_MAX, UINT32_MAX, (uint32_t)i);  // no update has this number
        for (size_t j = 0; j < elements; j++) at->tensor.data[j] = (float)draw(&random, at, j);
        if (at->frozen_row >= 0) memset(at->tensor.data + (size_t)at->frozen_row * cols, 0, cols * sizeof(float));
    }
}

const Parameter *dm_parameter(const Parameters *p, const char *name)
{
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->list[i].name, name) == 0) return p->list + i;
    return NULL;
}

size_t dm_parameter_size(const Parameter *parameter)
{
    return (size_t)parameter->tensor.rows * (size_t)parameter->tensor.cols;
}

size_t dm_parameters_of_kind(const Parameters *p, ParameterKind kind)
{
    size_t size = 0;
    for (int i = 0; i < p->count; i++)
        if (p->list[i].kind == kind) size += dm_parameter_size(p->list + i);
    return size;
}

// Whether all exponents are below the one of infinity and NaN. Written so that the compiler vectorises it: of a large
// model this is most of what opening takes.
DM_CLONES
static bool all_finite(const float *values, size_t count)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        bad |= (bits & 0x7f800000) == 0x7f800000;
    }
    return !bad;
}

bool dm_parameter_is_finite(const Parameter *parameter, const float *buffer)
{
    return all_finite(buffer + parameter->offset, dm_parameter_size(parameter));
}

Tensor dm_parameters_joined(const Parameters *p, const char *name, int count)
{
    const Parameter *first = dm_parameter(p, name);
    assert(first && first + count <= p->list + p->count);
    Tensor joined = first->tensor;
    for (const Parameter *at = first + 1; at < first + count; at++) {
        assert(at->rank == first->rank);
        assert(at->tensor.data == joined.data + (size_t)joined.rows * (size_t)joined.cols);
        if (at->rank == 1)
            joined.cols = joined.stride = joined.cols + at->tensor.cols;
        else
            joined.rows += at->tensor.rows;
    }
    return joined;
}

void dm_parameters_free(Parameters *p)
{
    dm_free(p->list);
    dm_free(p->place.data ? p->place.memory : p->data);
    *p = (Parameters){0};
}
