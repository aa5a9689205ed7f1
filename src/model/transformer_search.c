// The Transformer in search: pieces behind the slots, keys and values of the earlier ones, or states, kept in caches.
#include "core/memory.h"
#include "model/key_cache.h"
#include "model/transformer.h"

struct SearchState {
    const Model *model;
    KeyCache cache;
    Tensor **key_value;  // [layers] of the memory: [source tokens, 2 width], shared by the slots of a source
    Spans memory;
};

SearchState *dm_transformer_start(Graph *g, const Model *model, Memory memory, int room)
{
    const int layers = dm_transformer_shape(&model->config)->decoder_layers;
    const Transformer *t = model->layers;
    SearchState *s = dm_allocate(1, sizeof *s);
    *s = (SearchState){.model = model, .memory = memory.spans};
    s->key_value = dm_allocate((size_t)layers, sizeof *s->key_value);
    for (int i = 0; i < layers; i++) s->key_value[i] = dm_linear_apply(g, &t->decoder[i].key_value, memory.rows);
    const bool scans = layers && dm_autoreg_scans(&t->decoder[0].autoreg);
    const KeyCache shape = {.layers = layers, .width = (scans ? 1 : 2) * model->config.width};
    dm_key_cache_start(&s->cache, shape, g->arena, memory.spans.n);
    dm_key_cache_make_room(&s->cache, memory.spans.n * room);
    return s;
}

// What every slot reads.
static Spans sources(Graph *g, const SearchState *s)
{
    const Past *past = &s->cache.past;
    int *start = dm_arena_take(g->arena, 2 * (size_t)past->n * sizeof(int)), *length = start + past->n;
    for (int i = 0; i < past->n; i++) {
        start[i] = s->memory.start[past->now.source[i]];
        length[i] = s->memory.length[past->now.source[i]];
    }
    return (Spans){past->n, start, length};
}

Tensor *dm_transformer_extend(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    const Model *model = s->model;
    const Transformer *t = model->layers;
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    const Fresh fresh = dm_key_cache_extend(&s->cache, g, ids, lengths, shape->attention_window);
    const Spans source = sources(g, s);
    Tensor *x = dm_transformer_embed(g, model, true, fresh.tokens);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < shape->decoder_layers; i++) {
        const DecoderLayer *l = t->decoder + i;
        const Sublayer self = dm_transformer_sublayer(g, model, mark, &l->self.attention_norm),
                       cross = dm_transformer_sublayer(g, model, mark, &l->cross_norm),
                       ffn = dm_transformer_sublayer(g, model, mark, &l->self.ffn_norm);
        if (dm_autoreg_scans(&l->autoreg)) {
            const Sublayer own = dm_transformer_sublayer(g, model, mark, &l->autoreg.norm);
            const Chain chain = dm_key_cache_chain(&s->cache, i, g, &fresh);
            x = dm_autoreg(&own, &l->autoreg, x, &chain);
        } else {
            x = dm_key_cache_attend(&s->cache, i, &self, &l->self, &t->positions[1], x, &fresh);
        }
        x = dm_transformer_cross_attention(&cross, model, l, x, fresh.tokens.spans, s->key_value[i], source);
        x = dm_block_feed_forward(&ffn, &l->self, x);
    }
    return dm_transformer_end(g, model, &t->decoder_norm, x);
}

void dm_transformer_keep(SearchState *s, const int *from, const int *lengths, int n, int room)
{
    dm_past_keep(&s->cache.past, from, lengths, n);
    dm_key_cache_make_room(&s->cache, n * room);
}

void dm_transformer_finish(SearchState *s)
{
    dm_key_cache_free(&s->cache);
    dm_free(s->key_value);
    dm_free(s);
}
