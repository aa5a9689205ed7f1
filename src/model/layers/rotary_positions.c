// Rotary positions (Su et al. 2021, "RoFormer", equations 15 and 34): in self-attention, pair k of the columns of a
// head, w wide, turns by the angle i / base^(2k/w) at place i (base 10000), k = 0 ... w/2 - 1, in queries and keys
// alike. A score then depends on the distance of the two alone. The pairs are (k, k + w/2), as Llama and GPT-NeoX have
// them.
#include <math.h>

#include "model/layers/positions.h"

// A row: the cosines of the angles, then their sines.
static void fill(const PositionShape *shape, int first, int count, int width, float *rows)
{
    const int half = width / 2;
    for (int k = 0; k < half; k++) {
        const double length = pow(shape->base, 2.0 * k / width);
        for (int i = 0; i < count; i++) {
            const double angle = (first + i) / length;
            float *row = rows + (size_t)i * (size_t)width;
            row[k] = (float)cos(angle);
            row[half + k] = (float)sin(angle);
        }
    }
}

static Tensor turn(Graph *g, const Positions *p, Tokens tokens, Tensor x)
{
    return *dm_rotate(g, dm_view(g, x), dm_position_rows(g, p, tokens), x.cols / p->width);
}

static bool misfit(const PositionShape *shape, Name *why)
{
    const int width = shape->width / shape->heads;
    if (width % 2 == 0) return false;
    *why = dm_name("rotary positions turn pairs of columns, but a head of %d / %d = %d columns has one without another",
                   shape->width, shape->heads, width);
    return true;
}

const PositionKind dm_rotary_positions = {
    .name = "rotary",
    .about = "queries and keys of self-attention are turned by angles that grow with the place (RoPE, Su et al. 2021)",
    .attended = "rotary positions",
    .misfit = misfit,
    .fill = fill,
    .rows_of_heads = true,
    .turn = turn,
};
