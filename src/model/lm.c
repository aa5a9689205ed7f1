// A language model: a decoder alone (Radford et al. 2018), to which a source is a prompt and its translation what goes
// on from there (Raffel et al. 2020, section 3.2.1; Wang et al. 2021): start s1 ... sn, start t1 ... tm as one sequence
// for the same layers. Since a piece sees none that come after it, keys and values of the prompt are all that the rest
// has to know of it: they are what encode leaves behind, in training as well as for all hypotheses of a search. The
// last piece of a prompt is its end, with which the rest begins. Of text alone the source is empty: all is read by
// decode, or by the states of a search.
#include <string.h>

#include "core/memory.h"
#include "model/ahead.h"
#include "model/key_cache.h"
#include "model/layers/experts.h"
#include "model/shape_options.h"
#include "model/transformer.h"

// Of a layer, [prompt tokens, width] each.
typedef struct Prompt {
    Tensor k, v;
} Prompt;

static Attention attention_of(const Graph *g, const Model *model, const Heads *made, Spans queries)
{
    const Positions *positions = &((const Transformer *)model->layers)->positions[1];
    return (Attention){.q = made->q,
                       .queries = queries,
                       .heads = positions->shape.heads,
                       .dropout = g->attention_dropout,
                       .key_heads = dm_transformer_shape(&model->config)->key_heads,
                       .window = dm_transformer_shape(&model->config)->attention_window,
                       .slopes = positions->slopes};
}

// ---- The prompt -----------------------------------------------------------------------------------------------------

// Rooms in front of what the layers take, which they give back where nothing is recorded; there is nothing to copy
// else.
static Prompt *rooms(Graph *g, int layers, int rows, int width)
{
    Prompt *prompt = dm_arena_take(g->arena, (size_t)layers * sizeof *prompt);
    for (int i = 0; i < layers && !g->recording; i++) {
        const Tensor *both = dm_tensor(g, rows, 2 * width);
        prompt[i] = (Prompt){dm_columns(both, 0, width), dm_columns(both, width, width)};
    }
    return prompt;
}

static void keep_prompt(const Graph *g, Prompt *to, const Heads *made)
{
    if (g->recording) {
        *to = (Prompt){made->k, made->v};
        return;
    }
    const size_t size = (size_t)made->k.cols * sizeof(float);
    for (int i = 0; i < made->k.rows; i++) {
        memcpy(dm_row(&to->k, i), dm_row(&made->k, i), size);
        memcpy(dm_row(&to->v, i), dm_row(&made->v, i), size);
    }
}

// Of its last layer nothing is read but keys and values, unless heads that look ahead read on from what it makes: that
// is then the memory's rows.
static Memory encode(Graph *g, const Model *model, Tokens source)
{
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    const Transformer *t = model->layers;
    const Tokens read = dm_shifted(g->arena, source, model->config.decoder_start);
    const Spans spans = read.spans;
    const bool reads_on = dm_ahead_form(&model->config) == &dm_ahead_chain;
    Prompt *prompt = rooms(g, shape->decoder_layers, read.n, dm_transformer_key_width(&model->config));
    if (!read.n) return (Memory){.rows = dm_tensor(g, 0, model->config.width), .spans = spans, .layers = prompt};
    Tensor *x = dm_transformer_embed(g, model, true, read);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < shape->decoder_layers; i++) {
        if (dm_is_dropped(g, i)) continue;
        const Block *l = &t->decoder[i].self;
        const Sublayer self = dm_transformer_sublayer(g, model, mark, &l->attention_norm),
                       ffn = dm_transformer_sublayer(g, model, mark, &l->ffn_norm);
        const Heads made = dm_block_heads(&self, l, &t->positions[1], read, x);
        keep_prompt(g, &prompt[i], &made);
        if (i + 1 == shape->decoder_layers && !reads_on) break;
        Attention a = attention_of(g, model, &made, spans);
        a.k = made.k, a.v = made.v, a.keys = spans, a.causal = shape->prompt_mask == 0;
        a.view = dm_tap(g, DM_ENCODER_ATTENTION, a.heads, spans, spans);
        x = dm_block_feed_forward(&ffn, l, dm_block_mix(&self, l, x, &a));
    }
    if (reads_on) x = dm_transformer_end(g, model, &t->decoder_norm, x);
    return (Memory){.rows = x, .spans = spans, .layers = prompt};
}

