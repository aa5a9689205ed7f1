// Facts about the profile: every product and every moment is charged to the op that spends it. The products tell
// whether the accounts change hands at the right place: they are counted as the time is, but do not depend on the
// clock.
#include <math.h>

#include "core/error.h"
#include "core/random.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ops.h"
#include "test.h"

// Attention over a sequence so long that its products go through the seam: padded(ROWS) = ROWS.
enum { ROWS = 80, WIDTH = 64, INNER = 48, VOCABULARY = 30, WEIGHTS = 2 * WIDTH * INNER + VOCABULARY * WIDTH };

// Embedding, two linear ops, attention, residual and loss, forward and backward; the time that the watch ran, to
// *whole.
static void run(Profile *profile, double *whole)
{
    static Arena arena;
    static float weights[WEIGHTS], gradients[WEIGHTS];
    dm_arena_reset(&arena);
    Random random = dm_random(5, 0, 0, 0);
    for (int i = 0; i < WEIGHTS; i++) weights[i] = (float)dm_random_normal(&random) / 8;
    Graph g = {.arena = &arena, .parameters = weights, .gradients = gradients, .recording = true, .profile = profile};
    dm_error error;
    if (dm_gemm_choose(&g.gemm, test_backend, WIDTH, &error)) abort();
    const Tensor table = {.rows = VOCABULARY, .cols = WIDTH, .stride = WIDTH, .data = weights, .parameter = true},
                 in = {.rows = INNER,
                       .cols = WIDTH,
                       .stride = WIDTH,
                       .data = weights + VOCABULARY * WIDTH,
                       .parameter = true},
                 out = {.rows = WIDTH,
                        .cols = INNER,
                        .stride = INNER,
                        .data = weights + VOCABULARY * WIDTH + WIDTH * INNER,
                        .parameter = true};
    int ids[ROWS], start = 0, length = ROWS;
    for (int i = 0; i < ROWS; i++) ids[i] = i % VOCABULARY;
    const Spans spans = {1, &start, &length};

    dm_profile_turn(profile, DM_SPENT_OTHERWISE);
    const double begin = profile->since;
    Tensor *x = dm_embedding(&g, &(Embedding){.table = &table, .n = ROWS, .ids = ids, .scale = 1, .frozen = -1});
    Tensor *y = dm_linear(&g, dm_linear(&g, x, &in, NULL, DM_RELU), &out, NULL, DM_IDENTITY);
    Tensor *z = dm_attention(&g, &(Attention){.q = *y, .k = *y, .v = *y, .queries = spans, .keys = spans, .heads = 1});
    x = dm_residual(&g, x, z, 0);
    dm_profile_turn(profile, DM_SPENT_WAITING);
    dm_cross_entropy(&g, &(CrossEntropy){.x = x, .weight = &table, .targets = ids, .excluded = -1});
    dm_backward(&g);
    dm_profile_turn(profile, DM_SPENT_NOWHERE);
    *whole = profile->since - begin;
}

static void every_product_is_charged_to_its_op(void)
{
    const double linear = 2.0 * ROWS * WIDTH * INNER, attention = 2.0 * ROWS * ROWS * WIDTH,
                 loss = 2.0 * ROWS * VOCABULARY * WIDTH;
    const struct {
        const Op *op;
        long calls;
        double forward, backward;
    } expected[] = {
        {&dm_embedding_op, 1, 0, 0},
        {&dm_linear_op, 2, 2 * linear, 4 * linear},
        {&dm_attention_op, 1, 2 * attention, 4 * attention},
        {&dm_residual_op, 1, 0, 0},
        {&dm_cross_entropy_op, 1, 3 * loss, 0},  // its gradient is made on the way forward
        {&dm_layer_norm_op, 0, 0, 0},
    };
    Profile profile;
    double whole;
    dm_profile_create(&profile);
    for (int times = 1; times <= 2; times++) {
        run(&profile, &whole);
        for (size_t i = 0; i < DM_COUNT(expected); i++) {
            const int account[] = {dm_profile_of(&profile, expected[i].op, false),
                                   dm_profile_of(&profile, expected[i].op, true)};
            const Account *forward = &profile.accounts[account[0]], *backward = &profile.accounts[account[1]];
            CU_ASSERT_EQUAL(forward->calls, times * expected[i].calls);
            CU_ASSERT_EQUAL(backward->calls, times * expected[i].calls);
            CU_ASSERT_EQUAL(forward->flops, times * expected[i].forward);
            CU_ASSERT_EQUAL(backward->flops, times * expected[i].backward);
        }
        CU_ASSERT_EQUAL(profile.accounts[DM_SPENT_WAITING].calls, times);
        CU_ASSERT_EQUAL(profile.accounts[DM_SPENT_OTHERWISE].calls, times);
    }
    dm_profile_free(&profile);
}

static void the_accounts_sum_to_the_time_of_the_watch(void)
{
    Profile profile;
    double whole, sum = 0;
    dm_profile_create(&profile);
    run(&profile, &whole);
    for (int i = 0; i < dm_profile_accounts(&profile); i++) {
        CU_ASSERT(profile.accounts[i].seconds >= 0);
        CU_ASSERT(profile.accounts[i].calls > 0 || profile.accounts[i].seconds == 0);
        sum += profile.accounts[i].seconds;
    }
    CU_ASSERT(whole > 0 && fabs(sum - whole) < 1e-9 * whole + 1e-12);
    dm_profile_forget(&profile);
    for (int i = 0; i < dm_profile_accounts(&profile); i++)
        CU_ASSERT(profile.accounts[i].seconds == 0 && profile.accounts[i].calls == 0);
    dm_profile_free(&profile);
}

static void a_tensor_of_no_op_is_no_ops_time(void)
{
    Profile profile;
    Arena arena = {0};
    dm_profile_create(&profile);
    Graph g = {.arena = &arena, .profile = &profile};
    dm_tensor(&g, 2, 2);
    dm_profile_turn(&profile, DM_SPENT_NOWHERE);
    for (int i = 0; i < dm_profile_accounts(&profile); i++)
        CU_ASSERT_EQUAL(profile.accounts[i].calls, i == DM_SPENT_OTHERWISE);
    dm_profile_free(&profile);
    dm_arena_destroy(&arena);
}

const Fact facts[] = {
    FACT(every_product_is_charged_to_its_op),
    FACT(the_accounts_sum_to_the_time_of_the_watch),
    FACT(a_tensor_of_no_op_is_no_ops_time),
    {NULL, NULL},
};
