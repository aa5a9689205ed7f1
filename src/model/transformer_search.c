// The Transformer in search: pieces behind the slots, keys and values of the earlier ones kept in caches.
#include <string.h>

#include "core/memory.h"
#include "model/past.h"
#include "model/transformer.h"

struct SearchState {
    const Model *model;
    Arena *arena;  // of start: the caches lie there, so that a thread's next batch finds their memory warm
    Past past;
    float **cache;       // [layers] [past.room][row_size]: keys and values
    Tensor **key_value;  // [layers] of the memory: [source tokens, 2 width], shared by the slots of a source
    Spans memory;
};

// Padded: the rows of a step are often a multiple of a power of two, so that those of one slot would fall into the same
// few sets of the processor's caches.
static size_t row_size(const SearchState *s)
{
    enum { PADDING = 16 };
    return 2 * (size_t)s->model->config.width + PADDING;
}

static void make_room(SearchState *s, int more)
{
    dm_past_make_room(&s->past, s->arena, s->cache, dm_transformer_shape(&s->model->config)->decoder_layers,
                      row_size(s), more);
}

SearchState *dm_transformer_start(Graph *g, const Model *model, Memory memory, int room)
{
    const int layers = dm_transformer_shape(&model->config)->decoder_layers;
    const Transformer *t = model->layers;
    SearchState *s = dm_allocate(1, sizeof *s);
    *s = (SearchState){.model = model, .arena = g->arena, .memory = memory.spans};
    s->key_value = dm_allocate((size_t)layers, sizeof *s->key_value);
    s->cache = dm_allocate((size_t)layers, sizeof *s->cache);
    for (int i = 0; i < layers; i++) s->key_value[i] = dm_linear_apply(g, &t->decoder[i].key_value, memory.rows);
    dm_past_start(&s->past, memory.spans.n);
    make_room(s, s->past.n * room);
    return s;
}

// The new rows, as the layers see them.
typedef struct Fresh {
    Tokens tokens;
    int first;        // their rows in the caches begin here
    Spans each, own;  // every row by itself, and what it looks at: a stretch of the lists
    Spans source;     // of every slot
} Fresh;

// What every piece reads, and sees: its slot's past, itself included, as far as a window of attention goes.
static Fresh fresh_rows(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    Past *past = &s->past;
    const int first = past->used, slots = past->n, count = dm_past_extend(past, lengths);
    const int window = dm_transformer_shape(&s->model->config)->attention_window, most = window ? window + 1 : INT_MAX;
    const size_t n = (size_t)count, m = (size_t)slots;
    int *memory = dm_arena_take(g->arena, (5 * n + 4 * m) * sizeof(int));
    int *position = memory, *row = position + n, *one = row + n, *list_start = one + n, *list_length = list_start + n,
        *start = list_length + n, *length = start + m, *source_start = length + m, *source_length = source_start + m;
    for (int i = 0, at = 0; i < slots; i++) {
        start[i] = at;
        length[i] = lengths ? lengths[i] : 1;
        for (int j = 0; j < length[i]; j++, at++) {
            position[at] = past->now.length[i] - length[i] + j;
            row[at] = at;
            one[at] = 1;
            list_length[at] = position[at] < most ? position[at] + 1 : most;
            list_start[at] = i * past->now.steps + position[at] + 1 - list_length[at];
        }
        source_start[i] = s->memory.start[past->now.source[i]];
        source_length[i] = s->memory.length[past->now.source[i]];
    }
    return (Fresh){.tokens = {count, ids, position, {slots, start, length}},
                   .first = first,
                   .each = {count, row, one},
                   .own = {count, list_start, list_length},
                   .source = {slots, source_start, source_length}};
}

// Self-attention of new pieces: their keys and values go into the cache, their queries look at all that their slots
// list.
static Tensor *cached_attention(const Sublayer *sub, SearchState *s, int layer, Tensor *x, const Fresh *fresh)
{
    const Transformer *t = s->model->layers;
    const EncoderLayer *l = &t->decoder[layer].self;
    const Positions *positions = &t->positions[1];
    const int width = x->cols;
    const size_t row = (size_t)width * sizeof(float);
    const Tensor *qkv = dm_linear_apply(sub->g, &l->qkv, dm_enter(sub, x));
    const Tensor qk = dm_positions_turn(sub->g, positions, fresh->tokens, dm_columns(qkv, 0, 2 * width));
    const Tensor cache = {.rows = s->past.used, .cols = 2 * width, .stride = (int)row_size(s), .data = s->cache[layer]};
    for (int i = 0; i < qkv->rows; i++) {
        float *kept = dm_row(&cache, fresh->first + i);
        memcpy(kept, dm_row(&qk, i) + width, row);
        memcpy(kept + width, dm_row(qkv, i) + 2 * width, row);
    }
    const Tensor *mixed = dm_attention(sub->g, &(Attention){.q = dm_columns(&qk, 0, width),
                                                            .k = dm_columns(&cache, 0, width),
                                                            .v = dm_columns(&cache, width, width),
                                                            .queries = fresh->each,
                                                            .keys = fresh->own,
                                                            .rows = s->past.now.rows,
                                                            .heads = positions->shape.heads,
                                                            .slopes = positions->slopes});
    return dm_leave(sub, x, dm_linear_apply(sub->g, &l->out, mixed));
}

Tensor *dm_transformer_extend(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    const Model *model = s->model;
    const Transformer *t = model->layers;
    int more = s->past.n;
    if (lengths) more = 0;
    for (int i = 0; lengths && i < s->past.n; i++) more += lengths[i];
    make_room(s, more);  // none is taken where keep has made it
    const Fresh fresh = fresh_rows(g, s, ids, lengths);
    Tensor *x = dm_transformer_embed(g, model, true, fresh.tokens);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < dm_transformer_shape(&model->config)->decoder_layers; i++) {
        const DecoderLayer *l = t->decoder + i;
        const Sublayer self = dm_transformer_sublayer(g, model, mark, &l->self.attention_norm),
                       cross = dm_transformer_sublayer(g, model, mark, &l->cross_norm),
                       ffn = dm_transformer_sublayer(g, model, mark, &l->self.ffn_norm);
        x = cached_attention(&self, s, i, x, &fresh);
        x = dm_transformer_cross_attention(&cross, model, l, x, fresh.tokens.spans, s->key_value[i], fresh.source);
        x = dm_transformer_feed_forward(&ffn, &l->self, x);
    }
    return dm_transformer_end(g, model, &t->decoder_norm, x);
}

void dm_transformer_keep(SearchState *s, const int *from, const int *lengths, int n, int room)
{
    dm_past_keep(&s->past, from, lengths, n);
    make_room(s, n * room);
}

void dm_transformer_finish(SearchState *s)
{
    dm_free(s->cache);
    dm_free(s->key_value);
    dm_past_free(&s->past);
    dm_free(s);
}
