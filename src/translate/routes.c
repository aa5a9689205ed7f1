// What experts are for: lines are translated, then encoder and decoder read lines and translations once more, as in
// training, with a tap in the graph that keeps which experts every piece went to. Lines of text alone are only read.
#include <stdlib.h>

#include "core/memory.h"
#include "model/layers/experts.h"
#include "model/parts.h"
#include "translate/translator.h"

// What is known of a router.
typedef struct Uses {
    const Parameter *bias;
    const Vocabulary *vocabulary;  // of the pieces that it sends
    Side side;
    int experts, pieces;
    int *count;  // [experts][pieces] how often each went to each
    long tokens, choices;
    double entropy;  // of all tokens
} Uses;

static int *counts_of(const Uses *uses, int expert)
{
    return uses->count + (size_t)expert * (size_t)uses->pieces;
}

static void add_routing(Uses *uses, const Routing *r, const int *ids)
{
    for (int choice = 0; choice < r->start[r->experts]; choice++)
        counts_of(uses, r->chosen[choice])[ids[choice / r->top]]++;
    uses->tokens += r->logits->rows;
    uses->choices += r->start[r->experts];
    uses->entropy += dm_entropy(r);
}

// A line and its translation, text alone without a line, or a line that has labels. Nothing goes back, but what a graph
// that records has made stays until the end.
static void read_pair(Uses *uses, const Translator *t, Arena *arena, const char *line, const char *text)
{
    const Model *model = t->models[0];
    const Architecture *a = model->architecture;
    RouteTap tap = {0};
    Ids source = {0}, target;
    dm_arena_reset(arena);
    Graph g = {.arena = arena,
               .gemm = t->gemm,
               .packs = t->packs,
               .parameters = model->parameters.data,
               .recording = true,
               .routes = &tap};
    if (line) dm_encode_source(t->segmenter, line, &source, NULL);
    dm_encode(t->segmenter, DM_TARGET, text, &target);
    const bool labels = a->labels(&model->config) != DM_NO_LABELS;
    const bool starts = model->config.decoder_start >= 0;
    target.count -=
        !starts && !labels;  // nothing is read in front of the first piece, and the last one is only written
    const Tokens read = dm_tokens(arena, 1, &source.count, source.id),
                 written = dm_tokens(arena, 1, &target.count, target.id),
                 before = starts ? dm_shifted(arena, written, model->config.decoder_start) : written;
    const Memory memory = before.n || labels ? a->encode(&g, model, read) : (Memory){0};
    if (before.n && !labels) a->decode(&g, model, memory, before);
    for (const Routing *r = tap.first; r; r = r->next)
        add_routing(&uses[r->router], r, uses[r->router].side == DM_SOURCE ? read.ids : before.ids);
    dm_free(source.id);
    dm_free(target.id);
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

typedef struct PieceCount {
    int id, count;
} PieceCount;

static int more_first(const void *a, const void *b)
{
    const PieceCount *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : x->id - y->id;
}

// Its share of the choices, and the pieces that it got, the most frequent ones first.
static cJSON *expert_json(const Uses *uses, int expert)
{
    const int *count = counts_of(uses, expert);
    cJSON *json = cJSON_CreateObject(), *pieces = cJSON_CreateArray();
    PieceCount *list = dm_allocate((size_t)uses->pieces, sizeof *list);
    int used = 0;
    long sum = 0;
    for (int id = 0; id < uses->pieces; id++)
        if (count[id]) list[used++] = (PieceCount){id, count[id]}, sum += count[id];
    if (used) qsort(list, (size_t)used, sizeof *list, more_first);
    for (int i = 0; i < used; i++) {
        cJSON *piece = cJSON_CreateObject();
        cJSON_AddStringToObject(piece, "piece", dm_vocabulary_piece(uses->vocabulary, list[i].id));
        cJSON_AddNumberToObject(piece, "count", list[i].count);
        cJSON_AddItemToArray(pieces, piece);
    }
    dm_free(list);
    cJSON_AddNumberToObject(json, "share", uses->choices ? (double)sum / (double)uses->choices : 0);
    cJSON_AddItemToObject(json, "pieces", pieces);
    return json;
}

static cJSON *router_json(const Uses *uses)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "layer", dm_router_layer(uses->bias).text);
    cJSON_AddNumberToObject(json, "tokens", (double)uses->tokens);
    cJSON_AddNumberToObject(json, "entropy", uses->tokens ? uses->entropy / (double)uses->tokens : 0);
    cJSON *experts = cJSON_AddArrayToObject(json, "experts");
    for (int e = 0; e < uses->experts; e++) cJSON_AddItemToArray(experts, expert_json(uses, e));
    return json;
}

// ---- All lines ------------------------------------------------------------------------------------------------------

static Uses uses_of(const Translator *t, const Parameter *bias)
{
    const Side side = dm_router_layer(bias).text[0] == 'e' ? DM_SOURCE : DM_TARGET;
    const Vocabulary *vocabulary = dm_segmenter_vocabulary(t->segmenter, side);
    Uses uses = {.bias = bias,
                 .vocabulary = vocabulary,
                 .side = side,
                 .experts = bias->tensor.cols,
                 .pieces = dm_vocabulary_size(vocabulary)};
    uses.count = dm_allocate((size_t)uses.experts * (size_t)uses.pieces, sizeof *uses.count);
    return uses;
}

bool dm_translator_routes(const Translator *t, const char *const *lines, size_t count, cJSON **json)
{
    const Parameters *p = &t->models[0]->parameters;
    const bool alone = dm_translator_goes_on(t);
    dm_translation *translations = dm_allocate(count, sizeof *translations);
    if (!alone && !dm_translator_run(t, lines, count, translations)) {
        dm_free(translations);
        return false;
    }
    int routers = 0;
    // Those of heads that look ahead come last, and see nothing of what is read here.
    while (dm_router_bias(p, routers) && dm_part_of(dm_router_bias(p, routers)) != DM_AHEAD) routers++;
    Uses *uses = dm_allocate((size_t)routers, sizeof *uses);
    for (int i = 0; i < routers; i++) uses[i] = uses_of(t, dm_router_bias(p, i));
    Arena arena = {0};
    for (size_t i = 0; i < count; i++)
        read_pair(uses, t, &arena, alone ? NULL : lines[i], alone ? lines[i] : translations[i].hypotheses[0].text);
    dm_arena_destroy(&arena);
    *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(*json, "lines", (double)count);
    cJSON *list = cJSON_AddArrayToObject(*json, "routers");
    for (int i = 0; i < routers; i++) {
        cJSON_AddItemToArray(list, router_json(&uses[i]));
        dm_free(uses[i].count);
    }
    dm_free(uses);
    dm_translations_free(translations, count);
    dm_free(translations);
    return true;
}
