// The kinds of recurrent cells.
#include "model/layers/cell.h"

const CellKind dm_cells[] = {
    {"gru", "gated recurrent unit (Cho et al. 2014)", 3, 1, dm_gru},
    {"lstm", "long short-term memory (Hochreiter and Schmidhuber 1997), whose forget gates start open", 4, 2, dm_lstm},
    {.name = NULL},
};

Choice dm_cell_choice(int index)
{
    return (Choice){dm_cells[index].name, dm_cells[index].about};
}

// weight_ih_l0_reverse and so on.
static Name part(const char *prefix, const CellKind *kind, const char *what, int layer, bool reverse)
{
    return dm_name("%.60s.%s.%s_l%d%s", prefix, kind->name, what, layer, reverse ? "_reverse" : "");
}

void dm_cell_declare(Parameters *p, const CellKind *kind, const char *prefix, int layer, bool reverse, int hidden,
                     int in)
{
    const int rows = kind->gates * hidden;
    const Init gates = kind->gates == 4 ? DM_INIT_FOUR_GATES : DM_INIT_GATES;
    dm_declare_matrix(p, part(prefix, kind, "weight_ih", layer, reverse).text, rows, in, gates);
    dm_declare_matrix(p, part(prefix, kind, "weight_hh", layer, reverse).text, rows, hidden, gates);
    dm_declare_vector(p, part(prefix, kind, "bias_ih", layer, reverse).text, rows,
                      kind->gates == 4 ? DM_INIT_FORGET : DM_INIT_ZERO);
    dm_declare_vector(p, part(prefix, kind, "bias_hh", layer, reverse).text, rows, DM_INIT_ZERO);
}

Cell dm_cell_find(const Parameters *p, const CellKind *kind, const char *prefix, int layer, bool reverse)
{
    return (Cell){kind,
                  {dm_parameters_joined(p, part(prefix, kind, "weight_ih", layer, reverse).text, 1),
                   dm_parameters_joined(p, part(prefix, kind, "bias_ih", layer, reverse).text, 1)},
                  {dm_parameters_joined(p, part(prefix, kind, "weight_hh", layer, reverse).text, 1),
                   dm_parameters_joined(p, part(prefix, kind, "bias_hh", layer, reverse).text, 1)}};
}
