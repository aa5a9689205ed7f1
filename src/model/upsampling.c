// What a decoder reads that writes all at once: so many places for each piece of the source, each of which has nothing
// of its own but where it is.
#include <string.h>

#include "model/model.h"

int dm_upsampling(const ModelConfig *config)
{
    if (config->architecture->writing(config) != DM_AT_ONCE) return 0;
    return dm_shape_value(config, dm_shape_row(config->architecture, DM_CTC_UPSAMPLE));
}

Tokens dm_places_at_once(Arena *arena, const ModelConfig *config, Spans source)
{
    const int times = dm_upsampling(config);
    int *lengths = dm_arena_take(arena, (size_t)source.n * sizeof(int)), rows = 0;
    for (int s = 0; s < source.n; s++) rows += lengths[s] = times * source.length[s];
    int *ids = dm_arena_take(arena, (size_t)rows * sizeof(int));
    float *shares = dm_arena_take(arena, (size_t)rows * sizeof(float));
    for (int i = 0; i < rows; i++) ids[i] = 0, shares[i] = 0;
    Mixture *none = dm_arena_take(arena, sizeof *none);
    *none = (Mixture){1, ids, shares};
    Tokens places = dm_tokens(arena, source.n, lengths, ids);
    places.mixture = none;
    return places;
}
