// The heart of an update. Whatever thread takes a shard, its numbers are the same: masks are drawn by (seed, update,
// shard), the shards of a lane are added in their order, and losses are summed in theirs.
#include "train/update.h"

#include "core/memory.h"
#include "core/threads.h"

void dm_workers_create(Workers *w, int lanes)
{
    w->arenas = dm_allocate((size_t)w->threads, sizeof *w->arenas);
    w->turns = dm_allocate((size_t)lanes, sizeof *w->turns);
    w->losses = w->dealt = NULL;
    w->loss_room = 0;
    dm_expert_loads_create(&w->loads, w->model);
}

static void reserve(Workers *w, int shards)
{
    if (shards <= w->loss_room) return;
    w->losses = dm_reallocate(w->losses, (size_t)shards, sizeof *w->losses);
    if (w->exchange) w->dealt = dm_reallocate(w->dealt, (size_t)shards, sizeof *w->dealt);
    w->loss_room = shards;
}

void dm_workers_free(Workers *w)
{
    for (int i = 0; w->arenas && i < w->threads; i++) dm_arena_destroy(&w->arenas[i]);
    dm_free(w->arenas);
    dm_free(w->turns);
    dm_free(w->losses);
    dm_free(w->dealt);
    dm_expert_loads_free(&w->loads);
    *w = (Workers){0};
}

// How shards are dealt out: shard i belongs to lane i mod lanes, and a rank has lanes that hang together.
typedef struct Deal {
    int lanes, shards, ranks;
} Deal;

static int shards_of(const Deal *deal, int rank)
{
    const int first = dm_lanes_start(deal->lanes, rank, deal->ranks),
              last = dm_lanes_start(deal->lanes, rank + 1, deal->ranks), rest = deal->shards % deal->lanes;
    const int more = rest < first ? 0 : rest > last ? last - first : rest - first;
    return deal->shards / deal->lanes * (last - first) + more;
}

// The j-th shard of a rank.
static int shard_of(const Deal *deal, int rank, int j)
{
    const int first = dm_lanes_start(deal->lanes, rank, deal->ranks),
              own = dm_lanes_start(deal->lanes, rank + 1, deal->ranks) - first;
    return j / own * deal->lanes + first + j % own;
}

typedef struct Round {
    Workers *workers;
    const ShardRange *range;
    const Optimizer *optimizer;
    long update;
    bool training;  // with dropout, smoothing, terms and gradients
    Deal deal;
} Round;

// The sentences of a shard, as often as the terms want them.
static Example example_of(const Round *round, int index, Arena *arena)
{
    const ShardRange *range = round->range;
    const Workers *w = round->workers;
    const int *start = range->plan->shard_start + range->first + index;
    const ModelConfig *config = &w->model->config;
    const ExampleKind *kind = round->training && w->examples ? w->examples : dm_examples_of(config);
    const Example once =
        kind->make(arena, range->corpus, range->plan->order + start[0], start[1] - start[0], config->decoder_start);
    if (!round->training) return once;
    const int copies = w->terms->copies;
    const uint32_t update = (uint32_t)round->update, shard = (uint32_t)index;
    Example example = copies == 2 ? dm_example_twice(arena, &once) : once;
    example.source = dm_blotted(arena, &w->blotting, example.source, DM_SOURCE, update, shard, copies);
    example.read = dm_blotted(arena, &w->blotting, example.read, DM_TARGET, update, shard, copies);
    return example;
}

static Loss run_shard(const Round *round, Graph *g, int index)
{
    const Workers *w = round->workers;
    const Example example = example_of(round, index, g->arena);
    return w->objective->run(&(ShardRun){.graph = g,
                                         .model = w->model,
                                         .example = &example,
                                         .smoothing = round->training ? w->smoothing : 0,
                                         .terms = w->terms,
                                         .sampling = &w->sampling,
                                         .risk = &w->risk,
                                         .unknown = w->unknown});
}

// A lane, and how many shards have to be done with it before this one adds to it.
typedef struct Turn {
    atomic_int *lane;
    int before;
    Profile *profile;
} Turn;

static bool is_its_turn(const Turn *turn)
{
    return atomic_load_explicit(turn->lane, memory_order_acquire) == turn->before;
}

// Shards are handed out in order, so the one waited for is being worked on, or has failed, and so does this one then.
// The time is charged to waiting, and then again to the op that has come to wait.
static void wait_for_turn(void *context)
{
    const Turn *turn = context;
    if (is_its_turn(turn)) return;
    const int account = turn->profile ? turn->profile->current : 0;
    dm_profile_turn(turn->profile, DM_SPENT_WAITING);
    while (!is_its_turn(turn)) dm_wait_for_others();
    dm_profile_turn(turn->profile, account);
}

