// Facts about shards and lanes: the sums do not depend on which thread was faster. A copy of the architecture waits a
// little in some shards, so that the others overtake them.
#include <math.h>
#include <unistd.h>

#include "core/error.h"
#include "core/memory.h"
#include "model/small_config.h"
#include "test.h"
#include "train/update.h"

enum { PAIRS = 40, WORDS = 5, VOCABULARY = 30 };

static Tensor *slow_decode(Graph *g, const Model *model, Memory memory, Tokens target)
{
    if (g->shard % 3 == 0) usleep(5000);
    return dm_transformer.decode(g, model, memory, target);
}

static Architecture slow_transformer;

static Model *make_model(const char *norm)
{
    ModelConfig config = small_transformer(VOCABULARY, 16, 1, 2);
    dm_transformer_shape(&config)->norm = named("norm", norm);
    Model *model = dm_model_create(&config);
    dm_parameters_initialise(&model->parameters, 3);
    slow_transformer = dm_transformer;
    slow_transformer.decode = slow_decode;
    model->architecture = &slow_transformer;
    return model;
}

// Every pair has WORDS words and an end of sentence on both sides, every shard one pair.
static int ids[PAIRS * 2 * (WORDS + 1)], lengths[PAIRS], order[PAIRS], starts[PAIRS + 1], whole[2] = {0, PAIRS};
static size_t source[PAIRS], target[PAIRS];

static void make_corpus(Corpus *corpus, Plan *plan)
{
    Random random = dm_random(4, 0, 0, 0);
    for (int i = 0; i < PAIRS; i++) {
        lengths[i] = WORDS + 1;
        source[i] = (size_t)(i * 2 * (WORDS + 1));
        target[i] = source[i] + WORDS + 1;
        for (size_t j = 0; j < WORDS; j++) {
            ids[source[i] + j] = 2 + (int)dm_random_below(&random, VOCABULARY - 3);
            ids[target[i] + j] = 2 + (int)dm_random_below(&random, VOCABULARY - 3);
        }
        order[i] = i;
        starts[i + 1] = i + 1;
    }
    *corpus = (Corpus){.pairs = PAIRS,
                       .ids = ids,
                       .source = source,
                       .target = target,
                       .source_length = lengths,
                       .target_length = lengths};
    *plan = (Plan){.order = order, .shards = PAIRS, .shard_start = starts, .updates = 1, .update_start = whole};
}

typedef struct Bed {
    Corpus corpus;
    Plan plan;
    Model *model;
    Workers workers;
} Bed;

static void open_bed(Bed *bed, int threads, int lanes, const char *norm)
{
    static const ChosenTerms none = {.copies = 1};
    make_corpus(&bed->corpus, &bed->plan);
    bed->model = make_model(norm);
    bed->workers = (Workers){.model = bed->model,
                             .objective = &dm_teacher_forcing,
                             .terms = &none,
                             .threads = threads,
                             .dropout = 0.2f,
                             .smoothing = 0.1f,
                             .seed = 8};
    dm_error error;
    if (dm_gemm_choose(&bed->workers.gemm, test_backend, 16, &error)) abort();
    dm_workers_create(&bed->workers, lanes);
}

static void close_bed(Bed *bed)
{
    dm_workers_free(&bed->workers);
    dm_model_destroy(bed->model);
}

typedef struct Outcome {
    Loss loss;
    Optimizer optimizer;  // its lanes
} Outcome;

static Outcome run(int threads, int lanes, const char *norm)
{
    Bed bed;
    open_bed(&bed, threads, lanes, norm);
    Outcome outcome = {.optimizer = {.lane_count = lanes, .threads = threads}};
    dm_optimizer_create(&outcome.optimizer, &bed.model->parameters);
    outcome.loss =
        dm_shards_train(&bed.workers, &(ShardRange){&bed.corpus, &bed.plan, 0, PAIRS}, 1, &outcome.optimizer);
    close_bed(&bed);
    return outcome;
}

