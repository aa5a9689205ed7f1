// The table of strategies, and the choice of one.
#include "search/search.h"

#include <stddef.h>

const Strategy *const dm_strategies[] = {&dm_labels_strategy,
                                         &dm_mask_predict_strategy,
                                         &dm_prefix_beam_strategy,
                                         &dm_best_path_strategy,
                                         &dm_speculative_strategy,
                                         &dm_sample_strategy,
                                         &dm_beam_strategy,
                                         NULL};

bool dm_search(Graph *g, const SearchJob *job, Found *found)
{
    if (!job->source.spans.n) return true;
    const Strategy *const *strategy = dm_strategies;
    while (!(*strategy)->is_wanted(job)) strategy++;
    return (*strategy)->run(g, job, found);
}
