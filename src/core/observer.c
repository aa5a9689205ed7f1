// Telling an observer.
#include "core/observer.h"

#include "core/scope.h"

static void tell(void (*say)(void *context, const char *text), void *context, const char *text)
{
    if (!say) return;
    Scope *paused = dm_scope_pause();
    say(context, text);
    dm_scope_resume(paused);
}

void dm_observer_line(const dm_observer *observer, const char *line)
{
    if (observer) tell(observer->line, observer->context, line);
}

void dm_observer_progress(const dm_observer *observer, const char *status)
{
    if (observer) tell(observer->progress, observer->context, status);
}
