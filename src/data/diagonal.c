// The diagonal prior of a shape, and its moments, of which the tension is learnt.
#include "data/diagonal.h"

#include <math.h>

#include "core/memory.h"
#include "data/meetings.h"

static const double null_prior = 0.08;

void dm_diagonal_make(Diagonal *d)
{
    const size_t cells = (MOST_WORDS + 1) * (MOST_WORDS + 1);
    *d = (Diagonal){.prior = dm_allocate(cells, sizeof *d->prior), .distance = dm_allocate(cells, sizeof *d->distance)};
}

void dm_diagonal_free(Diagonal *d)
{
    dm_free(d->prior);
    dm_free(d->distance);
}

// exp(-tension |i/m - j/n|), not yet scaled, of the words of one side. Along a row it grows by a factor up to the
// diagonal, and falls by it behind.
static void weigh(Diagonal *d, Side side)
{
    const int n = d->sources, m = d->targets;
    const double grow = exp(d->tension[side] / m), fall = 1 / grow;
    for (int j = 0; j < n; j++) {
        BothWays *row = d->prior + (size_t)j * (size_t)(m + 1);
        const double at = (double)(j + 1) / n;
        const int below = (int)(at * m);  // words before the diagonal or on it
        double weight = exp(d->tension[side] * (1. / m - at));
        for (int i = 0; i < below; i++, weight *= grow) row[i].of[side] = weight;
        weight = exp(d->tension[side] * (at - (double)(below + 1) / m));
        for (int i = below; i < m; i++, weight *= fall) row[i].of[side] = weight;
    }
}

// Scales `count` weights, `step` cells apart, to sum to 1 - p0, and adds to the moments.
static void scale(Diagonal *d, Side side, size_t at, size_t step, int count)
{
    double sum = 0, mean = 0, square = 0;
    for (int k = 0; k < count; k++) {
        const size_t cell = at + (size_t)k * step;
        const double weight = d->prior[cell].of[side], distance = d->distance[cell];
        sum += weight;
        mean += weight * distance;
        square += weight * distance * distance;
    }
    for (int k = 0; k < count; k++) d->prior[at + (size_t)k * step].of[side] *= (1 - null_prior) / sum;
    mean /= sum;
    d->mean.of[side] += mean;
    d->variance.of[side] += square / sum - mean * mean;
}

void dm_diagonal_set(Diagonal *d, int n, int m, const double tension[2])
{
    const bool same = d->sources == n && d->targets == m &&
                      !(d->tension[0] < tension[0] || d->tension[0] > tension[0]) &&
                      !(d->tension[1] < tension[1] || d->tension[1] > tension[1]);
    if (same) return;
    const size_t width = (size_t)m + 1;
    d->sources = n, d->targets = m;
    d->mean = d->variance = (BothWays){{0, 0}};
    for (Side side = DM_SOURCE; side <= DM_TARGET; side++) d->tension[side] = tension[side];
    for (int j = 0; j <= n; j++)
        for (int i = 0; i <= m; i++) {
            const size_t cell = (size_t)j * width + (size_t)i;
            d->distance[cell] = j < n && i < m ? fabs((double)(i + 1) / m - (double)(j + 1) / n) : 0;
            d->prior[cell].of[DM_TARGET] = j == n && i < m ? null_prior : 0;
            d->prior[cell].of[DM_SOURCE] = i == m && j < n ? null_prior : 0;
        }
    weigh(d, DM_SOURCE);
    weigh(d, DM_TARGET);
    for (int j = 0; j < n; j++) scale(d, DM_SOURCE, (size_t)j * width, 1, m);
    for (int i = 0; i < m; i++) scale(d, DM_TARGET, (size_t)i, width, n);
}
