// Positions: sinusoids.
#include "model/layers/positions.h"

#include <math.h>

#include "core/error.h"
#include "core/memory.h"

enum { KEPT = 512 };

void dm_sinusoids(int first, int count, int width, float *rows)
{
    const int half = width / 2 + width % 2;
    for (int k = 0; k < half; k++) {
        const double length = pow(10000.0, 2.0 * k / width);
        for (int i = 0; i < count; i++) {
            const double angle = (first + i) / length;
            float *row = rows + (size_t)i * (size_t)width;
            row[k] = (float)sin(angle);
            if (half + k < width) row[half + k] = (float)cos(angle);
        }
    }
}

static const PositionKind sine = {
    "sine", "sinusoidal", "sines and cosines of different lengths, added to the embeddings (Vaswani et al. 2017)",
    dm_sinusoids};

const PositionKind *const dm_position_kinds[] = {&sine, NULL};

const char *dm_position_kind_name(int index)
{
    return dm_position_kinds[index] ? dm_position_kinds[index]->name : NULL;
}

const char *dm_position_kind_about(int index)
{
    return dm_position_kinds[index]->about;
}

Positions dm_positions_make(const PositionKind *kind, int width)
{
    Positions made = {kind, width, KEPT, dm_allocate((size_t)KEPT * (size_t)width, sizeof(float))};
    kind->fill(0, KEPT, width, made.rows);
    return made;
}

void dm_positions_free(Positions *positions)
{
    dm_free(positions->rows);
    *positions = (Positions){0};
}

const float **dm_positions_of(Graph *g, const Positions *p, Tokens tokens)
{
    const float **rows = dm_arena_take(g->arena, (size_t)tokens.n * sizeof *rows);
    for (int i = 0; i < tokens.n; i++) {
        const int position = tokens.positions[i];
        if (position < p->count) {
            rows[i] = p->rows + (size_t)position * (size_t)p->width;
        } else {
            float *made = dm_arena_take(g->arena, (size_t)p->width * sizeof(float));
            p->kind->fill(position, 1, p->width, made);
            rows[i] = made;
        }
    }
    return rows;
}