static void whoever_is_faster_the_lanes_hold_the_same_bytes(void)
{
    static const struct {
        int lanes;
        const char *norm;
    } cases[] = {{1, "layer"}, {3, "layer"}, {3, "batch"}};
    for (size_t c = 0; c < DM_COUNT(cases); c++) {
        Outcome alone = run(1, cases[c].lanes, cases[c].norm);
        for (int threads = 2; threads <= 4; threads++) {
            Outcome together = run(threads, cases[c].lanes, cases[c].norm);
            CU_ASSERT(memcmp(&alone.loss, &together.loss, sizeof(Loss)) == 0);
            for (int i = 0; i < cases[c].lanes; i++)
                CU_ASSERT(memcmp(alone.optimizer.lanes.lane[i], together.optimizer.lanes.lane[i],
                                 alone.optimizer.lanes.size * sizeof(float)) == 0);
            dm_optimizer_free(&together.optimizer);
        }
        dm_optimizer_free(&alone.optimizer);
    }
}

static void lanes_add_up_to_the_same_gradient(void)
{
    Outcome one = run(1, 1, "layer"), five = run(1, 5, "layer");
    size_t far = 0, zero = 0;
    for (size_t i = 0; i < one.optimizer.size; i++) {
        float sum = 0;
        for (int lane = 0; lane < 5; lane++) sum += five.optimizer.lanes.lane[lane][i];
        far += !(fabsf(sum - one.optimizer.lanes.lane[0][i]) < 1e-4f);
        zero += one.optimizer.lanes.lane[0][i] == 0;
    }
    CU_ASSERT(far == 0);
    CU_ASSERT(zero < one.optimizer.size / 4);
    CU_ASSERT(one.loss.count == PAIRS * (WORDS + 1));
    CU_ASSERT(one.loss.objective == five.loss.objective && one.loss.objective != one.loss.nll);
    dm_optimizer_free(&one.optimizer);
    dm_optimizer_free(&five.optimizer);
}

// Shard by shard into a buffer of its own; every row of a sentence counts once in each of its side's norms.
static void what_statistics_have_seen_is_the_plain_sum_over_the_shards(void)
{
    Outcome five = run(3, 5, "batch");
    const Lanes *lanes = &five.optimizer.lanes;
    const size_t trained = five.optimizer.size, size = lanes->size, statistics = (size - trained) / 2;
    Bed bed;
    open_bed(&bed, 1, 1, "batch");
    CU_ASSERT_EQUAL(statistics, 5 * 2 * 16);
    float *own = dm_allocate(size, sizeof(float));
    double *sum = dm_allocate(size, sizeof(double));
    for (int shard = 0; shard < PAIRS; shard++) {
        memset(own, 0, size * sizeof(float));
        dm_shard_again(&bed.workers, &(ShardRange){&bed.corpus, &bed.plan, 0, PAIRS}, 1, shard, own, NULL);
        for (size_t i = trained; i < size; i++) sum[i] += (double)own[i];
    }
    size_t far = 0, other = 0;
    for (size_t i = trained; i < size; i++) {
        double got = 0;
        for (int lane = 0; lane < lanes->count; lane++) got += (double)lanes->lane[lane][i];
        far += !(fabs(got - sum[i]) < 1e-4 * (1 + fabs(sum[i])));
        other += i >= trained + statistics && got != PAIRS * (WORDS + 1);
    }
    CU_ASSERT(far == 0);
    CU_ASSERT(other == 0);
    dm_free(own), dm_free(sum);
    close_bed(&bed);
    dm_optimizer_free(&five.optimizer);
}

const Fact facts[] = {
    FACT(what_statistics_have_seen_is_the_plain_sum_over_the_shards),
    FACT(whoever_is_faster_the_lanes_hold_the_same_bytes),
    FACT(lanes_add_up_to_the_same_gradient),
    {NULL, NULL},
};
