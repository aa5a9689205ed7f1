// Training with experts: what balances them, by hand and on a made-up skew; and that runs are the same bytes with any
// number of threads, and in parts.
#include "model/layers/experts.h"
#include "tensor/ops/ops.h"
#include "train/expert_loads.h"
#include "train/terms/term.h"
#include "runs.h"

static const GemmBackend *any_backend(void)
{
    const GemmBackend *backend;
    if (dm_gemm_choose(&backend, test_backend, 64, NULL)) abort();
    return backend;
}

// ---- The loss -------------------------------------------------------------------------------------------------------

// Four tokens, two experts, top 1, probabilities 1/2, 3/4, 3/4 and 1/5 of the first: three tokens go to it
// (ties: the lower index). f = 3/4, 1/4;  P = 2.2/4, 1.8/4;  L = 2 (0.75 * 0.55 + 0.25 * 0.45) = 1.05
static void balance_of_four_tokens_is_what_a_hand_computes(void)
{
    Arena arena = {0};
    Graph g = {.arena = &arena, .gemm = any_backend(), .recording = true};
    static const double first[] = {0.5, 0.75, 0.75, 0.2};
    Tensor *logits = dm_tensor(&g, 4, 2);
    for (int i = 0; i < 4; i++) {
        dm_row(logits, i)[0] = (float)log(first[i]);
        dm_row(logits, i)[1] = (float)log(1 - first[i]);
    }
    const Routing *r = dm_route(&g, &(Route){.logits = logits, .top = 1});
    CU_ASSERT(r->start[1] == 3 && r->start[2] == 4);
    CU_ASSERT_DOUBLE_EQUAL(dm_balance(&g, r, 10), 1.05, 1e-6);
    // dL/dp = 2 f / 4 = 3/8, 1/8; of the first logit p (dp_0 - (p dp_0 + (1 - p) dp_1)) = p (1 - p) / 4, times 10
    const float *gradient = dm_gradient(&g, logits);
    for (int i = 0; i < 4; i++) {
        const double wanted = 10 * first[i] * (1 - first[i]) / 4;
        CU_ASSERT_DOUBLE_EQUAL((double)gradient[2 * i], wanted, 1e-6);
        CU_ASSERT_DOUBLE_EQUAL((double)gradient[2 * i + 1], -wanted, 1e-6);
    }
    double entropy = 0;
    for (int i = 0; i < 4; i++) entropy -= first[i] * log(first[i]) + (1 - first[i]) * log(1 - first[i]);
    CU_ASSERT_DOUBLE_EQUAL(dm_entropy(r), entropy, 1e-6);
    dm_arena_destroy(&arena);
}

// Two routers of even affinities: 1 each, as often as the shard has rows of the target, times the weight.
static void the_term_is_a_mean_of_tokens_of_every_router(void)
{
    Arena arena = {0};
    RouteTap tap = {0};
    Graph g = {.arena = &arena, .gemm = any_backend(), .recording = true, .routes = &tap};
    for (int router = 0; router < 2; router++) {
        Tensor *logits = dm_tensor(&g, 6 + router, 3);
        memset(logits->data, 0, (size_t)logits->rows * 3 * sizeof(float));
        dm_route(&g, &(Route){.logits = logits, .top = 2, .router = router});
    }
    const Tensor features = {.rows = 5, .cols = 1};
    CU_ASSERT_DOUBLE_EQUAL(dm_balance_term.add(&(TermInput){.graph = &g, .features = &features}, 0.01), 0.1, 1e-6);
    dm_arena_destroy(&arena);
}

// ---- The bias -------------------------------------------------------------------------------------------------------

enum { TOKENS = 600, EXPERTS = 6 };

