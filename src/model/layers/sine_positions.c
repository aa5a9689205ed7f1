// Sinusoids (Vaswani et al. 2017, section 3.5): at place i, sin(i / 10000^(2k/d)) and cos of the same, k = 0 ... d/2 -
// 1, added to the embeddings.
#include <math.h>

#include "model/layers/positions.h"

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

static void fill(const PositionShape *shape, int first, int count, int width, float *rows)
{
    (void)shape;
    dm_sinusoids(first, count, width, rows);
}

static void add(Graph *g, const Positions *p, Tokens tokens, Embedding *to)
{
    to->position_rows = dm_position_rows(g, p, tokens);
}

const PositionKind dm_sine_positions = {
    .name = "sine",
    .about = "sines and cosines of different lengths, added to the embeddings (Vaswani et al. 2017)",
    .added = "sinusoidal positions",
    .fill = fill,
    .add = add,
};
