// dragoman bench layer: what a layer of the encoder costs a sentence of some length: operations, ops that wait for one
// another, seconds. A layer is what a second one adds to an encoder of one, so that nothing around it counts.
#include "bench/path.h"
#include "bench/bench.h"
#include "core/clock.h"
#include "core/memory.h"
#include "core/threads.h"
#include "model/operations.h"

// ---- What is counted ------------------------------------------------------------------------------------------------

typedef struct Operations {
    double weights, attention;  // of products with a weight, and of two sides that were computed
} Operations;

typedef struct Counts {
    Operations forward, backward;
    int chain;
} Counts;

// Frees the list.
static Operations operations_of(CountedList *counted)
{
    Operations sum = {0};
    for (int i = 0; i < counted->count; i++)
        *(counted->list[i].pass == DM_PASS_NONE ? &sum.attention : &sum.weights) += dm_counted_flops(&counted->list[i]);
    dm_free(counted->list);
    return sum;
}

static Status count(Counts *counts, const ModelConfig *config, int layers, int length, Error *error)
{
    const ModelConfig own = dm_with_encoder_layers(config, layers);
    CountedModel counted;
    CountedList forward = {0}, backward = {0};
    Status status = dm_counted_create(&counted, &own, error);
    if (status) return status;
    counts->chain = dm_count_encoding(&counted, (CountedText){.sentences = 1, .pieces = length}, &forward, &backward);
    dm_counted_free(&counted);
    counts->forward = operations_of(&forward);
    counts->backward = operations_of(&backward);
    return DM_OK;
}

static void describe_operations(cJSON *operations, const char *pass, Operations one, Operations two)
{
    const double weights = two.weights - one.weights, attention = two.attention - one.attention;
    cJSON *object = cJSON_AddObjectToObject(operations, pass);
    cJSON_AddNumberToObject(object, "weights", weights);
    cJSON_AddNumberToObject(object, "attention", attention);
    cJSON_AddNumberToObject(object, "total", weights + attention);
}

static Status count_layer(const Bench *bench, int length, Error *error)
{
    Counts one, two;
    Status status = count(&one, &bench->config, 1, length, error);
    if (!status) status = count(&two, &bench->config, 2, length, error);
    if (status) return status;
    cJSON *operations = cJSON_AddObjectToObject(bench->result, "operations");
    describe_operations(operations, "forward", one.forward, two.forward);
    describe_operations(operations, "backward", one.backward, two.backward);
    cJSON_AddNumberToObject(bench->result, "chain", two.chain - one.chain);
    return DM_OK;
}

// ---- What is timed --------------------------------------------------------------------------------------------------

typedef struct Seconds {
    double forward, backward;
} Seconds;

typedef struct Encoder {
    Model *model;
    float *gradients;
    Seconds spent;  // in this round
} Encoder;

static Encoder make_encoder(const Bench *bench, int layers)
{
    const ModelConfig config = dm_with_encoder_layers(&bench->config, layers);
    Encoder encoder = {.model = dm_model_create(&config)};
    const Parameters *p = &encoder.model->parameters;
    dm_model_initialise(encoder.model, bench->seed);
    encoder.gradients = dm_allocate(p->size + p->statistic_size, sizeof(float));
    return encoder;
}

static void run(const Bench *bench, Encoder *encoder, Arena *arena, int length)
{
    const Parameters *p = &encoder->model->parameters;
    dm_arena_reset(arena);
    Graph g = {.arena = arena,
               .gemm = bench->gemm,
               .parameters = p->data,
               .gradients = encoder->gradients,
               .statistics = p->statistic_size,
               .recording = true};
    const Tokens source = dm_bench_sentence(arena, &bench->config, length);
    const double start = dm_clock();
    encoder->model->architecture->encode(&g, encoder->model, source);
    const double middle = dm_clock();
    dm_backward(&g);
    encoder->spent.forward += middle - start;
    encoder->spent.backward += dm_clock() - middle;
}

