// The Transformer in search: one position at a time, keys and values of the earlier ones kept in caches.
#include <stdlib.h>
#include <string.h>

#include "model/transformer_parts.h"

// A slot's keys and values lie at a place of the caches that stays its own: of the slots that go on from one, the first
// takes over its place, and only the others have theirs copied.
struct SearchState {
    const Model *model;
    Arena *arena;  // of start: the caches lie there, so that a thread's next batch finds their memory warm
    int n;         // slots
    int steps;     // positions done: the same for every slot
    int room;      // places and steps that the caches have
    int room_steps;
    float **cache;       // [layers] [room][room_steps][2 width]
    Tensor **key_value;  // [layers] of the memory: [source tokens, 2 width], shared by the slots of a source
    Spans memory;
    int *place, *source;            // [room] of a slot: where it lies, and which span of the memory it reads
    int *next_place, *next_source;  // [room] the same after a reorder
    bool *taken;                    // [room] places
};

static size_t row_size(const SearchState *s)
{
    return 2 * (size_t)s->model->config.width;
}

static float *row_of(const SearchState *s, int layer, int place)
{
    return s->cache[layer] + (size_t)place * (size_t)s->room_steps * row_size(s);
}

static void swap(int **one, int **other)
{
    int *kept = *one;
    *one = *other;
    *other = kept;
}

static void make_room_for_slots(SearchState *s, int room)
{
    s->place = dm_reallocate(s->place, (size_t)room, sizeof(int));
    s->source = dm_reallocate(s->source, (size_t)room, sizeof(int));
    s->next_place = dm_reallocate(s->next_place, (size_t)room, sizeof(int));
    s->next_source = dm_reallocate(s->next_source, (size_t)room, sizeof(int));
    s->taken = dm_reallocate(s->taken, (size_t)room, sizeof(bool));
}

// An odd number of rows: with a power of two, the same step of all places would fall into the same few sets of the
// processor's caches. At first for one step, since after that beams need more places.
static int more_steps(int steps)
{
    enum { FIRST = 31 };
    return steps == 0 ? 1 : steps == 1 ? FIRST : 2 * steps + 1;
}

// Larger caches, where the first n places are those that slots 0 ... n-1 have had.
static void move(SearchState *s, int n, int room, int room_steps)
{
    const size_t row = row_size(s), used = (size_t)s->steps * row * sizeof(float);
    for (int layer = 0; layer < s->model->config.decoder_layers; layer++) {
        float *larger = dm_arena_take(s->arena, (size_t)room * (size_t)room_steps * row * sizeof(float));
        for (int i = 0; i < n && used; i++)
            memcpy(larger + (size_t)i * (size_t)room_steps * row, row_of(s, layer, s->place[i]), used);
        s->cache[layer] = larger;
    }
    for (int i = 0; i < n; i++) s->place[i] = i;
    s->room = room;
    s->room_steps = room_steps;
}

SearchState *dm_transformer_start(Graph *g, const Model *model, Memory memory)
{
    const int layers = model->config.decoder_layers;
    const Transformer *t = model->layers;
    SearchState *s = dm_allocate(1, sizeof *s);
    s->model = model;
    s->arena = g->arena;
    s->n = memory.spans.n;
    s->memory = memory.spans;
    s->key_value = dm_allocate((size_t)layers, sizeof *s->key_value);
    s->cache = dm_allocate((size_t)layers, sizeof *s->cache);
    make_room_for_slots(s, s->n);
    for (int i = 0; i < s->n; i++) s->place[i] = s->source[i] = i;
    for (int i = 0; i < layers; i++) s->key_value[i] = dm_transformer_linear(g, &t->decoder[i].key_value, memory.rows);
    move(s, s->n, s->n, more_steps(0));
    return s;
}

