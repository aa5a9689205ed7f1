// The table of strategies, and the choice of one.
#include "search/search.h"

#include <stddef.h>

#include "core/scope.h"
#include "search/search_parts.h"

const Strategy *const dm_strategies[] = {&dm_labels_strategy, &dm_sample_strategy, &dm_beam_strategy, NULL};

bool dm_search_is_stopped(const dm_translate_options *o)
{
    if (!o->stop) return false;
    Scope *paused = dm_scope_pause();
    const bool stop = o->stop(o->context);
    dm_scope_resume(paused);
    return stop;
}

bool dm_search(Graph *g, const SearchJob *job, Found *found)
{
    if (!job->source.spans.n) return true;
    const Strategy *const *strategy = dm_strategies;
    while (!(*strategy)->is_wanted(job)) strategy++;
    return (*strategy)->run(g, job, found);
}
