// Models that are run to be counted.
#include "model/operations.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#include "core/memory.h"
#include "core/scope.h"

static void give_back(void *what)
{
    const CountedModel *counted = what;
    if (counted->weights) munmap(counted->weights, counted->bytes);
}

// Weights, and gradients behind them. A page that is only read is the system's page of zeros, and nearly all of them
// are: the products, which read and write whole matrices, are not made.
Status dm_counted_create(CountedModel *counted, const ModelConfig *config, Error *error)
{
    ModelConfig own = *config;
    own.pad = -1;  // any piece will do
    own.search = (SearchDefaults){0};
    own.labels = NULL;
    Model declared = {.config = own, .architecture = own.architecture};
    dm_model_declare(&declared);
    const size_t size = declared.parameters.size,
                 bytes = (2 * size + dm_parameters_of_kind(&declared.parameters, DM_STATISTIC)) * sizeof(float);
    dm_parameters_free(&declared.parameters);
    float *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    *counted = (CountedModel){0};
    if (memory == MAP_FAILED)
        return dm_fail(error, "a model of this shape, of %.3g weights, is too large for the addresses of this process",
                       (double)size);
    *counted = (CountedModel){.weights = memory, .gradients = memory + size, .bytes = bytes};
    dm_guard(give_back, counted);
    counted->model = dm_model_create_in(&own, (WeightBuffer){.data = memory});
    return DM_OK;
}

void dm_counted_free(CountedModel *counted)
{
    dm_model_destroy(counted->model);
    dm_arena_destroy(&counted->arena);
    dm_unguard(counted);
    give_back(counted);
    *counted = (CountedModel){0};
}

// ---- Text -----------------------------------------------------------------------------------------------------------

static int *zeros(Arena *arena, int count)
{
    return memset(dm_arena_take(arena, (size_t)count * sizeof(int)), 0, (size_t)count * sizeof(int));
}

// The same piece again and again, at the same place, for a model may know fewer places.
static Tokens tokens_of(Arena *arena, CountedText text)
{
    assert(text.sentences > 0 && text.pieces >= text.sentences);
    int *lengths = zeros(arena, text.sentences);
    for (int i = 0; i < text.sentences; i++)
        lengths[i] = text.pieces / text.sentences + (i < text.pieces % text.sentences);
    Tokens tokens = dm_tokens(arena, text.sentences, lengths, zeros(arena, text.pieces));
    tokens.positions = tokens.ids;
    return tokens;
}

// ---- Runs -----------------------------------------------------------------------------------------------------------

typedef struct Run {
    CountingBackend backend;
    Graph graph;
} Run;

static Graph *begin_counting(Run *run, CountedModel *counted, CountedList *to)
{
    const Parameters *p = &counted->model->parameters;
    dm_arena_reset(&counted->arena);
    run->backend = dm_counting_backend(p->data, counted->gradients, p->size, to);
    run->graph = (Graph){.arena = &counted->arena,
                         .gemm = &run->backend.backend,
                         .parameters = p->data,
                         .statistics = p->statistic_size};
    return &run->graph;
}

// Text alone has none.
static Tokens sources_of(Graph *g, const Model *model, CountedText source)
{
    if (!dm_is_text_model(&model->config)) return tokens_of(g->arena, source);
    return dm_tokens(g->arena, source.sentences, zeros(g->arena, source.sentences), NULL);
}

// What a search begins with, and what can be copied: the same piece.
typedef struct Begun {
    SearchState *state;
    const Tensor *memory;
    const int *copies;
} Begun;

static Begun read_source(Graph *g, const Model *model, CountedText source)
{
    const Architecture *a = model->architecture;
    const Tokens read = sources_of(g, model, source);
    const Memory memory = a->encode(g, model, read);
    return (Begun){a->start(g, model, memory, 1), memory.rows, read.ids};
}

