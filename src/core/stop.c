// Being asked to stop.
#include "core/stop.h"

#include <stddef.h>

#include "core/scope.h"

void dm_stop_begin(Stop *stop, bool (*ask)(void *context), void *context)
{
    stop->ask = ask;
    stop->context = context;
    stop->asker = pthread_self();
    atomic_init(&stop->said, false);
}

bool dm_stop_asked(Stop *stop)
{
    if (!stop || !stop->ask) return false;
    if (!atomic_load(&stop->said) && pthread_equal(pthread_self(), stop->asker)) {
        Scope *paused = dm_scope_pause();
        if (stop->ask(stop->context)) atomic_store(&stop->said, true);
        dm_scope_resume(paused);
    }
    return atomic_load(&stop->said);
}

bool dm_stop_is_asked(void *stop)
{
    return dm_stop_asked(stop);
}
