// Recurrent cells by name: how a state becomes the next one. Names and layout of the weights are PyTorch's (nn.GRU,
// nn.LSTM).
#pragma once
#include "core/choice.h"
#include "model/layers/linear_layer.h"

typedef struct CellKind {
    const char *name, *about;
    int gates;   // products of a step, each as wide as the output
    int states;  // parts of a state, of which the first is the output
    Tensor *(*step)(Graph *g, const Tensor *input, const Tensor *hidden, const Tensor *state);
} CellKind;

extern const CellKind dm_cells[];  // ends with a name of NULL
Choice dm_cell_choice(int index);

typedef struct Cell {
    const CellKind *kind;
    Linear input, hidden;  // [gates h, in], [gates h, h]
} Cell;

void dm_cell_declare(Parameters *p, const CellKind *kind, const char *prefix, int layer, bool reverse, int hidden, int in);
Cell dm_cell_find(const Parameters *p, const CellKind *kind, const char *prefix, int layer, bool reverse);

static inline int dm_cell_state(const CellKind *kind, int hidden)
{
    return kind->states * hidden;
}

// Before steps of so many rows in all.
static inline void dm_cell_steps(Graph *g, const Cell *cell, int rows)
{
    dm_linear_sum(g, &cell->hidden.weight, &cell->hidden.bias, rows);
}

// input [n, gates h]: W_i x + b_i; state [n, states h] -> the next one
static inline Tensor *dm_cell_step(Graph *g, const Cell *cell, const Tensor *input, const Tensor *state)
{
    const Tensor *h = dm_view(g, dm_columns(state, 0, cell->hidden.weight.cols));
    return cell->kind->step(g, input, dm_linear_apply(g, &cell->hidden, h), state);
}

// What others see of a state: [n, h]
static inline const Tensor *dm_cell_output(Graph *g, const Cell *cell, const Tensor *state)
{
    return cell->kind->states == 1 ? state : dm_view(g, dm_columns(state, 0, cell->hidden.weight.cols));
}
