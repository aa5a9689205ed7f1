// The Transformer in search: one position at a time, keys and values of the earlier ones kept in caches.
#include <stdlib.h>
#include <string.h>

#include "model/transformer_parts.h"

// Every step adds a row for each slot to the caches, and no row ever moves. Slots that go on from the same one share
// its past: each keeps a list of the rows that it looks at.
typedef struct Lists {
    int slots, steps;  // room
    int *rows;         // [slots, steps] of each slot: its row of every step
    int *source;       // [slots] which span of the memory it reads
} Lists;

struct SearchState {
    const Model *model;
    Arena *arena;        // of start: the caches lie there, so that a thread's next batch finds their memory warm
    int n;               // slots
    int steps;           // positions done: the same for every slot
    int used, room;      // rows of the caches
    float **cache;       // [layers] [room][row_size]: keys and values
    Tensor **key_value;  // [layers] of the memory: [source tokens, 2 width], shared by the slots of a source
    Spans memory;
    Lists now, next;
};

// Padded: the rows of a step are often a multiple of a power of two, so that those of one slot would fall into the same
// few sets of the processor's caches.
static size_t row_size(const SearchState *s)
{
    enum { PADDING = 16 };
    return 2 * (size_t)s->model->config.width + PADDING;
}

static void make_room_for_rows(SearchState *s, int more)
{
    const int needed = s->used + more;
    if (needed <= s->room) return;
    // From the second step on, a beam has as many slots as it will ever have: as many steps of it as most lines need.
    enum { STEPS = 31 };
    const int room = s->steps == 0 ? needed : s->steps == 1 ? s->used + STEPS * more : 2 * needed;
    const size_t row = row_size(s) * sizeof(float);
    for (int layer = 0; layer < s->model->config.decoder_layers; layer++) {
        float *larger = dm_arena_take(s->arena, (size_t)room * row);
        if (s->used) memcpy(larger, s->cache[layer], (size_t)s->used * row);
        s->cache[layer] = larger;
    }
    s->room = room;
}

// What is in them is lost.
static void make_room_in_lists(Lists *lists, int slots, int steps)
{
    if (slots > lists->slots) lists->source = dm_reallocate(lists->source, (size_t)slots, sizeof(int));
    if (slots <= lists->slots && steps <= lists->steps) return;
    lists->slots = slots > lists->slots ? slots : lists->slots;
    lists->steps = steps > lists->steps ? 2 * steps : lists->steps;
    free(lists->rows);
    lists->rows = dm_allocate((size_t)lists->slots * (size_t)lists->steps, sizeof(int));
}

static int *rows_of(const Lists *lists, int slot)
{
    return lists->rows + (size_t)slot * (size_t)lists->steps;
}

// Room for one step more; slot i goes on from what slot from[i] was (NULL: i).
static void go_on(SearchState *s, const int *from, int n)
{
    make_room_for_rows(s, n);
    make_room_in_lists(&s->next, n, s->steps + 1);
    for (int i = 0; i < n; i++) {
        const int slot = from ? from[i] : i;
        memcpy(rows_of(&s->next, i), rows_of(&s->now, slot), (size_t)s->steps * sizeof(int));
        s->next.source[i] = s->now.source[slot];
    }
    const Lists spent = s->now;
    s->now = s->next;
    s->next = spent;
    s->n = n;
}

SearchState *dm_transformer_start(Graph *g, const Model *model, Memory memory)
{
    const int layers = model->config.decoder_layers;
    const Transformer *t = model->layers;
    SearchState *s = dm_allocate(1, sizeof *s);
    *s = (SearchState){.model = model, .arena = g->arena, .n = memory.spans.n, .memory = memory.spans};
    s->key_value = dm_allocate((size_t)layers, sizeof *s->key_value);
    s->cache = dm_allocate((size_t)layers, sizeof *s->cache);
    for (int i = 0; i < layers; i++) s->key_value[i] = dm_transformer_linear(g, &t->decoder[i].key_value, memory.rows);
    make_room_for_rows(s, s->n);
    make_room_in_lists(&s->now, s->n, 1);
    for (int i = 0; i < s->n; i++) s->now.source[i] = i;
    return s;
}

// Self-attention of one new position: its key and value go into the cache, its query looks at all that its slot lists.
static Tensor *cached_attention(Graph *g, SearchState *s, int layer, const Tensor *x, Spans queries, Spans keys)
{
    const EncoderLayer *l = &((const Transformer *)s->model->layers)->decoder[layer].self;
    const int width = x->cols;
    const Tensor *qkv = dm_transformer_linear(g, &l->qkv, x);
    const Tensor cache = {
        .rows = s->used + s->n, .cols = 2 * width, .stride = (int)row_size(s), .data = s->cache[layer]};
    for (int i = 0; i < s->n; i++)
        memcpy(dm_row(&cache, s->used + i), dm_row(qkv, i) + width, 2 * (size_t)width * sizeof(float));
    return dm_transformer_linear(g, &l->out,
                                 dm_attention(g, &(Attention){.q = dm_columns(qkv, 0, width),
                                                              .k = dm_columns(&cache, 0, width),
                                                              .v = dm_columns(&cache, width, width),
                                                              .queries = queries,
                                                              .keys = keys,
                                                              .rows = s->now.rows,
                                                              .heads = s->model->config.decoder_heads}));
}

Tensor *dm_transformer_step(Graph *g, SearchState *s, const int *ids)
{
    const ModelConfig *c = &s->model->config;
    const Transformer *t = s->model->layers;
    if (s->steps == s->now.steps || s->used + s->n > s->room) go_on(s, NULL, s->n);
    const size_t n = (size_t)s->n;
    int *memory = dm_arena_take(g->arena, 7 * n * sizeof(int));
    int *position = memory, *row = memory + n, *one = memory + 2 * n, *list_start = memory + 3 * n,
        *list_length = memory + 4 * n, *source_start = memory + 5 * n, *source_length = memory + 6 * n;
    for (int i = 0; i < s->n; i++) {
        rows_of(&s->now, i)[s->steps] = s->used + i;
        position[i] = s->steps;
        row[i] = i;
        one[i] = 1;
        list_start[i] = i * s->now.steps;
        list_length[i] = s->steps + 1;
        source_start[i] = s->memory.start[s->now.source[i]];
        source_length[i] = s->memory.length[s->now.source[i]];
    }
    const Spans queries = {s->n, row, one}, keys = {s->n, list_start, list_length},
                source = {s->n, source_start, source_length};
    Tensor *x = dm_transformer_embed(g, s->model, &t->target_embedding, (Tokens){s->n, ids, position, queries});
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < c->decoder_layers; i++) {
        const DecoderLayer *l = t->decoder + i;
        x = dm_transformer_after(g, mark, &l->self.attention_norm, x, cached_attention(g, s, i, x, queries, keys));
        x = dm_transformer_after(
            g, mark, &l->cross_norm, x,
            dm_transformer_cross_attention(g, l, x, queries, s->key_value[i], source, c->decoder_heads));
        x = dm_transformer_after(g, mark, &l->self.ffn_norm, x,
                                 dm_transformer_feed_forward(g, &l->self, x, c->activation));
    }
    s->used += s->n;
    s->steps++;
    return x;
}

void dm_transformer_reorder(SearchState *s, const int *from, int n)
{
    go_on(s, from, n);
}

void dm_transformer_finish(SearchState *s)
{
    free(s->cache);
    free(s->key_value);
    free(s->now.rows);
    free(s->now.source);
    free(s->next.rows);
    free(s->next.source);
    free(s);
}
