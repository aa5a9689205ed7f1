// Lots: the distribution that sampling draws the next piece from. The random number of a piece is a function of (seed,
// line, sample, length) alone, so that what shares a batch does not matter.
#pragma once
#include "core/random.h"
#include "search/search_parts.h"

typedef struct Lots {
    const dm_translate_options *options;
    int count, *order;    // pieces that can be drawn
    double *weight, sum;  // [reach] of each piece, 0 of those that cannot; of all together
} Lots;

Lots dm_lots(Arena *arena, const SearchJob *job);
// As these say; no piece is possible: count is 0.
void dm_lots_weigh(Lots *lots, const float *log_probabilities, int vocabulary);
double dm_lots_probability(const Lots *lots, int id);
int dm_lots_draw(const Lots *lots, double uniform);  // uniform: from [0, 1)
// Takes from each piece this probability [reach], as far as it has so much, and leaves the rest. False: nothing is left,
// and nothing was taken.
bool dm_lots_less(Lots *lots, const double *probabilities);

static inline Random dm_lots_random(const SearchJob *job, int sentence, int sample, int length)
{
    const size_t line = job->lines ? job->lines[sentence] : (size_t)sentence;
    return dm_random(job->options->seed, (uint32_t)line, (uint32_t)sample, (uint32_t)length);
}
