// dragoman bench train: updates as the training loop runs them, on made-up text, with no file and no validation. Ranks
// share them out as they do in training.
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "bench/measure.h"
#include "bench/padding.h"
#include "bench/shares.h"
#include "tensor/ops/op_table.h"
#include "train/defaults.h"
#include "train/run.h"

typedef struct Training {
    Bench *bench;
    int update_words, shard_words;
    Corpus corpus;
    int *words[2];  // [pairs] of each Side, without padding
    Plan plan;
    Model *model;
    Workers workers;
    Optimizer optimizer;
    Profile profile;  // of the thread that calls: lane sums and steps; those of the shards are the workers'
    Share share;      // of the updates since the warm-up
    long update;      // done, those of the warm-up too
    Products products;
} Training;

// ---- Beginning and end --------------------------------------------------------------------------------------------

static int *copied(const int *from, int count)
{
    int *to = dm_allocate((size_t)count, sizeof *to);
    memcpy(to, from, (size_t)count * sizeof *to);
    return to;
}

static Status begin_training(Training *t, Error *error)
{
    Bench *bench = t->bench;
    const dm_options *o = bench->options;
    const int words = (int)dm_options_number(o, "mini-batch-words"), shard = (int)dm_options_number(o, "shard-words"),
              lanes = (int)dm_options_number(o, "lanes");
    t->update_words = words ? words : bench->update_words;
    t->shard_words = shard ? shard : dm_default_shard_words(t->update_words, bench->config.architecture->stepwise);
    Status status = dm_bench_text(&t->corpus, bench, 29000, error);
    if (status) return status;
    t->model = dm_bench_model(bench);
    const int lane_count = lanes ? lanes : dm_default_lanes(t->model->parameters.size);
    status = dm_lanes_check(lane_count, dm_ranks(bench->exchange), "start fewer of them, or give more --lanes", error);
    if (status) {
        dm_model_destroy(t->model);
        dm_corpus_free(&t->corpus);
        return status;
    }
    t->optimizer = (Optimizer){.adam = true,
                               .beta1 = 0.9,
                               .beta2 = 0.98,
                               .epsilon = 1e-9,
                               .rounds = bench->precision == DM_PRECISION_BF16,
                               .lane_count = lane_count,
                               .exchange = bench->exchange,
                               .threads = bench->threads};
    dm_optimizer_create(&t->optimizer, &t->model->parameters);
    dm_plan_make(&t->plan, &t->corpus,
                 &(PlanBudget){.seed = bench->seed,
                               .epoch = 1,
                               .shard_words = t->shard_words,
                               .update_words = t->update_words,
                               .lanes = t->optimizer.lane_count});
    t->words[DM_SOURCE] = copied(t->corpus.source_length, t->corpus.pairs);
    t->words[DM_TARGET] = copied(t->corpus.target_length, t->corpus.pairs);
    if (dm_options_count(o, "pad-to"))
        dm_pad_corpus(&t->corpus, t->plan.order, t->plan.shard_start, t->plan.shards,
                      (int)dm_options_number(o, "pad-to"), bench->config.eos);
    static const ChosenTerms no_terms = {.copies = 1};
    t->workers = (Workers){.model = t->model,
                           .objective = dm_usual_objective(t->model->architecture->writing(&t->model->config)),
                           .unknown = 1,  // as in vocabularies of ours
                           .terms = &no_terms,
                           .gemm = bench->gemm,
                           .exchange = bench->exchange,
                           .threads = bench->threads,
                           .rounded = t->optimizer.rounded,
                           .dropout = bench->dropout,
                           .smoothing = 0.1f,
                           .seed = bench->seed};
    dm_workers_create(&t->workers, t->optimizer.lane_count);
    if (dm_options_flag(o, "profile")) {
        t->workers.profiles = dm_allocate((size_t)bench->threads, sizeof(Profile));
        for (int i = 0; i < bench->threads; i++) dm_profile_create(&t->workers.profiles[i]);
        dm_profile_create(&t->profile);
        t->optimizer.profile = &t->profile;
    }
    return DM_OK;
}

static void end_training(Training *t)
{
    for (int i = 0; t->workers.profiles && i < t->bench->threads; i++) dm_profile_free(&t->workers.profiles[i]);
    dm_free(t->workers.profiles);
    dm_profile_free(&t->profile);
    dm_products_free(&t->products);
    dm_optimizer_free(&t->optimizer);
    dm_workers_free(&t->workers);
    dm_model_destroy(t->model);
    dm_plan_free(&t->plan);
    for (int side = 0; side < 2; side++) dm_free(t->words[side]);
    dm_corpus_free(&t->corpus);
}

// ---- Updates ------------------------------------------------------------------------------------------------------

// The same small rate in every update: it is the time of a step that counts, not where it leads.
static Status update_once(void *context, Tally *tally, Error *error)
{
    (void)error;
    Training *t = context;
    const int at = (int)(t->update % t->plan.updates);
    const ShardRange range = {&t->corpus, &t->plan, t->plan.update_start[at], t->plan.update_start[at + 1]};
    const Step step = {.rate = 1e-4, .clip_norm = 1, .update = ++t->update};
    dm_share_update(&t->share, &t->workers, &range, &t->optimizer, &t->model->parameters, step);
    dm_profile_turn(t->optimizer.profile, DM_SPENT_NOWHERE);
    for (int i = t->plan.shard_start[range.first]; i < t->plan.shard_start[range.last]; i++) {
        tally->source += t->words[DM_SOURCE][t->plan.order[i]];
        tally->target += t->words[DM_TARGET][t->plan.order[i]];
    }
    return DM_OK;
}

