// The heart of an update. Whatever thread takes a shard, its numbers are the same: masks are drawn by (seed, update,
// shard), the shards of a lane are added in their order, and losses are summed in theirs.
#include "train/update.h"

#include <sched.h>
#include <stdlib.h>

#include "core/threads.h"

void dm_workers_create(Workers *w, int lanes)
{
    w->arenas = dm_allocate((size_t)w->threads, sizeof *w->arenas);
    w->turns = dm_allocate((size_t)lanes, sizeof *w->turns);
    w->losses = NULL;
    w->loss_room = 0;
}

void dm_workers_reserve(Workers *w, int shards)
{
    if (shards <= w->loss_room) return;
    w->losses = dm_reallocate(w->losses, (size_t)shards, sizeof *w->losses);
    w->loss_room = shards;
}

void dm_workers_free(Workers *w)
{
    for (int i = 0; w->arenas && i < w->threads; i++) dm_arena_destroy(&w->arenas[i]);
    free(w->arenas);
    free(w->turns);
    free(w->losses);
    *w = (Workers){0};
}

typedef struct Round {
    Workers *workers;
    const ShardRange *range;
    const Optimizer *optimizer;  // NULL: evaluation
    long update;
} Round;

static Batch batch_of(const Round *round, int index, Arena *arena)
{
    const ShardRange *range = round->range;
    const int *start = range->plan->shard_start + range->first + index;
    return dm_batch_make(arena, range->corpus, range->plan->order + start[0], start[1] - start[0],
                         round->workers->model->config.decoder_start);
}

static Tensor *run_model(Graph *g, const Model *model, const Batch *batch)
{
    Memory memory = model->architecture->encode(g, model, batch->source);
    return model->architecture->decode(g, model, memory, batch->target);
}

static CrossEntropy loss_of(const Model *model, const Batch *batch, const Tensor *x, float smoothing)
{
    return (CrossEntropy){
        .x = x,
        .weight = model->output,
        .bias = model->output_bias,
        .targets = batch->outputs,
        .smoothing = smoothing,
        .excluded = model->config.pad,
    };
}

// Until `turn` shards have left the lane. Shards are handed out in order, so the one waited for is being worked on.
static void wait_for_turn(atomic_int *lane, int turn)
{
    while (atomic_load_explicit(lane, memory_order_acquire) != turn) sched_yield();
}

static Graph training_graph(const Round *round, int index, Arena *arena, float *gradients)
{
    const Workers *w = round->workers;
    return (Graph){
        .arena = arena,
        .gemm = w->gemm,
        .parameters = w->model->parameters.data,
        .rounded = w->rounded,
        .gradients = gradients,
        .recording = true,
        .dropout = w->dropout,
        .seed = w->seed,
        .update = (uint32_t)round->update,
        .shard = (uint32_t)index,
    };
}

static void train_shard(void *context, int index, int thread)
{
    const Round *round = context;
    Workers *w = round->workers;
    Arena *arena = &w->arenas[thread];
    Profile *profile = w->profiles ? &w->profiles[thread] : NULL;
    dm_profile_turn(profile, DM_SPENT_OTHERWISE);
    dm_arena_reset(arena);
    int lanes = round->optimizer->lanes, lane = index % lanes, turn = index / lanes;
    Graph g = training_graph(round, index, arena, round->optimizer->lane[lane]);
    g.profile = profile;
    Batch batch = batch_of(round, index, arena);
    CrossEntropy loss = loss_of(w->model, &batch, run_model(&g, w->model, &batch), w->smoothing);
    dm_profile_turn(profile, DM_SPENT_WAITING);
    wait_for_turn(&w->turns[lane], turn);
    w->losses[index] = dm_cross_entropy(&g, &loss);
    dm_backward(&g);
    atomic_store_explicit(&w->turns[lane], turn + 1, memory_order_release);
    dm_profile_turn(profile, DM_SPENT_NOWHERE);
}

void dm_shard_again(Workers *w, const ShardRange *range, long update, int index, float *gradients, BadResult *bad)
{
    const Round round = {.workers = w, .range = range, .update = update};
    Arena *arena = &w->arenas[0];
    dm_arena_reset(arena);
    Graph g = training_graph(&round, index, arena, gradients);
    Batch batch = batch_of(&round, index, arena);
    CrossEntropy loss = loss_of(w->model, &batch, run_model(&g, w->model, &batch), w->smoothing);
    if (gradients) {
        dm_cross_entropy(&g, &loss);
        dm_backward(&g);
    } else {
        *bad = dm_first_bad_result(&g);
    }
}

static void evaluate_shard(void *context, int index, int thread)
{
    const Round *round = context;
    Workers *w = round->workers;
    Arena *arena = &w->arenas[thread];
    dm_arena_reset(arena);
    Graph g = {.arena = arena, .gemm = w->gemm, .parameters = w->model->parameters.data};
    Batch batch = batch_of(round, index, arena);
    CrossEntropy loss = loss_of(w->model, &batch, run_model(&g, w->model, &batch), 0);
    w->losses[index] = dm_cross_entropy(&g, &loss);
}

static Loss run_shards(const Round *round, Job *job)
{
    Workers *w = round->workers;
    int shards = round->range->last - round->range->first;
    dm_workers_reserve(w, shards);
    dm_parallel(w->threads, shards, job, (void *)(uintptr_t)round);
    Loss sum = {0};
    for (int i = 0; i < shards; i++) {
        sum.objective += w->losses[i].objective;
        sum.nll += w->losses[i].nll;
        sum.count += w->losses[i].count;
    }
    return sum;
}

Loss dm_shards_train(Workers *w, const ShardRange *range, long update, const Optimizer *optimizer)
{
    for (int i = 0; i < optimizer->lanes; i++) atomic_init(&w->turns[i], 0);
    Round round = {w, range, optimizer, update};
    return run_shards(&round, train_shard);
}

Loss dm_shards_evaluate(Workers *w, const ShardRange *range)
{
    Round round = {.workers = w, .range = range};
    return run_shards(&round, evaluate_shard);
}