// Random affinities, of which the first experts have the higher ones.
static void route_skewed(const Tensor *bias, uint64_t seed, ExpertLoads *loads)
{
    Arena arena = {0};
    RouteTap tap = {0};
    Graph g = {.arena = &arena, .gemm = any_backend(), .recording = true, .routes = &tap};
    Tensor *logits = dm_tensor(&g, TOKENS, EXPERTS);
    Random random = dm_random(seed, 0, 0, 0);
    for (int i = 0; i < TOKENS; i++)
        for (int e = 0; e < EXPERTS; e++) dm_row(logits, i)[e] = (float)dm_random_normal(&random) - (float)e * 0.5f;
    dm_route(&g, &(Route){.logits = logits, .bias = bias, .top = 2, .sigmoid = true});
    dm_expert_loads_clear(loads);
    dm_expert_loads_add(loads, &tap);
    dm_arena_destroy(&arena);
}

static double busiest(const ExpertLoads *loads)
{
    double most = 0;
    for (int e = 0; e < EXPERTS; e++) most = fmax(most, dm_expert_load(loads, 0, e) * EXPERTS);
    return most;
}

static void declare_bias(Parameters *p, int experts)
{
    const int bias = dm_declare_vector(p, "model.encoder.layers.0.router.bias", experts, DM_INIT_ZERO);
    p->list[bias].kind = DM_BALANCED;
    dm_parameters_allocate(p);
}

static void a_bias_evens_out_a_skew(void)
{
    Model model = {.parameters = {0}};
    Parameters *p = &model.parameters;
    declare_bias(p, EXPERTS);
    const Tensor *bias = &p->list[0].tensor;
    ExpertLoads loads;
    dm_expert_loads_create(&loads, &model);
    CU_ASSERT(loads.routers == 1 && loads.experts == EXPERTS);
    route_skewed(bias, 1, &loads);
    const double before = busiest(&loads);
    dm_expert_loads_even_out(&loads, p, 0.01);
    for (int e = 0; e < EXPERTS; e++) {  // the first goes down, the last up, each by the rate
        const double off = dm_expert_load(&loads, 0, e) * EXPERTS - 1;
        CU_ASSERT_DOUBLE_EQUAL((double)bias->data[e], off > 1e-9 ? -0.01 : off < -1e-9 ? 0.01 : 0, 1e-9);
    }
    CU_ASSERT(bias->data[0] < 0 && bias->data[EXPERTS - 1] > 0);
    for (uint64_t update = 2; update < 100; update++) {
        route_skewed(bias, update, &loads);
        dm_expert_loads_even_out(&loads, p, 0.01);
    }
    route_skewed(bias, 1, &loads);
    CU_ASSERT(before > 1.6 && busiest(&loads) < 1.15);
    if (busiest(&loads) >= 1.15) fprintf(stderr, "\n%g before, %g after\n", before, busiest(&loads));
    dm_expert_loads_free(&loads);
    dm_parameters_free(p);
}

static void loads_at_the_mean_stay_as_they_are(void)
{
    Model model = {.parameters = {0}};
    Parameters *p = &model.parameters;
    declare_bias(p, 2);
    ExpertLoads loads;
    dm_expert_loads_create(&loads, &model);
    dm_expert_loads_clear(&loads);
    atomic_store(&loads.chosen[0], 7), atomic_store(&loads.chosen[1], 7);
    dm_expert_loads_even_out(&loads, p, 0.5);
    CU_ASSERT(p->data[0] == 0 && p->data[1] == 0);
    atomic_store(&loads.chosen[0], 8);
    dm_expert_loads_even_out(&loads, p, 0.5);
    CU_ASSERT(p->data[0] == -0.5f && p->data[1] == 0.5f);
    dm_expert_loads_free(&loads);
    dm_parameters_free(p);
}

// ---- Runs -----------------------------------------------------------------------------------------------------------

#define OF_EXPERTS "experts 4", "experts-dim 12", "experts-shared 1", "dropout 0.2"