// ---- What goes on from it -------------------------------------------------------------------------------------------

// The keys that each sequence sees: its prompt's, then its own.
typedef struct Keys {
    int rows;          // of them all
    const int *order;  // [rows] where a row stands, in those of the prompts with the others below
    Spans spans;
} Keys;

static Keys keys_of(Graph *g, const Memory *memory, Spans own)
{
    int rows = 0;
    for (int s = 0; s < own.n; s++) rows += memory->spans.length[s] + own.length[s];
    int *order = dm_arena_take(g->arena, (size_t)(rows + 2 * own.n) * sizeof(int)), *start = order + rows,
        *length = start + own.n;
    for (int s = 0, at = 0; s < own.n; s++) {
        start[s] = at;
        for (int j = 0; j < memory->spans.length[s]; j++) order[at++] = memory->spans.start[s] + j;
        for (int j = 0; j < own.length[s]; j++) order[at++] = memory->rows->rows + own.start[s] + j;
        length[s] = at - start[s];
    }
    return (Keys){rows, order, {own.n, start, length}};
}

static Tensor joined(Graph *g, const Keys *keys, const Tensor *prompt, const Tensor *own)
{
    if (keys->rows == own->rows) return *own;
    const Tensor *const parts[2] = {dm_view(g, *prompt), dm_view(g, *own)};
    return *dm_collect(g, parts, 2, keys->order, keys->rows);
}

static Tokens placed(Graph *g, const TransformerShape *shape, const Memory *memory, Tokens tokens)
{
    if (shape->prompt_positions) return tokens;
    int *positions = dm_arena_take(g->arena, (size_t)tokens.n * sizeof(int));
    for (int s = 0; s < tokens.spans.n; s++)
        for (int j = 0; j < tokens.spans.length[s]; j++)
            positions[tokens.spans.start[s] + j] = memory->spans.length[s] + j;
    tokens.positions = positions;
    return tokens;
}

// What is seen of all keys, as pictures of those from `first` on: of the prompt they are made to add up to one.
static void show(const AttentionView *to, const AttentionView *all, const int *first)
{
    const bool share = to->kind == DM_CROSS_ATTENTION;
    for (int s = 0; s < all->queries.n; s++)
        for (int row = 0; row < all->heads * all->queries.length[s]; row++) {
            const int shown = to->keys.length[s];
            const float *from = all->probabilities[s] + (size_t)row * (size_t)all->keys.length[s] + first[s];
            float *picture = to->probabilities[s] + (size_t)row * (size_t)shown, sum = 0;
            for (int j = 0; j < shown; j++) sum += picture[j] = from[j];
            for (int j = 0; share && j < shown; j++) picture[j] /= sum > 0 ? sum : 1;
        }
}

// A prompt's row j holds its piece j - 1: the source's pieces begin at key 1, and its end is what the target begins
// with.
static void show_both(Graph *g, const AttentionView *cross, const AttentionView *own, const AttentionView *all,
                      Spans source)
{
    int *one = dm_arena_take(g->arena, (size_t)all->queries.n * sizeof(int));
    for (int s = 0; s < all->queries.n; s++) one[s] = 1;
    if (cross) show(cross, all, one);
    if (own) show(own, all, source.length);
}

