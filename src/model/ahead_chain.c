// Heads that are a chain (DeepSeek-AI 2024, "DeepSeek-V3 technical report", section 2.2): head k reads what the head
// before it has made of row i, h^0 being what the decoder has, with the piece that row i + k of the decoder reads, and
// has a whole layer of the decoder's kind, whose attention goes back over its own rows:
//   h^k_i = N_k(Layer_k(M_k [N(E(w_(i+k))); N(h^(k-1)_i)]))
// (equations 21 and 22; embedding and output are the decoder's). The norm N_k is part of h^k, and the embedding stands
// in front, as released weights have it and transformers computes it (`generate(use_mtp=True)`). Where a source is the
// prompt of a decoder alone, its rows are read too, and nothing is learnt of what they say.
#include "core/memory.h"
#include "model/ahead_chain.h"
#include "model/transformer.h"

typedef struct Link {
    Norm piece_norm, hidden_norm;
    Linear join;  // M_k
    Block block;
    Norm end;
} Link;

// ---- Parameters -----------------------------------------------------------------------------------------------------

static Name prefix_of(int k)
{
    return dm_name("model.ahead.%d", k - 1);
}

// That of the decoder's layers with experts, where it has any: released models have some in each such head. Its router
// comes behind all of the decoder's.
static FeedForwardShape feed_forward_shape(const ModelConfig *config, int k)
{
    const TransformerShape *t = dm_transformer_shape(config);
    FeedForwardShape shape = dm_transformer_feed_forward_shape(config, true, t->experts ? t->experts_every - 1 : 0);
    shape.router += t->experts ? t->decoder_layers / t->experts_every + k - 1 : 0;
    return shape;
}

static void declare(Model *model)
{
    static const char *const own[] = {"qkv", NULL};
    Parameters *p = &model->parameters;
    const ModelConfig *config = &model->config;
    const TransformerShape *t = dm_transformer_shape(config);
    const NormKind *norm = dm_norms[t->norm];
    const int width = config->width;
    for (int k = 1; k <= config->ahead; k++) {
        const Name head = prefix_of(k);
        const FeedForwardShape ffn = feed_forward_shape(config, k);
        p->residuals = dm_norm_places[t->norm_place].at_end ? 2 : 1;
        norm->declare(p, dm_name("%s.enorm", head.text).text, width);
        norm->declare(p, dm_name("%s.hnorm", head.text).text, width);
        dm_linear_declare(p, dm_name("%s.eh_proj", head.text).text, width, 2 * width);
        dm_attention_declare(p, norm, head.text, "self_attn", own, width, dm_transformer_key_width(config));
        dm_block_ffn_declare(p, norm, head.text, &ffn,
                             ffn.experts && t->experts_ffn ? "experts_ffn_dim d_model" : "decoder_ffn_dim d_model");
        norm->declare(p, dm_name("%s.layer_norm", head.text).text, width);
    }
    p->residuals = 1;
}

static void connect(Model *model)
{
    const TransformerShape *t = dm_transformer_shape(&model->config);
    const Parameters *p = &model->parameters;
    const NormKind *norm = dm_norms[t->norm];
    const float epsilon = (float)(t->norm_epsilon / 1e12);
    Link *links = model->ahead = dm_allocate((size_t)model->config.ahead, sizeof *links);
    for (int k = 1; k <= model->config.ahead; k++) {
        const Name head = prefix_of(k);
        const FeedForwardShape ffn = feed_forward_shape(&model->config, k);
        links[k - 1] = (Link){.piece_norm = dm_norm_find(p, norm, dm_name("%s.enorm", head.text).text, epsilon),
                              .hidden_norm = dm_norm_find(p, norm, dm_name("%s.hnorm", head.text).text, epsilon),
                              .join = dm_linear_find(p, dm_name("%s.eh_proj", head.text).text, 1),
                              .block = dm_block_find(p, norm, epsilon, &ffn, head.text),
                              .end = dm_norm_find(p, norm, dm_name("%s.layer_norm", head.text).text, epsilon)};
    }
}

static void disconnect(Model *model)
{
    Link *links = model->ahead;
    for (int k = 0; links && k < model->config.ahead; k++) dm_block_free(&links[k].block);
    dm_free(links);
    model->ahead = NULL;
}

// ---- A head ---------------------------------------------------------------------------------------------------------