// Self-attention of one new position: its key and value go into the cache, its query looks at all of them.
static Tensor *cached_attention(Graph *g, SearchState *s, int layer, const Tensor *x, Spans queries, Spans keys)
{
    const EncoderLayer *l = &((const Transformer *)s->model->layers)->decoder[layer].self;
    const int width = x->cols;
    const Tensor *qkv = dm_transformer_linear(g, &l->qkv, x);
    const Tensor cache = {
        .rows = s->room * s->room_steps, .cols = 2 * width, .stride = 2 * width, .data = s->cache[layer]};
    for (int i = 0; i < s->n; i++)
        memcpy(dm_row(&cache, keys.start[i] + s->steps), dm_row(qkv, i) + width, row_size(s) * sizeof(float));
    return dm_transformer_linear(g, &l->out,
                                 dm_attention(g, &(Attention){.q = dm_columns(qkv, 0, width),
                                                              .k = dm_columns(&cache, 0, width),
                                                              .v = dm_columns(&cache, width, width),
                                                              .queries = queries,
                                                              .keys = keys,
                                                              .heads = s->model->config.decoder_heads}));
}

Tensor *dm_transformer_step(Graph *g, SearchState *s, const int *ids)
{
    const ModelConfig *c = &s->model->config;
    const Transformer *t = s->model->layers;
    if (s->steps == s->room_steps) move(s, s->n, s->room, more_steps(s->steps));
    const size_t n = (size_t)s->n;
    int *memory = dm_arena_take(g->arena, 7 * n * sizeof(int));
    int *position = memory, *row = memory + n, *one = memory + 2 * n, *cache_start = memory + 3 * n,
        *cache_length = memory + 4 * n, *source_start = memory + 5 * n, *source_length = memory + 6 * n;
    for (int i = 0; i < s->n; i++) {
        position[i] = s->steps;
        row[i] = i;
        one[i] = 1;
        cache_start[i] = s->place[i] * s->room_steps;
        cache_length[i] = s->steps + 1;
        source_start[i] = s->memory.start[s->source[i]];
        source_length[i] = s->memory.length[s->source[i]];
    }
    const Spans queries = {s->n, row, one}, keys = {s->n, cache_start, cache_length},
                source = {s->n, source_start, source_length};
    Tensor *x = dm_transformer_embed(g, s->model, &t->target_embedding, (Tokens){s->n, ids, position, queries});
    for (int i = 0; i < c->decoder_layers; i++) {
        const DecoderLayer *l = t->decoder + i;
        x = dm_transformer_after(g, &l->self.attention_norm, x, cached_attention(g, s, i, x, queries, keys));
        x = dm_transformer_after(
            g, &l->cross_norm, x,
            dm_transformer_cross_attention(g, l, x, queries, s->key_value[i], source, c->decoder_heads));
        x = dm_transformer_after(g, &l->self.ffn_norm, x, dm_transformer_feed_forward(g, &l->self, x, c->activation));
    }
    s->steps++;
    return x;
}

void dm_transformer_reorder(SearchState *s, const int *from, int n)
{
    if (n > s->room) {  // half as many again at least: samples and beams may grow one by one
        const int room = n > s->room * 3 / 2 ? n : s->room * 3 / 2;
        make_room_for_slots(s, room);
        move(s, s->n, room, s->steps == s->room_steps ? more_steps(s->steps) : s->room_steps);
    } else if (s->steps == s->room_steps) {
        move(s, s->n, n > s->n ? n : s->n, more_steps(s->steps));
    }
    memset(s->taken, 0, (size_t)s->room * sizeof(bool));
    for (int i = 0; i < n; i++) {
        const int place = s->place[from[i]];
        s->next_source[i] = s->source[from[i]];
        s->next_place[i] = s->taken[place] ? -1 : place;
        s->taken[place] = true;
    }
    const size_t used = (size_t)s->steps * row_size(s) * sizeof(float);
    for (int i = 0, free_place = 0; i < n; i++) {
        if (s->next_place[i] >= 0) continue;
        while (s->taken[free_place]) free_place++;
        s->next_place[i] = free_place++;
        for (int layer = 0; layer < s->model->config.decoder_layers; layer++)
            memcpy(row_of(s, layer, s->next_place[i]), row_of(s, layer, s->place[from[i]]), used);
    }
    swap(&s->place, &s->next_place);
    swap(&s->source, &s->next_source);
    s->n = n;
}

void dm_transformer_finish(SearchState *s)
{
    free(s->cache);
    free(s->key_value);
    free(s->place);
    free(s->source);
    free(s->next_place);
    free(s->next_source);
    free(s->taken);
    free(s);
}
