// Being asked to stop: what takes long asks every now and then whether its caller has had enough.
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

// May be asked from any thread and as often as one likes. The caller's function is called in the thread that made this
// alone; the others go by its last answer. A yes stays a yes, so that all who ask hear the same.
typedef struct Stop {
    bool (*ask)(void *context);  // NULL: nobody will want to stop
    void *context;
    pthread_t asker;
    atomic_bool said;
} Stop;

void dm_stop_begin(Stop *stop, bool (*ask)(void *context), void *context);
bool dm_stop_asked(Stop *stop);  // stop: NULL where nobody will want to
bool dm_stop_is_asked(void *stop);  // the same, as a function with a context