// Of all keys, prompt and own, for a moment: it is in no tap of the graph's.
static const AttentionView *view_of_all(Graph *g, int heads, Spans queries, Spans keys)
{
    AttentionTap all = {0}, *const tap = g->tap;
    g->tap = &all;
    dm_tap(g, DM_DECODER_ATTENTION, heads, queries, keys);
    g->tap = tap;
    return all.first;
}

static Tensor *decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    const Transformer *t = model->layers;
    const Prompt *prompt = memory.layers;
    const Tokens tokens = placed(g, shape, &memory, target);
    const Spans spans = tokens.spans;
    const Keys keys = keys_of(g, &memory, spans);
    Tensor *x = dm_transformer_embed(g, model, true, tokens);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < shape->decoder_layers; i++) {
        if (dm_is_dropped(g, i)) continue;
        const Block *l = &t->decoder[i].self;
        const Sublayer self = dm_transformer_sublayer(g, model, mark, &l->attention_norm),
                       ffn = dm_transformer_sublayer(g, model, mark, &l->ffn_norm);
        const Heads made = dm_block_heads(&self, l, &t->positions[1], tokens, x);
        Attention a = attention_of(g, model, &made, spans);
        a.k = joined(g, &keys, &prompt[i].k, &made.k), a.v = joined(g, &keys, &prompt[i].v, &made.v);
        a.keys = keys.spans, a.causal = true;
        const AttentionView *cross = dm_tap(g, DM_CROSS_ATTENTION, a.heads, spans, memory.spans),
                            *own = dm_tap(g, DM_DECODER_ATTENTION, a.heads, spans, spans);
        if (cross || own) a.view = view_of_all(g, a.heads, spans, keys.spans);
        x = dm_block_mix(&self, l, x, &a);
        if (a.view) show_both(g, cross, own, a.view, memory.spans);
        x = dm_block_feed_forward(&ffn, l, x);
    }
    return dm_transformer_end(g, model, &t->decoder_norm, x);
}

// ---- Search ---------------------------------------------------------------------------------------------------------

struct SearchState {
    const Model *model;
    KeyCache cache;
    Spans prompts;
};

static SearchState *start(Graph *g, const Model *model, Memory memory, int room)
{
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    const int layers = shape->decoder_layers, slots = memory.spans.n;
    const Prompt *prompt = memory.layers;
    SearchState *s = dm_allocate(1, sizeof *s);
    *s = (SearchState){.model = model, .prompts = memory.spans};
    const KeyCache caches = {
        .layers = layers, .width = 2 * dm_transformer_key_width(&model->config), .key_heads = shape->key_heads};
    dm_key_cache_start(&s->cache, caches, g->arena, slots);
    dm_key_cache_make_room(&s->cache, memory.rows->rows + slots * room);
    dm_past_extend(&s->cache.past, memory.spans.length);  // the prompts stand one after the other, as their rows do
    for (int i = 0; i < layers; i++) dm_key_cache_fill(&s->cache, i, 0, &prompt[i].k, &prompt[i].v);
    return s;
}

static Tensor *extend(Graph *g, SearchState *s, const int *ids, const int *lengths)
{
    const Model *model = s->model;
    const Transformer *t = model->layers;
    const TransformerShape *shape = dm_transformer_shape(&model->config);
    Fresh fresh = dm_key_cache_extend(&s->cache, g, ids, lengths, shape->attention_window);
    if (shape->prompt_positions) {
        int *positions = dm_arena_take(g->arena, (size_t)fresh.tokens.n * sizeof(int));
        for (int i = 0; i < fresh.tokens.spans.n; i++)
            for (int j = 0, at = fresh.tokens.spans.start[i]; j < fresh.tokens.spans.length[i]; j++, at++)
                positions[at] = fresh.tokens.positions[at] - s->prompts.length[s->cache.past.now.source[i]];
        fresh.tokens.positions = positions;
    }
    Tensor *x = dm_transformer_embed(g, model, true, fresh.tokens);
    const ArenaMark mark = dm_arena_mark(g->arena);
    for (int i = 0; i < shape->decoder_layers; i++) {
        const Block *l = &t->decoder[i].self;
        const Sublayer self = dm_transformer_sublayer(g, model, mark, &l->attention_norm),
                       ffn = dm_transformer_sublayer(g, model, mark, &l->ffn_norm);
        x = dm_key_cache_attend(&s->cache, i, &self, l, &t->positions[1], x, &fresh);
        x = dm_block_feed_forward(&ffn, l, x);
    }
    return dm_transformer_end(g, model, &t->decoder_norm, x);
}

