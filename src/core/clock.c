// The clock of the system that nobody sets.
#include "core/clock.h"

#include <time.h>

double dm_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
