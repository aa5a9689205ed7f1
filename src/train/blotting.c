// Which pieces are blotted out: chance that hangs on (seed, update, shard, side) alone.
#include "train/blotting.h"

enum { WORDS = 0x776F7264, CUTOFF = 0x6375746F };  // random streams, beyond the ops of any graph

static const Choice kinds[] = {[DM_CUTOFF_TOKENS] = {"token", "each piece with this probability"},
                               [DM_CUTOFF_SPAN] = {"span", "of a sentence, so large a part that hangs together"}};

Choice dm_cutoff_choice(int index)
{
    return index < (int)DM_COUNT(kinds) ? kinds[index] : (Choice){0};
}

static Random stream_of(const Blotting *how, uint32_t name, Side side, uint32_t update, uint32_t shard)
{
    return dm_random(how->seed, update, shard, name + (uint32_t)(side == DM_TARGET));
}

static void cut_span(float *shares, int length, int first, double rate, Random *random)
{
    const int words = length - first, cut = (int)(rate * words + 0.5);
    if (words < 1) return;
    const int start = first + (int)dm_random_below(random, (uint64_t)(words - cut + 1));
    for (int j = start; j < start + cut; j++) shares[j] = 0;
}

Tokens dm_blotted(Arena *arena, const Blotting *how, Tokens tokens, Side side, uint32_t update, uint32_t shard,
                  int copies)
{
    const float rate = how->words[side];
    const double cutoff = copies == 2 ? (double)how->cutoff : 0;
    if ((!(rate > 0) && !(cutoff > 0)) || !tokens.n) return tokens;
    Random words = stream_of(how, WORDS, side, update, shard), cuts = stream_of(how, CUTOFF, side, update, shard);
    Mixture *mixture = dm_arena_take(arena, sizeof *mixture);
    float *shares = dm_arena_take(arena, (size_t)tokens.n * sizeof(float));
    const int first = side == DM_TARGET;
    for (int s = 0; s < tokens.spans.n; s++) {
        float *of = shares + tokens.spans.start[s];
        const int length = tokens.spans.length[s];
        const bool cut = cutoff > 0 && s >= tokens.spans.n / 2;
        for (int j = 0; j < length; j++) {
            const bool gone = (rate > 0 && dm_random_uniform(&words) < (double)rate) ||
                              (cut && how->kind == DM_CUTOFF_TOKENS && dm_random_uniform(&cuts) < cutoff);
            of[j] = gone && j >= first ? 0 : 1;
        }
        if (cut && how->kind == DM_CUTOFF_SPAN) cut_span(of, length, first, cutoff, &cuts);
    }
    *mixture = (Mixture){1, tokens.ids, shares};
    tokens.mixture = mixture;
    return tokens;
}
