// Balance of experts (Fedus et al. 2021, eq. 4; DeepSeekMoE, Dai et al. 2024, eq. 12): without it a router comes to
// send everything to the few experts that have learnt most so far. Of every router, over the tokens of the shard:
//   loss = weight * experts * sum_i f_i P_i
// It is a mean of tokens, and the losses of shards are summed and divided by all rows of the targets: so it counts as
// often as the shard has such rows, and what it comes to hangs on how tokens are cut into shards as little as f does.
#include "train/terms/term.h"

static double add(const TermInput *in, double weight)
{
    const double factor = weight * in->features->rows;
    double sum = 0;
    if (!in->graph->routes) return 0;
    for (const Routing *r = in->graph->routes->first; r; r = r->next) sum += factor * dm_balance(in->graph, r, factor);
    return sum;
}

const Term dm_balance_term = {
    .name = "balance", .about = "experts are to be used alike", .usual = "0.01", .copies = 1, .add = add};
