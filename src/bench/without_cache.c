// A search that keeps nothing: for every piece, all that stand before it are decoded anew, as decoders did it that had
// no state (and as training does it). What comes is the same; what it costs is what past keys and values save.
#include "bench/without_cache.h"

#include <string.h>

#include "core/memory.h"

struct SearchState {
    const Model *model;
    Memory memory;
    int slots, room;  // pieces that a list holds
    int *ids;         // [slots][room] that each slot has taken
    int *length, *source;
};

static const Architecture *own;  // what is asked instead

static int *ids_of(const SearchState *s, int slot)
{
    return s->ids + (size_t)slot * (size_t)s->room;
}

// Lists of so many slots, each of which goes on from one that was.
static void take_over(SearchState *s, const int *from, const int *lengths, int slots, int room)
{
    SearchState next = *s;
    next.slots = slots, next.room = room;
    next.ids = dm_allocate((size_t)slots * (size_t)room, sizeof(int));
    next.length = dm_allocate((size_t)slots, sizeof(int));
    next.source = dm_allocate((size_t)slots, sizeof(int));
    for (int i = 0; i < slots; i++) {
        next.length[i] = lengths ? lengths[i] : s->length[from[i]];
        next.source[i] = s->source[from[i]];
        if (next.length[i]) memcpy(ids_of(&next, i), ids_of(s, from[i]), (size_t)next.length[i] * sizeof(int));
    }
    dm_free(s->ids);
    dm_free(s->length);
    dm_free(s->source);
    *s = next;
}

static int longest(const SearchState *s)
{
    int most = 0;
    for (int i = 0; i < s->slots; i++) most = s->length[i] > most ? s->length[i] : most;
    return most;
}

static SearchState *start(Graph *g, const Model *model, Memory memory, int room)
{
    (void)g;
    SearchState *s = dm_allocate(1, sizeof *s);
    *s = (SearchState){.model = model, .memory = memory, .slots = memory.spans.n, .room = room + 1};
    s->ids = dm_allocate((size_t)s->slots * (size_t)s->room, sizeof(int));
    s->length = dm_allocate((size_t)s->slots, sizeof(int));
    s->source = dm_allocate((size_t)s->slots, sizeof(int));
    for (int i = 0; i < s->slots; i++) s->source[i] = i;
    return s;
}

static void keep(SearchState *s, const int *from, const int *lengths, int n, int room)
{
    take_over(s, from, lengths, n, longest(s) + room + 1);
}

static Tensor *extend(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    const int slots = s->slots;
    int *start = dm_arena_take(g->arena, 3 * (size_t)slots * sizeof(int)), *length = start + slots,
        *fresh = length + slots, rows = 0, wanted = 0;
    for (int i = 0; i < slots; i++) {
        fresh[i] = lengths ? lengths[i] : 1;
        memcpy(ids_of(s, i) + s->length[i], ids + wanted, (size_t)fresh[i] * sizeof(int));
        s->length[i] += fresh[i];
        start[i] = s->memory.spans.start[s->source[i]], length[i] = s->memory.spans.length[s->source[i]];
        rows += s->length[i], wanted += fresh[i];
    }
    int *all = dm_arena_take(g->arena, (size_t)rows * sizeof(int)), *at = all;
    for (int i = 0; i < slots; at += s->length[i++]) memcpy(at, ids_of(s, i), (size_t)s->length[i] * sizeof(int));
    Memory memory = s->memory;
    memory.spans = (Spans){slots, start, length};
    const Tensor *x = own->decode(g, s->model, memory, dm_tokens(g->arena, slots, s->length, all));
    Tensor *last = dm_tensor(g, wanted, x->cols);
    for (int i = 0, row = 0, to = 0; i < slots; row += s->length[i++])
        for (int j = s->length[i] - fresh[i]; j < s->length[i]; j++, to++)
            memcpy(dm_row(last, to), dm_row(x, row + j), (size_t)x->cols * sizeof(float));
    return last;
}

static void finish(SearchState *s)
{
    dm_free(s->ids);
    dm_free(s->length);
    dm_free(s->source);
    dm_free(s);
}

void dm_bench_forget(Model *model)
{
    static Architecture forgetful;
    own = model->architecture;
    forgetful = *own;
    forgetful.start = start, forgetful.extend = extend, forgetful.keep = keep, forgetful.finish = finish;
    model->architecture = &forgetful;
}