static void expect_resumable(const char *what, const char *balance, const char *more)
{
    char whole[32], parts[32];
    snprintf(whole, sizeof whole, "whole-%s", what);
    snprintf(parts, sizeof parts, "parts-%s", what);
    train(whole, CHANGES(OF_EXPERTS, balance, more, "after 30u", "cpu-threads 1"), NULL, NULL);
    Watcher watcher = {.stop_after = 13};
    CU_ASSERT(train(parts, CHANGES(OF_EXPERTS, balance, more, "after 30u", "cpu-threads 3"), &watcher, NULL));
    train(parts, CHANGES(OF_EXPERTS, balance, more, "after 30u", "cpu-threads 2"), NULL, NULL);
    CU_ASSERT(same_file(whole, parts, "model.safetensors"));
    CU_ASSERT(same_journal(whole, parts));
    CU_ASSERT(last_figure(whole, "train", "busiest_expert") >= 1);
    CU_ASSERT(last_figure(whole, "train", "router_entropy") > 0);
}

static const Parameter *first_bias(const Model *model)
{
    return dm_router_bias(&model->parameters, 0);
}

static void runs_are_the_same_in_parts_and_with_any_threads(void)
{
    expect_resumable("loss", "balance loss 0.05", "router softmax");
    expect_resumable("bias", "balance bias 0.01", "router sigmoid");
    expect_resumable("smooth", "balance bias 0.01", "exponential-smoothing 0.1");
}

// Only what --balance bias moves is moved, and it is in the model; the moving average follows it.
static void the_bias_stays_with_the_model(void)
{
    train("by-loss", CHANGES(OF_EXPERTS, "after 12u"), NULL, NULL);
    train("by-bias", CHANGES(OF_EXPERTS, "after 12u", "balance bias 0.01"), NULL, NULL);
    train("smoothed", CHANGES(OF_EXPERTS, "after 12u", "balance bias 0.01", "exponential-smoothing 0.1"), NULL, NULL);
    Model *model[] = {open_model("by-loss"), open_model("by-bias"), open_model("smoothed")};
    double sum[3] = {0};
    for (int m = 0; m < 3; m++)
        for (int e = 0; e < 4; e++) sum[m] += fabs((double)first_bias(model[m])->tensor.data[e]);
    CU_ASSERT(sum[0] == 0 && sum[1] > 0.01 && sum[2] > 0.01 && fabs(sum[1] - sum[2]) > 1e-4);
    for (int m = 0; m < 3; m++) dm_model_destroy(model[m]);
}

// What stands in the record of a run is what counted.
static void the_record_has_the_balance_with_its_weight(void)
{
    train("usual", CHANGES(OF_EXPERTS, "after 2u"), NULL, NULL);
    train("dense", CHANGES("after 2u"), NULL, NULL);
    char *usual = read_text("usual", "config.json"), *dense = read_text("dense", "config.json");
    cJSON *json = cJSON_Parse(usual), *other = cJSON_Parse(dense);
    const cJSON *training = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "dragoman"), "training"),
                *plain = cJSON_GetObjectItem(cJSON_GetObjectItem(other, "dragoman"), "training");
    const cJSON *balance = cJSON_GetObjectItem(training, "balance");
    CU_ASSERT_STRING_EQUAL(cJSON_GetStringValue(cJSON_GetArrayItem(balance, 0)), "loss");
    CU_ASSERT(cJSON_GetArraySize(balance) == 2);
    CU_ASSERT(plain && !cJSON_GetObjectItem(plain, "balance") && !cJSON_GetObjectItem(plain, "experts-top"));
    CU_ASSERT(!cJSON_GetObjectItem(other, "experts") && cJSON_GetObjectItem(json, "experts"));
    cJSON_Delete(json), cJSON_Delete(other);
    dm_free(usual), dm_free(dense);
}

const Fact facts[] = {
    FACT(balance_of_four_tokens_is_what_a_hand_computes),
    FACT(the_term_is_a_mean_of_tokens_of_every_router),
    FACT(a_bias_evens_out_a_skew),
    FACT(loads_at_the_mean_stay_as_they_are),
    FACT(runs_are_the_same_in_parts_and_with_any_threads),
    FACT(the_bias_stays_with_the_model),
    FACT(the_record_has_the_balance_with_its_weight),
    {NULL, NULL},
};
