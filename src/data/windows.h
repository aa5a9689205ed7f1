// Windows: a text of more pieces than are to be read at once is cut into as few as hold it, as equal as can be, the
// longer ones first.
#pragma once
#include <stdint.h>

static inline int dm_windows(int pieces, int most)  // how many; most: pieces of one, 0: any
{
    return most && pieces > most ? (int)(((int64_t)pieces + most - 1) / most) : 1;
}

static inline int dm_window_start(int pieces, int windows, int window)  // of the one behind the last: its end
{
    return (int)(((int64_t)pieces * window + windows - 1) / windows);
}
