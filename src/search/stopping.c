// Whether a caller wants a search to end: in a room of its own, since what asks, the table of strategies calls.
#include "core/scope.h"
#include "search/search_parts.h"

bool dm_search_is_stopped(const dm_translate_options *o)
{
    if (!o->stop) return false;
    Scope *paused = dm_scope_pause();
    const bool stop = o->stop(o->context);
    dm_scope_resume(paused);
    return stop;
}