// Both encoders in turn, so that they meet the machine in the same state.
static Seconds run_round(const Bench *bench, Encoder encoders[2], Arena *arena, int length)
{
    const double start = dm_clock();
    int times = 0;
    for (int i = 0; i < 2; i++) encoders[i].spent = (Seconds){0};
    do {
        for (int i = 0; i < 2; i++) run(bench, &encoders[i], arena, length);
        times++;
    } while (dm_clock() - start < bench->seconds);
    return (Seconds){(encoders[1].spent.forward - encoders[0].spent.forward) / times,
                     (encoders[1].spent.backward - encoders[0].spent.backward) / times};
}

typedef struct Layer {
    const Bench *bench;
    int length;
    double *forward, *backward;  // [rounds] seconds
    bool asks_path;
    Path path;
} Layer;

static void time_layer(Layer *layer)
{
    const Bench *bench = layer->bench;
    Arena arena = {0};
    Encoder encoders[2] = {make_encoder(bench, 1), make_encoder(bench, 2)};
    for (int round = 0; round <= bench->rounds; round++) {
        const Seconds spent = run_round(bench, encoders, &arena, layer->length);
        if (round) layer->forward[round - 1] = spent.forward, layer->backward[round - 1] = spent.backward;
        dm_bench_progress(bench, round, "%.3g ms forward, %.3g ms backward", 1e3 * spent.forward, 1e3 * spent.backward);
    }
    for (int i = 0; i < 2; i++) {
        dm_model_destroy(encoders[i].model);
        dm_free(encoders[i].gradients);
    }
    dm_arena_destroy(&arena);
}

// A job, so that the matrix library has no threads of its own.
static void measure_layer(void *context, int index, int thread)
{
    (void)index, (void)thread;
    Layer *layer = context;
    const Bench *bench = layer->bench;
    time_layer(layer);
    if (layer->asks_path) layer->path = dm_path(&bench->config, layer->length, bench->seed, bench->gemm);
}

// ---- dragoman bench layer -------------------------------------------------------------------------------------------

static void describe(const Layer *layer)
{
    const int rounds = layer->bench->rounds;
    cJSON *result = layer->bench->result;
    cJSON_AddItemToObject(result, "forward_seconds", dm_spread(layer->forward, rounds));
    cJSON_AddItemToObject(result, "backward_seconds", dm_spread(layer->backward, rounds));
    if (!layer->asks_path) return;
    const Path *path = &layer->path;
    cJSON *object = cJSON_AddObjectToObject(result, "path");
    cJSON_AddItemToObject(object, "layers", path->layers ? cJSON_CreateNumber(path->layers) : cJSON_CreateNull());
    cJSON_AddNumberToObject(object, "tried", path->tried);
    cJSON_AddNumberToObject(object, "share", path->share);
}

Status dm_bench_layer(Bench *bench, Error *error)
{
    Layer layer = {
        .bench = bench, .length = dm_bench_longest(bench), .asks_path = dm_options_flag(bench->options, "path")};
    if (!dm_shape_row(bench->config.architecture, "encoder_layers"))
        return dm_misuse(error, "bench layer measures a layer of the encoder, and a model of --type %s has none",
                         bench->config.architecture->name);
    if (layer.asks_path && layer.length < 2)
        return dm_misuse(error, "--path goes from one piece to another: give it --length 2 or more");
    cJSON_AddNumberToObject(bench->result, "length", layer.length);
    Status status = count_layer(bench, layer.length, error);
    if (status) return status;
    layer.forward = dm_allocate(2 * (size_t)bench->rounds, sizeof *layer.forward);
    layer.backward = layer.forward + bench->rounds;
    dm_parallel(1, 1, measure_layer, &layer);
    describe(&layer);
    dm_free(layer.forward);
    return DM_OK;
}
