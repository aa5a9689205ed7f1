// Sinusoids, added to the embeddings: at place i, sin(i / l) and cos of the same, of lengths l from 1 on that grow by
// one factor, k = 0 ... n - 1, n = d/2:
//   sine:    l = 10000^(2k/d)      (Vaswani et al. 2017, section 3.5)
//   timing:  l = 10000^(k/(n-1)),  of which the last is 10000, as tensor2tensor and Marian itself compute them
#include <math.h>

#include "model/layers/positions.h"

// steps: so many half ones come to 10000
static void waves(int steps, int first, int count, int width, float *rows)
{
    const int half = width / 2 + width % 2;
    for (int k = 0; k < half; k++) {
        const double length = pow(10000.0, 2.0 * k / steps);
        for (int i = 0; i < count; i++) {
            const double angle = (first + i) / length;
            float *row = rows + (size_t)i * (size_t)width;
            row[k] = (float)sin(angle);
            if (half + k < width) row[half + k] = (float)cos(angle);
        }
    }
}

void dm_sinusoids(int first, int count, int width, float *rows)
{
    waves(width, first, count, width, rows);
}

static void fill_sine(const PositionShape *shape, int first, int count, int width, float *rows)
{
    (void)shape;
    dm_sinusoids(first, count, width, rows);
}

static void fill_timing(const PositionShape *shape, int first, int count, int width, float *rows)
{
    (void)shape;
    const int last = width / 2 + width % 2 - 1;
    waves(last ? 2 * last : 1, first, count, width, rows);
}

static void add(Graph *g, const Positions *p, Tokens tokens, Embedding *to)
{
    to->position_rows = dm_position_rows(g, p, tokens);
}

const PositionKind dm_sine_positions = {
    .name = "sine",
    .about = "sines and cosines of different lengths, added to the embeddings (Vaswani et al. 2017)",
    .added = "sinusoidal positions",
    .fill = fill_sine,
    .add = add,
};

const PositionKind dm_timing_positions = {
    .name = "timing",
    .about = "the same, the longest a little longer, as Marian itself has them (scripts/marian_npz.py)",
    .added = "sinusoidal positions (timing)",
    .fill = fill_timing,
    .add = add,
};