void dm_count_reading(CountedModel *counted, CountedText source, CountedList *to)
{
    Run run;
    Graph *g = begin_counting(&run, counted, to);
    const Model *model = counted->model;
    const Architecture *a = model->architecture;
    if (a->writing(&model->config) == DM_PIECE_BY_PIECE)
        a->finish(read_source(g, model, source).state);
    else
        a->encode(g, model, sources_of(g, model, source));
}

// All pieces of targets that are not written piece by piece, so many of each.
static void count_pass(Graph *g, const Model *model, CountedText source, int pieces)
{
    const Architecture *a = model->architecture;
    const CountedText target = {.sentences = source.sentences, .pieces = source.sentences * pieces};
    const Tokens read = sources_of(g, model, source);
    Memory memory = {.rows = dm_tensor(g, read.n, model->config.width), .spans = read.spans};
    const Tokens seen = a->writing(&model->config) == DM_AT_ONCE
                            ? dm_places_at_once(g->arena, &model->config, read.spans)
                            : tokens_of(g->arena, target);
    const Decoded decoded = {.features = a->decode(g, model, memory, seen), .read = seen};
    model->output.kind->next_pieces(g, &model->output, &decoded, 1);
}

void dm_count_writing(CountedModel *counted, CountedText source, int beam, int steps, CountedList *to)
{
    Run run;
    CountedList read = {0};
    Graph *g = begin_counting(&run, counted, &read);
    const Model *model = counted->model;
    const Architecture *a = model->architecture;
    const Begun begun = read_source(g, model, source);
    SearchState *state = begun.state;
    run.backend.to = to;
    dm_free(read.list);
    const int slots = source.sentences * beam, *ids = zeros(g->arena, slots);
    int *from = zeros(g->arena, slots);
    for (int i = 0; i < slots; i++) from[i] = i / beam;
    if (a->writing(&model->config) != DM_PIECE_BY_PIECE) {
        count_pass(g, model, source, steps);
        steps = 0;
    }
    for (int step = 0; step < steps; step++) {
        a->keep(state, from, NULL, slots, 1);
        for (int i = 0; i < slots; i++) from[i] = i;
        const ArenaMark mark = dm_arena_mark(g->arena);
        const Decoded decoded = dm_extend_rows(g, model, state, begun.memory, begun.copies, ids, NULL);
        model->output.kind->next_pieces(g, &model->output, &decoded, 1);
        dm_arena_release(g->arena, mark);
    }
    a->finish(state);
}

// With a way back.
static Graph *begin_recording(Run *run, CountedModel *counted, CountedList *to, int *chain)
{
    Graph *g = begin_counting(run, counted, to);
    g->recording = true;
    g->gradients = counted->gradients;
    g->chain = chain;
    return g;
}

int dm_count_training(CountedModel *counted, CountedText source, CountedText target, CountedList *to)
{
    Run run;
    int chain;
    Graph *g = begin_recording(&run, counted, to, &chain);
    const Model *model = counted->model;
    const Architecture *a = model->architecture;
    const Tokens read = sources_of(g, model, source), pieces = tokens_of(g->arena, target);
    const Memory memory = a->encode(g, model, read);
    const Tokens seen =
        a->writing(&model->config) == DM_AT_ONCE ? dm_places_at_once(g->arena, &model->config, read.spans) : pieces;
    const Decoded decoded = dm_decode_rows(g, model, memory, seen, read.ids, (Gaze){0});
    int *ids = zeros(g->arena, pieces.n);
    for (int i = 0; i < pieces.n; i++) ids[i] = model->output.kind->at_once && !model->output.blank;  // any but a blank
    model->output.kind->loss(g, &model->output, &decoded, &(Targets){.ids = ids, .spans = pieces.spans});
    dm_backward(g);
    return chain;
}

int dm_count_encoding(CountedModel *counted, CountedText source, CountedList *forward, CountedList *backward)
{
    Run run;
    int chain;
    Graph *g = begin_recording(&run, counted, forward, &chain);
    counted->model->architecture->encode(g, counted->model, tokens_of(g->arena, source));
    run.backend.to = backward;
    dm_backward(g);
    return chain;
}