static Tensor *joined(Graph *g, const Model *model, const Link *link, Tokens pieces, const Tensor *hidden)
{
    const Norm *of_piece = &link->piece_norm, *of_hidden = &link->hidden_norm;
    const Tensor *piece = of_piece->kind->apply(g, of_piece, dm_transformer_embed(g, model, true, pieces)),
                 *before = of_hidden->kind->apply(g, of_hidden, hidden);
    return dm_linear_apply(g, &link->join, dm_concatenate(g, piece, before));
}

static Tensor *ended(Graph *g, const Model *model, const Link *link, ArenaMark mark, Tensor *x)
{
    const Sublayer ffn = dm_transformer_sublayer(g, model, mark, &link->block.ffn_norm);
    return link->end.kind->apply(g, &link->end, dm_block_feed_forward(&ffn, &link->block, x));
}

// ---- Whole sequences ------------------------------------------------------------------------------------------------

// Prompt and target of each as one sequence.
typedef struct Whole {
    const AheadSeen *seen;
    const int *prompts;  // what the rows of the memory have read
    bool restarts;       // places of the target begin anew
} Whole;

static int prompt_of(const Whole *w, int sequence)
{
    return w->seen->memory->spans.length[sequence];
}

static int length_of(const Whole *w, int sequence)
{
    return prompt_of(w, sequence) + w->seen->example->read.spans.length[sequence];
}

// Piece number `at` of a sequence, which row `at` of it has read. What is read behind the first piece of a target is
// what should have been written, whatever else the decoder was given to read.
static int piece_at(const Whole *w, int sequence, int at)
{
    const Example *e = w->seen->example;
    const int first = e->read.spans.start[sequence], own = at - prompt_of(w, sequence);
    if (own < 0) return w->prompts[w->seen->memory->spans.start[sequence] + at];
    return own ? e->written[first + own - 1] : e->read.ids[first];
}

// Rows of head k: of each sequence all but the last k, behind which nothing is known any more.
static Tokens pieces_of(Graph *g, const Whole *w, int k)
{
    const int sequences = w->seen->example->read.spans.n;
    int rows = 0;
    for (int s = 0; s < sequences; s++) rows += length_of(w, s) > k ? length_of(w, s) - k : 0;
    int *lengths = dm_arena_take(g->arena, (size_t)(2 * rows + sequences) * sizeof(int)), *ids = lengths + sequences,
        *positions = ids + rows, at = 0;
    for (int s = 0; s < sequences; s++) {
        lengths[s] = length_of(w, s) > k ? length_of(w, s) - k : 0;
        for (int j = 0; j < lengths[s]; j++, at++) {
            const int prompt = prompt_of(w, s);
            ids[at] = piece_at(w, s, j + k);
            positions[at] = w->restarts && j + k >= prompt ? j + k - prompt : j + k;
        }
    }
    Tokens pieces = dm_tokens(g->arena, sequences, lengths, ids);
    pieces.positions = positions;
    return pieces;
}

// The rows of head k - 1, or of the decoder, that are rows of head k too.
static Tensor *rows_before(Graph *g, const Whole *w, const Tensor *before, Spans of_before, Spans now, int rows)
{
    const AheadSeen *seen = w->seen;
    const Tensor *const parts[2] = {before ? before : seen->memory->rows, seen->features};
    int *order = dm_arena_take(g->arena, (size_t)rows * sizeof(int));
    for (int s = 0; s < now.n; s++)
        for (int j = 0; j < now.length[s]; j++) {
            const int own = j - prompt_of(w, s);
            order[now.start[s] + j] = before    ? of_before.start[s] + j
                                      : own < 0 ? seen->memory->spans.start[s] + j
                                                : seen->memory->rows->rows + seen->example->read.spans.start[s] + own;
        }
    return dm_collect(g, parts, before ? 1 : 2, order, rows);
}

static Tensor *whole(Graph *g, const Model *model, const Link *link, Tokens pieces, const Tensor *hidden)
{
    const Positions *positions = &((const Transformer *)model->layers)->positions[1];
    const TransformerShape *t = dm_transformer_shape(&model->config);
    Tensor *x = joined(g, model, link, pieces, hidden);
    const ArenaMark mark = dm_arena_mark(g->arena);
    const Sublayer self = dm_transformer_sublayer(g, model, mark, &link->block.attention_norm);
    const Heads made = dm_block_heads(&self, &link->block, positions, pieces, x);
    const Attention attention = {.q = made.q,
                                 .k = made.k,
                                 .v = made.v,
                                 .queries = pieces.spans,
                                 .keys = pieces.spans,
                                 .heads = positions->shape.heads,
                                 .key_heads = t->key_heads,
                                 .dropout = g->attention_dropout,
                                 .causal = true,
                                 .window = t->attention_window,
                                 .slopes = positions->slopes};
    return ended(g, model, link, mark, dm_block_mix(&self, &link->block, x, &attention));
}