static void keep(SearchState *s, const int *from, const int *lengths, int n, int room)
{
    int *with_prompts = lengths ? dm_allocate((size_t)n, sizeof(int)) : NULL;
    for (int i = 0; lengths && i < n; i++)
        with_prompts[i] = s->prompts.length[s->cache.past.now.source[from[i]]] + lengths[i];
    dm_past_keep(&s->cache.past, from, with_prompts, n);
    dm_free(with_prompts);
    dm_key_cache_make_room(&s->cache, n * room);
}

static void finish(SearchState *s)
{
    dm_key_cache_free(&s->cache);
    dm_free(s);
}

// ---- The shape ------------------------------------------------------------------------------------------------------

static const Choice masks[] = {
    {"causal", "no piece that comes after it"},
    {"full", "all of it (a prefix model, Raffel et al. 2020)"},
    {NULL, NULL},
};

static Choice mask_choice(int index)
{
    return masks[index];
}

static const Choice places[] = {
    {"go-on", "behind the prompt"},
    {"restart", "from 0 once more"},
    {NULL, NULL},
};

static Choice place_choice(int index)
{
    return places[index];
}

static const Choice biases[] = {
    {"all", NULL},
    {"layers", NULL},  // all but the logits
    {"none", NULL},
    {NULL, NULL},
};

static Choice bias_choice(int index)
{
    return biases[index];
}

// clang-format off
const Option dm_option_key_heads = {
    .name = "key-heads", DM_ONE_VALUE, DM_OF_NEW_MODELS, .type = DM_INTEGER, .argument = "N", .low = 0,
    .high = DM_MOST_HEADS, .initial = "0",
    .help = "--type lm: heads of keys and values, each of which --heads / N heads share (Ainslie et al. 2023), for smaller "
            "caches; 0: as many as --heads"};
const Option dm_option_prompt_mask = {
    .name = "prompt-mask", DM_ONE_VALUE, DM_NAMED, .initial = "causal", .choice = mask_choice,
    .help = "--type lm: what a piece of the source sees of the source:"};
const Option dm_option_prompt_positions = {
    .name = "prompt-positions", DM_ONE_VALUE, DM_NAMED, .initial = "go-on", .choice = place_choice,
    .help = "--type lm: where the places of a translation are counted from:"};

