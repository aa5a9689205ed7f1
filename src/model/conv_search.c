// The convolutional decoders in search: of every piece that a slot has taken, what the windows of later ones see is
// kept, layer by layer. A piece looks back at no more rows than a window is wide.
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "model/conv.h"
#include "model/past.h"

struct SearchState {
    const Model *model;
    Arena *arena;  // of start
    Past past;
    float **cache;       // [layers] [past.room, d]
    Tensor **key_value;  // light: [layers] of the memory
    Kernels *kernels;    // [layers], but of dynamic, where each step makes its own
    Memory memory;
};

static const ConvStack *stack_of(const SearchState *s)
{
    return &((const Conv *)s->model->layers)->decoder;
}

static bool makes_kernels(const SearchState *s)
{
    return dm_conv_shape(&s->model->config)->kind == DM_CONV_DYNAMIC;
}

static void make_room(SearchState *s, int more)
{
    dm_past_make_room(&s->past, s->arena, s->cache, stack_of(s)->count, (size_t)s->model->config.width, more);
}

SearchState *dm_conv_start(Graph *g, const Model *model, Memory memory, int room)
{
    const ConvStack *stack = &((const Conv *)model->layers)->decoder;
    const size_t layers = (size_t)stack->count;
    SearchState *s = dm_allocate(1, sizeof *s);
    *s = (SearchState){.model = model, .arena = g->arena, .memory = memory};
    s->cache = dm_allocate(layers, sizeof *s->cache);
    s->key_value = dm_allocate(layers, sizeof *s->key_value);
    s->kernels = dm_allocate(layers, sizeof *s->kernels);
    for (size_t i = 0; i < layers; i++) {
        const ConvLayer *l = &stack->layers[i];
        if (dm_conv_is_light(&model->config)) s->key_value[i] = dm_linear_apply(g, &l->key_value, memory.rows);
        if (!makes_kernels(s)) s->kernels[i] = dm_conv_kernels(g, model, l, NULL);
    }
    dm_past_start(&s->past, memory.spans.n);
    make_room(s, s->past.n * room);
    return s;
}

// ---- New pieces -----------------------------------------------------------------------------------------------------

// Of each new row, the last `width` rows of its slot up to itself.
static Window window_of(Graph *g, const SearchState *s, const int *slot, Tokens tokens, int width)
{
    int *order = dm_arena_take(g->arena, (size_t)tokens.n * (size_t)width * sizeof(int)), *at = order;
    for (int i = 0; i < tokens.n; i++) {
        const int *rows = dm_past_rows(&s->past, slot[i]);
        for (int j = tokens.positions[i] - width + 1; j <= tokens.positions[i]; j++) *at++ = j < 0 ? -1 : rows[j];
    }
    return (Window){tokens.n, width, order};
}

static ConvRows fresh_rows(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    const ConvStack *stack = stack_of(s);
    Past *past = &s->past;
    const int slots = past->n, count = dm_past_extend(past, lengths);
    const size_t n = (size_t)count, m = (size_t)slots;
    int *memory = dm_arena_take(g->arena, (2 * n + 4 * m) * sizeof(int));
    int *position = memory, *slot = position + n, *start = slot + n, *length = start + m, *source_start = length + m,
        *source_length = source_start + m;
    float *roots = dm_arena_take(g->arena, n * sizeof *roots);
    for (int i = 0, at = 0; i < slots; i++) {
        start[i] = at;
        length[i] = lengths ? lengths[i] : 1;
        source_start[i] = s->memory.spans.start[past->now.source[i]];
        source_length[i] = s->memory.spans.length[past->now.source[i]];
        for (int j = 0; j < length[i]; j++, at++) {
            position[at] = past->now.length[i] - length[i] + j;
            slot[at] = i;
            roots[at] = sqrtf((float)source_length[i]);
        }
    }
    const Tokens tokens = {.n = count, .ids = ids, .positions = position, .spans = {slots, start, length}};
    Window *windows = dm_arena_take(g->arena, (size_t)stack->count * sizeof *windows);
    for (int i = 0; i < stack->count; i++) windows[i] = window_of(g, s, slot, tokens, stack->layers[i].width);
    return (ConvRows){tokens, windows, {slots, source_start, source_length}, roots};
}

// The new rows go behind the others, and all of them are what windows see.
static Tensor remember(SearchState *s, int layer, int first, const Tensor *u)
{
    const int d = s->model->config.width;
    const Tensor all = {.rows = s->past.used, .cols = d, .stride = d, .data = s->cache[layer]};
    for (int i = 0; i < u->rows; i++) memcpy(dm_row(&all, first + i), dm_row(u, i), (size_t)d * sizeof(float));
    return all;
}

static Tensor *extend_plain(Graph *g, SearchState *s, const ConvRows *rows, int first)
{
    const Conv *c = s->model->layers;
    const Tensor *embedded = dm_conv_embed(g, s->model, true, rows->tokens);
    Tensor *x = dm_linear_apply(g, &c->decoder.first, embedded);
    for (int i = 0; i < c->decoder.count; i++) {
        const ConvLayer *l = &c->decoder.layers[i];
        const Tensor all = remember(s, i, first, dm_conv_inner(g, s->model, l, x));
        Tensor *u = dm_conv_mix(g, s->model, l, &all, s->kernels[i], rows->windows[i]);
        x = dm_conv_sum(g, dm_conv_look(g, s->model, l, u, embedded, rows, s->memory.rows), x);
    }
    return dm_conv_end(g, s->model, &c->decoder, x);
}

static Tensor *extend_light(Graph *g, SearchState *s, const ConvRows *rows, int first)
{
    const Conv *c = s->model->layers;
    Tensor *x = dm_conv_embed(g, s->model, true, rows->tokens);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < c->decoder.count; i++) {
        const ConvLayer *l = &c->decoder.layers[i];
        const Sublayer conv = dm_conv_sublayer(g, s->model, mark, &l->conv_norm),
                       cross = dm_conv_sublayer(g, s->model, mark, &l->cross_norm),
                       ffn = dm_conv_sublayer(g, s->model, mark, &l->ffn_norm);
        const Tensor *own = dm_conv_inner(g, s->model, l, dm_enter(&conv, x));
        const Tensor all = remember(s, i, first, own);
        const Kernels kernels = makes_kernels(s) ? dm_conv_kernels(g, s->model, l, own) : s->kernels[i];
        x = dm_leave(&conv, x, dm_conv_mix(g, s->model, l, &all, kernels, rows->windows[i]));
        x = dm_conv_cross(&cross, s->model, l, x, rows, s->key_value[i]);
        x = dm_leave(&ffn, x, l->ffn.kind->apply(g, &l->ffn, dm_enter(&ffn, x)));
    }
    return dm_conv_end(g, s->model, &c->decoder, x);
}

Tensor *dm_conv_extend(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    int more = lengths ? 0 : s->past.n;
    for (int i = 0; lengths && i < s->past.n; i++) more += lengths[i];
    make_room(s, more);  // none is taken where keep has made it
    const int first = s->past.used;
    const ConvRows rows = fresh_rows(g, s, ids, lengths);
    return (dm_conv_is_light(&s->model->config) ? extend_light : extend_plain)(g, s, &rows, first);
}

void dm_conv_keep(SearchState *s, const int *from, const int *lengths, int n, int room)
{
    dm_past_keep(&s->past, from, lengths, n);
    make_room(s, n * room);
}

void dm_conv_finish(SearchState *s)
{
    dm_free(s->cache);
    dm_free(s->key_value);
    dm_free(s->kernels);
    dm_past_free(&s->past);
    dm_free(s);
}