// Those of the target alone.
static AheadSaid said_of(Graph *g, const Whole *w, Tensor *x, Spans spans)
{
    const Spans targets = w->seen->example->read.spans;
    int *order = dm_arena_take(g->arena, 2 * (size_t)x->rows * sizeof(int)), *rows = order + x->rows, n = 0;
    for (int s = 0; s < spans.n; s++)
        for (int j = prompt_of(w, s); j < spans.length[s]; j++, n++) {
            order[n] = spans.start[s] + j;
            rows[n] = targets.start[s] + j - prompt_of(w, s);
        }
    const Tensor *const all = x;
    return (AheadSaid){!n ? NULL : n == x->rows ? x : dm_collect(g, &all, 1, order, n), rows, n};
}

static void say(Graph *g, const Model *model, const AheadSeen *seen, AheadSaid *said)
{
    const Link *links = model->ahead;
    const Whole w = {.seen = seen,
                     .prompts = dm_shifted(g->arena, seen->example->source, model->config.decoder_start).ids,
                     .restarts = dm_transformer_shape(&model->config)->prompt_positions};
    Tensor *x = NULL;
    Spans before = {0};
    for (int k = 1; k <= model->config.ahead; k++) {
        const Tokens pieces = pieces_of(g, &w, k);
        said[k - 1] = (AheadSaid){0};
        if (!pieces.n) continue;
        const Tensor *hidden = rows_before(g, &w, x, before, pieces.spans, pieces.n);
        x = whole(g, model, &links[k - 1], pieces, hidden);
        before = pieces.spans;
        said[k - 1] = said_of(g, &w, x, before);
    }
}

// ---- Search ---------------------------------------------------------------------------------------------------------

void dm_chain_start(AheadChain *chain, const Model *model, Arena *arena, int slots)
{
    const KeyCache shape = {.layers = model->config.ahead,
                            .width = 2 * dm_transformer_key_width(&model->config),
                            .key_heads = dm_transformer_shape(&model->config)->key_heads};
    *chain = (AheadChain){.model = model};
    dm_key_cache_start(&chain->cache, shape, arena, slots);
}

void dm_chain_keep(AheadChain *chain, const int *from, const int *rows, int n)
{
    dm_past_keep(&chain->cache.past, from, rows, n);
}

void dm_chain_finish(AheadChain *chain)
{
    dm_key_cache_free(&chain->cache);
}

Fresh dm_chain_extend(AheadChain *chain, Graph *g, const int *lengths)
{
    return dm_key_cache_extend(&chain->cache, g, NULL, lengths,
                               dm_transformer_shape(&chain->model->config)->attention_window);
}

Tensor *dm_chain_read(AheadChain *chain, Graph *g, int k, const Fresh *fresh, const int *ids, const int *positions,
                      const Tensor *hidden)
{
    const Model *model = chain->model;
    const Link *link = (const Link *)model->ahead + k - 1;
    const Positions *places = &((const Transformer *)model->layers)->positions[1];
    Fresh own = *fresh;
    own.tokens.ids = ids, own.tokens.positions = positions;
    Tensor *x = joined(g, model, link, own.tokens, hidden);
    const ArenaMark mark = dm_arena_mark(g->arena);
    const Sublayer self = dm_transformer_sublayer(g, model, mark, &link->block.attention_norm);
    x = dm_key_cache_attend(&chain->cache, k - 1, &self, &link->block, places, x, &own);
    return ended(g, model, link, mark, x);
}

// ---- For people -----------------------------------------------------------------------------------------------------

static Name outline(const ModelConfig *config)
{
    return dm_name("%d - %d and a layer as the decoder's each", 2 * config->width, config->width);
}

const AheadForm dm_ahead_chain = {
    .name = "chain",
    .about = "--type lm: a layer each, which reads what the head before it has made and the piece that comes next "
             "(DeepSeek-V3, 2024): more to compute, and better guesses; with RMS norms and experts as --router sigmoid "
             "chooses them, transformers drafts by them too (use_mtp)",
    .declare = declare,
    .connect = connect,
    .disconnect = disconnect,
    .say = say,
    .outline = outline,
};
