// Rows that are made by a formula of the place: the first ones once for a model, the others where a sequence is longer.
#include "model/layers/positions.h"

const float **dm_position_rows(Graph *g, const Positions *p, Tokens tokens)
{
    const float **rows = dm_arena_take(g->arena, (size_t)tokens.n * sizeof *rows);
    for (int i = 0; i < tokens.n; i++) {
        const int position = tokens.positions[i];
        if (position < p->count) {
            rows[i] = p->rows + (size_t)position * (size_t)p->width;
        } else {
            float *made = dm_arena_take(g->arena, (size_t)p->width * sizeof(float));
            p->kind->fill(&p->shape, position, 1, p->width, made);
            rows[i] = made;
        }
    }
    return rows;
}
