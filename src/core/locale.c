// The locale of a call, thread by thread (POSIX uselocale): the program's other threads notice nothing.
#include "core/locale.h"

#include <pthread.h>

static locale_t plain;
static pthread_once_t plain_once = PTHREAD_ONCE_INIT;

// One for good: glibc and musl hand out a constant of theirs, so that it neither fails nor is to be freed.
static void make_plain(void)
{
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

locale_t dm_locale_enter(void)
{
    pthread_once(&plain_once, make_plain);
    return uselocale(plain);
}

void dm_locale_leave(const locale_t *callers)
{
    uselocale(*callers);
}