static void forget_warm_up(void *context)
{
    Training *t = context;
    t->share = (Share){0};
    if (!t->workers.profiles) return;
    dm_profile_forget(&t->profile);
    for (int i = 0; i < t->bench->threads; i++) dm_profile_forget(&t->workers.profiles[i]);
}

// ---- The profile --------------------------------------------------------------------------------------------------

// Seconds of threads: an account of all workers together.
static void add_account(Account *sum, const Account *one)
{
    sum->seconds += one->seconds, sum->flops += one->flops, sum->calls += one->calls;
}

static Account total(const Training *t, int account)
{
    Account sum = {0};
    for (int i = 0; i < t->bench->threads; i++) add_account(&sum, &t->workers.profiles[i].accounts[account]);
    return sum;
}

static Account total_of_op(const Training *t, const Op *op, bool backward)
{
    Account sum = {0};
    for (int i = 0; i < t->bench->threads; i++) {
        Profile *of = &t->workers.profiles[i];
        const int account = dm_profile_of(of, op, backward);
        add_account(&sum, &of->accounts[account]);
    }
    return sum;
}

static cJSON *describe_account(const Training *t, const Account *a)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "calls", (double)a->calls);
    cJSON_AddNumberToObject(object, "seconds", a->seconds);
    if (a->flops > 0) cJSON_AddNumberToObject(object, "gflops", 1e-9 * a->flops * t->bench->threads / a->seconds);
    return object;
}

typedef struct OpTime {
    const char *name;
    Account forward, backward;
} OpTime;

static int longer_first(const void *a, const void *b)
{
    const OpTime *x = a, *y = b;
    const double s = x->forward.seconds + x->backward.seconds, u = y->forward.seconds + y->backward.seconds;
    return (s < u) - (s > u);
}

// Where the seconds of the rounds went, times the threads. In the sums of the lanes and the step of the optimizer all
// threads take part; what is left are threads that wait for the end of an update.
static cJSON *describe_profile(const Training *t, double seconds)
{
    const double threads = t->bench->threads, whole = seconds * threads;
    cJSON *profile = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(profile, "ops");
    int all = 0, count = 0;
    double spent = 0;
    while (dm_ops[all]) all++;
    OpTime *ops = dm_allocate((size_t)all, sizeof *ops);
    for (int i = 0; i < all; i++) {
        OpTime op = {dm_ops[i]->name, total_of_op(t, dm_ops[i], false), total_of_op(t, dm_ops[i], true)};
        spent += op.forward.seconds + op.backward.seconds;
        if (op.forward.calls) ops[count++] = op;
    }
    if (count) qsort(ops, (size_t)count, sizeof *ops, longer_first);
    for (int i = 0; i < count; i++) {
        cJSON *op = cJSON_CreateObject();
        cJSON_AddStringToObject(op, "op", ops[i].name);
        cJSON_AddItemToObject(op, "forward", describe_account(t, &ops[i].forward));
        cJSON_AddItemToObject(op, "backward", describe_account(t, &ops[i].backward));
        cJSON_AddItemToArray(list, op);
    }
    dm_free(ops);
    const struct {
        const char *name;
        double seconds;
    } others[] = {{"batches", total(t, DM_SPENT_OTHERWISE).seconds},
                  {"waiting_for_lane", total(t, DM_SPENT_WAITING).seconds},
                  {"lane_sums", threads * t->profile.accounts[DM_SPENT_LANE_SUMS].seconds},
                  {"optimizer", threads * t->profile.accounts[DM_SPENT_STEP].seconds}};
    for (size_t i = 0; i < DM_COUNT(others); i++) {
        cJSON_AddNumberToObject(profile, others[i].name, others[i].seconds);
        spent += others[i].seconds;
    }
    cJSON_AddNumberToObject(profile, "waiting_for_end", whole - spent);
    cJSON_AddNumberToObject(profile, "seconds", whole);
    return profile;
}

// ---- dragoman bench train -----------------------------------------------------------------------------------------

Status dm_bench_train(Bench *bench, Error *error)
{
    Training t = {.bench = bench};
    Tally whole = {0};
    Status status = begin_training(&t, error);
    if (status) return status;
    const int length = (int)dm_options_number(bench->options, "length");
    status =
        dm_products_of_training(&t.products, &bench->config, t.shard_words, length ? length : DM_MEAN_LENGTH, error);
    if (!status)
        status = dm_measure(bench,
                            &(Measurement){.threads = bench->threads,
                                           .products = &t.products,
                                           .once = update_once,
                                           .warm = forget_warm_up,
                                           .context = &t},
                            &whole, error);
    cJSON *result = bench->result;
    cJSON_AddNumberToObject(result, "update_words", t.update_words);
    cJSON_AddNumberToObject(result, "shard_words", t.shard_words);
    cJSON_AddNumberToObject(result, "lanes", t.optimizer.lane_count);
    cJSON_AddNumberToObject(result, "chain", t.products.chain);
    cJSON_AddNumberToObject(result, "updates", (double)whole.times);
    cJSON_AddNumberToObject(result, "trained_weights", (double)t.model->parameters.trained_size);
    cJSON_AddItemToObject(result, "ranks", dm_shares_describe(&t.share, bench->exchange));
    if (t.workers.profiles) cJSON_AddItemToObject(result, "profile", describe_profile(&t, whole.seconds));
    end_training(&t);
    return status;
}
