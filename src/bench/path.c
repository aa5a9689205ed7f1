// Whether the last state feels the first piece: whether the gradient of the one by the other is a number other than
// zero. A difference of the piece itself would be rounded away after few layers, each of which hands on a part of it
// and adds that to something larger; a gradient is added to nothing larger on its way, and may become as small as a
// float can. What is beyond a window has a gradient of exactly zero.
#include "bench/path.h"

#include <assert.h>
#include <math.h>

#include "core/memory.h"
#include "core/random.h"
#include "model/embeddings.h"

enum { PATH_STREAM = 0x70617468, MOST_ROWS = 1 << 15 };  // rows: of all layers together, for their memory

ModelConfig dm_with_encoder_layers(const ModelConfig *config, int layers)
{
    ModelConfig own = *config;
    const ShapeRow *row = dm_shape_row(own.architecture, "encoder_layers");
    assert(row && layers <= row->high);
    dm_shape_set(&own, row, layers);
    return own;
}

Tokens dm_bench_sentence(Arena *arena, const ModelConfig *config, int length)
{
    const int first = config->pad == 0, other = first + 1 + (first + 1 == config->pad);
    int *ids = dm_arena_take(arena, (size_t)length * sizeof *ids);
    for (int i = 0; i < length; i++) ids[i] = i ? other : first;
    return dm_tokens(arena, 1, &length, ids);
}

// Of every direction something, about 2^size.
static void ask_the_last_state(Graph *g, Memory memory, int size, uint64_t seed)
{
    Random random = dm_random(seed, PATH_STREAM, 0, 0);
    const Tensor *rows = memory.rows;
    const int last = memory.spans.start[0] + memory.spans.length[0] - 1;
    float *gradient = dm_gradient(g, rows) + (size_t)last * (size_t)rows->stride;
    for (int j = 0; j < rows->cols; j++) gradient[j] = ldexpf((float)dm_random_normal(&random), size);
}

// How large the gradient of a piece's embedding is.
static double arrived(const Model *model, const float *gradients, int piece)
{
    const Tensor table = dm_source_embeddings(model);
    const float *of_piece = gradients + (dm_row(&table, piece) - model->parameters.data);
    double sum = 0;
    for (int j = 0; j < table.cols; j++) sum += (double)of_piece[j] * of_piece[j];
    return sqrt(sum);
}

typedef struct Arrived {
    double first, others;
} Arrived;

static Arrived ask(const Model *model, int length, int size, uint64_t seed, const GemmBackend *gemm)
{
    Arena arena = {0};
    const Parameters *p = &model->parameters;
    float *gradients = dm_allocate(p->size + p->statistic_size, sizeof *gradients);
    Graph g = {.arena = &arena,
               .gemm = gemm,
               .parameters = p->data,
               .gradients = gradients,
               .statistics = p->statistic_size,
               .recording = true};
    const Tokens source = dm_bench_sentence(&arena, &model->config, length);
    ask_the_last_state(&g, model->architecture->encode(&g, model, source), size, seed);
    dm_backward(&g);
    const Arrived sizes = {arrived(model, gradients, source.ids[0]), arrived(model, gradients, source.ids[1])};
    dm_free(gradients);
    dm_arena_destroy(&arena);
    return sizes;
}

// Asked for much, so that much can be lost on the way; for less where that grows beyond all numbers.
static double share_through(const ModelConfig *config, int layers, int length, uint64_t seed, const GemmBackend *gemm)
{
    const ModelConfig own = dm_with_encoder_layers(config, layers);
    Model *model = dm_model_create(&own);
    Arrived sizes;
    int size = 64;
    dm_model_initialise(model, seed);
    do {
        sizes = ask(model, length, size, seed, gemm);
        size -= 32;
    } while (!isfinite(sizes.others) && size >= -64);
    dm_model_destroy(model);
    return sizes.first > 0 ? sizes.first / sizes.others : 0;
}

static int most_layers(const ModelConfig *config, int length)
{
    const int allowed = dm_shape_row(config->architecture, "encoder_layers")->high, fit = MOST_ROWS / length;
    return fit < 1 ? 1 : fit < allowed ? fit : allowed;
}

// What is felt through some layers is felt through more: twice as many until it is, and then between the last two.
Path dm_path(const ModelConfig *config, int length, uint64_t seed, const GemmBackend *gemm)
{
    assert(length > 1);
    const int most = most_layers(config, length);
    Path path = {0};
    int without = 0;
    while (!path.layers && path.tried < most) {
        without = path.tried;
        path.tried = without == 0 ? 1 : 2 * without < most ? 2 * without : most;
        path.share = share_through(config, path.tried, length, seed, gemm);
        if (path.share > 0) path.layers = path.tried;
    }
    while (path.layers - without > 1) {
        const int middle = without + (path.layers - without) / 2;
        const double share = share_through(config, middle, length, seed, gemm);
        if (share > 0)
            path.layers = middle, path.share = share;
        else
            without = middle;
    }
    return path;
}