static const ShapeRow shape[] = {
    {.key = "d_model", .type = DM_SHAPE_INTEGER, .offset = offsetof(ModelConfig, width), .low = 2,
     .high = DM_MOST_WIDTH, .missing = DM_MUST_BE_SAID, .usual = 256, .option = &dm_option_dim_emb},
    {.key = "decoder_layers", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(decoder_layers), .low = 1,
     .high = DM_MOST_LAYERS, .missing = DM_MUST_BE_SAID, .usual = 6, .option = &dm_option_dec_depth},
    {.key = "decoder_attention_heads", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(decoder_heads), .low = 1,
     .high = DM_MOST_HEADS, .missing = DM_MUST_BE_SAID, .usual = 4, .option = &dm_option_heads, .divides = "d_model"},
    {.key = "decoder_ffn_dim", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(decoder_ffn), .low = 1,
     .high = DM_MOST_FFN, .missing = DM_MUST_BE_SAID, .usual = 512, .option = &dm_option_dim_ffn},
    {.key = "key_value_heads", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(key_heads), .low = 0,
     .high = DM_MOST_HEADS, .option = &dm_option_key_heads, .most = "decoder_attention_heads"},
    DM_TRANSFORMER_ROWS("decoder_layers", 1, 2, false),
    {.key = "prompt_mask", .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(prompt_mask), .choice = mask_choice,
     .option = &dm_option_prompt_mask},
    {.key = "prompt_positions", .type = DM_SHAPE_NAME, .offset = DM_TRANSFORMER_AT(prompt_positions),
     .choice = place_choice, .option = &dm_option_prompt_positions},
    {.key = "biases", .type = DM_SHAPE_NAME, .offset = offsetof(ModelConfig, biases), .choice = bias_choice,
     .usual = DM_BIASES_OF_LAYERS},
    {.key = "norm_epsilon", .type = DM_SHAPE_TINY, .offset = DM_TRANSFORMER_AT(norm_epsilon), .low = 0,
     .high = 1000000000 /* 0.001 */},
    {.key = "rope_theta", .type = DM_SHAPE_INTEGER, .offset = DM_TRANSFORMER_AT(rope_theta), .low = 1, .high = 1 << 30,
     .missing = 10000, .usual = 10000, .with = {{"positions", 2, 2}}},
    {DM_AHEAD_ROW},
    {DM_AHEAD_FORM_ROW},
    {.key = NULL},
};
// clang-format on

// As GPT-2 and Llama are: logits have no bias, and with RMS norm nothing has one; embeddings are scaled where sinusoids
// are added to them, beside which they would be small.
static void complete(ModelConfig *config)
{
    TransformerShape *t = dm_transformer_shape(config);
    config->biases = strcmp(dm_norms[t->norm]->name, "rms") == 0 ? DM_NO_BIASES : DM_BIASES_OF_LAYERS;
    t->scale_embedding = dm_positions_are_waves(dm_position_kinds[t->positions]);
}

// Source and target share the places, unless they begin anew: each gets its half. Text alone has no source.
static int longest(const ModelConfig *config)
{
    const TransformerShape *t = dm_transformer_shape(config);
    if (!dm_position_kinds[t->positions]->ends) return INT_MAX;
    return t->prompt_positions || dm_is_text_model(config) ? t->max_positions : t->max_positions / 2;
}

// Of text alone there is no source that could be looked at.
static SourceAttention source_attention(const ModelConfig *config)
{
    SourceAttention seen = {0};
    if (!dm_is_text_model(config)) seen = dm_transformer_source_attention(config);
    seen.within = true;
    return seen;
}

static bool misfit(const ModelConfig *config, Name *why)
{
    const TransformerShape *t = dm_transformer_shape(config);
    if (!t->key_heads || t->decoder_heads % t->key_heads == 0) return dm_transformer_misfit(config, why);
    *why = dm_name("%d heads of attention cannot share %d heads of keys and values evenly", t->decoder_heads,
                   t->key_heads);
    return true;
}

static const ExampleKind *const examples[] = {&dm_pairs, &dm_text, NULL};

const Architecture dm_lm = {
    .name = "lm",
    .about = "a decoder alone, which goes on from the source (Radford et al. 2018)",
    .shape = shape,
    .examples = examples,
    .layers_size = sizeof(Transformer),
    .one_vocabulary = true,
    .starts_with_eos = true,
    .declare = dm_transformer_declare,
    .connect = dm_transformer_connect,
    .disconnect = dm_transformer_disconnect,
    .source_attention = source_attention,
    .labels = dm_no_labels,
    .writing = dm_writes_on,
    .longest = longest,
    .misfit = misfit,
    .complete = complete,
    .outline = dm_transformer_outline,
    .encode = encode,
    .decode = decode,
    .start = start,
    .extend = extend,
    .keep = keep,
    .finish = finish,
};