static Graph training_graph(const Round *round, int index, Arena *arena, float *gradients)
{
    const Workers *w = round->workers;
    dm_arena_reset(arena);
    RouteTap *routes = dm_arena_take(arena, sizeof *routes);
    *routes = (RouteTap){0};
    return (Graph){
        .arena = arena,
        .gemm = w->gemm,
        .parameters = w->model->parameters.data,
        .rounded = w->rounded,
        .gradients = gradients,
        .statistics = w->model->parameters.statistic_size,
        .recording = true,
        .dropout = w->dropout,
        .inner_dropout = w->inner_dropout,
        .attention_dropout = w->attention_dropout,
        .layer_drop = w->layer_drop,
        .seed = w->seed,
        .update = (uint32_t)round->update,
        .shard = (uint32_t)index,
        .routes = routes,
    };
}

static void train_shard(void *context, int own, int thread)
{
    const Round *round = context;
    Workers *w = round->workers;
    const int index = shard_of(&round->deal, dm_rank(w->exchange), own);
    const Lanes *lanes = &round->optimizer->lanes;
    const int lane = index % lanes->count;
    Profile *profile = w->profiles ? &w->profiles[thread] : NULL;
    Turn turn = {&w->turns[lane], index / lanes->count, profile};
    dm_profile_turn(profile, DM_SPENT_OTHERWISE);
    Graph g = training_graph(round, index, &w->arenas[thread], lanes->lane[lane]);
    g.profile = profile;
    g.before_gradients = wait_for_turn;
    g.waiting = &turn;
    w->losses[index] = run_shard(round, &g, index);
    dm_expert_loads_add(&w->loads, g.routes);
    dm_backward(&g);
    wait_for_turn(&turn);  // it has, unless no weight had a gradient
    atomic_store_explicit(turn.lane, turn.before + 1, memory_order_release);
    dm_profile_turn(profile, DM_SPENT_NOWHERE);
}

void dm_shard_again(Workers *w, const ShardRange *range, long update, int index, float *gradients, BadResult *bad)
{
    const Round round = {.workers = w, .range = range, .update = update, .training = true};
    Graph g = training_graph(&round, index, &w->arenas[0], gradients);
    run_shard(&round, &g, index);
    if (gradients)
        dm_backward(&g);
    else
        *bad = dm_first_bad_result(&g);
}

static void evaluate_shard(void *context, int own, int thread)
{
    const Round *round = context;
    Workers *w = round->workers;
    const int index = shard_of(&round->deal, dm_rank(w->exchange), own);
    Arena *arena = &w->arenas[thread];
    w->losses[index] = (Loss){0};
    if (dm_stop_asked(w->stop)) return;
    dm_arena_reset(arena);
    Graph g = {.arena = arena, .gemm = w->gemm, .parameters = w->model->parameters.data};
    w->losses[index] = run_shard(round, &g, index);
}

// The losses of all shards, whoever has run them.
static void gather_losses(Workers *w, const Deal *deal)
{
    if (!w->exchange) return;
    size_t *start = dm_allocate((size_t)deal->ranks + 1, sizeof *start);
    int dealt = 0;
    for (int rank = 0; rank < deal->ranks; rank++) {
        const int own = shards_of(deal, rank);
        for (int j = 0; j < own && rank == dm_rank(w->exchange); j++)
            w->dealt[dealt + j] = w->losses[shard_of(deal, rank, j)];
        dealt += own;
        start[rank + 1] = (size_t)dealt * sizeof(Loss);
    }
    dm_exchange_gather(w->exchange, w->dealt, start);
    dealt = 0;
    for (int rank = 0; rank < deal->ranks; rank++)
        for (int j = 0; j < shards_of(deal, rank); j++) w->losses[shard_of(deal, rank, j)] = w->dealt[dealt++];
    dm_free(start);
}

// lanes: that shards are dealt out by.
static Loss run_shards(Round *round, int lanes, Job *job)
{
    Workers *w = round->workers;
    const int shards = round->range->last - round->range->first;
    round->deal = (Deal){lanes, shards, dm_ranks(w->exchange)};
    reserve(w, shards);
    dm_parallel(w->threads, shards_of(&round->deal, dm_rank(w->exchange)), job, round);
    gather_losses(w, &round->deal);
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
    for (int i = 0; i < optimizer->lanes.count; i++) atomic_init(&w->turns[i], 0);
    dm_expert_loads_clear(&w->loads);
    Round round = {.workers = w, .range = range, .optimizer = optimizer, .update = update, .training = true};
    const Loss loss = run_shards(&round, optimizer->lanes.count, train_shard);
    dm_expert_loads_gather(&w->loads, w->exchange);
    return loss;
}

Loss dm_shards_evaluate(Workers *w, const ShardRange *range)
{
    Round round = {.workers = w, .range = range};
    return run_shards(&round, dm_ranks(w->exchange), evaluate_shard);
}
