// Activations and feed-forward blocks, row by row of their tables, against formulas in double precision. A row without
// a formula (formulas.h) fails.
#include "model/formulas.h"

// ---- Activations ----------------------------------------------------------------------------------------------------

static void check_activation(const ActivationRow *row, double (*formula)(double))
{
    Rows wanted;
    Arena arena = {0};
    Graph g = {.arena = &arena, .gemm = chosen_backend()};
    Tensor *x = random_rows(&g, 1), *unit = dm_tensor(&g, COLS, COLS);
    for (int i = 0; i < COLS * COLS; i++) unit->data[i] = i % COLS == i / COLS;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) wanted[i][j] = formula((double)dm_row(x, i)[j]);
    expect_near(dm_linear(&g, x, unit, NULL, row->activation), wanted, row->name);
    dm_arena_destroy(&arena);
}

static void every_activation_is_its_formula(void)
{
    int a = 0;
    for (; dm_activations[a].name; a++) {
        int known = 0;
        CU_ASSERT_STRING_EQUAL(dm_activation_choice(a).name, dm_activations[a].name);
        for (size_t k = 0; k < DM_COUNT(activations); k++) {
            if (strcmp(activations[k].name, dm_activations[a].name) != 0) continue;
            check_activation(&dm_activations[a], activations[k].formula);
            known++;
        }
        expect(known == 1, "the activation %s has %d formulas", dm_activations[a].name, known);
    }
    CU_ASSERT_PTR_NULL(dm_activation_choice(a).name);
}

static void what_is_offered_can_be_written(void)
{
    int a = 0;
    for (; dm_activation_offered(a).name; a++) {
        int found = 0;
        while (dm_activation_choice(found).name &&
               strcmp(dm_activation_choice(found).name, dm_activation_offered(a).name) != 0)
            found++;
        expect(dm_activation_choice(found).name && dm_activation_offered(a).about, "--activation %s",
               dm_activation_offered(a).name);
    }
    CU_ASSERT(a > 1);
}

static void other_programs_have_all_activations_but_the_gated_ones(void)
{
    for (int a = 0; dm_activations[a].name; a++) CU_ASSERT_EQUAL(dm_activations[a].gated, a >= DM_COMMON_ACTIVATIONS);
}

// ---- Feed-forward blocks --------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    void (*formula)(const FeedForward *block, double (*f)(double), const double *x, double *y);
    size_t weights;
} blocks[] = {{"plain", plain, 2 * COLS *INNER + COLS + INNER}, {"gated", gated, 3 * COLS *INNER}};

static void check_block(const ActivationRow *activation, double (*f)(double))
{
    const FeedForwardShape shape = {.width = COLS, .inner = INNER, .activation = activation};
    const FeedForwardKind *kind = dm_feed_forward_of(&shape);
    Parameters p = {0};
    kind->declare(&p, "a.layer", &shape);
    dm_parameters_allocate(&p);
    fill(p.data, (int)p.size, 4);
    const FeedForward block = dm_feed_forward_find(&p, "a.layer", &shape);
    Arena arena = {0};
    Graph g = {.arena = &arena, .gemm = chosen_backend(), .parameters = p.data};
    Tensor *x = random_rows(&g, 1);
    int known = 0;
    for (size_t k = 0; k < DM_COUNT(blocks); k++) {
        if (strcmp(blocks[k].name, kind->name) != 0) continue;
        Rows given, wanted;
        copy(given, x);
        for (int i = 0; i < ROWS; i++) blocks[k].formula(&block, f, given[i], wanted[i]);
        CU_ASSERT_EQUAL(p.size, blocks[k].weights);
        expect_near(kind->apply(&g, &block, x), wanted, activation->name);
        known++;
    }
    expect(known == 1, "the feed-forward block %s has %d formulas", kind->name, known);
    dm_parameters_free(&p);
    dm_arena_destroy(&arena);
}

static void every_feed_forward_block_is_its_formula(void)
{
    bool met[DM_COUNT(blocks) + 1] = {false};
    for (int a = 0; dm_activations[a].name; a++) {
        const FeedForwardKind *kind = dm_feed_forward_of(&(FeedForwardShape){.activation = &dm_activations[a]});
        for (size_t k = 0; k < DM_COUNT(activations); k++)
            if (strcmp(activations[k].name, dm_activations[a].name) == 0)
                check_block(&dm_activations[a], activations[k].formula);
        for (size_t k = 0; dm_feed_forwards[k]; k++) met[k] = met[k] || dm_feed_forwards[k] == kind;
    }
    const FeedForwardKind *kind = dm_feed_forward_of(&(FeedForwardShape){.experts = 1, .activation = dm_activations});
    for (size_t k = 0; dm_feed_forwards[k]; k++)
        expect(met[k] || dm_feed_forwards[k] == kind, "nothing makes a %s block", dm_feed_forwards[k]->name);
}

const Fact facts[] = {
    FACT(every_activation_is_its_formula),
    FACT(what_is_offered_can_be_written),
    FACT(other_programs_have_all_activations_but_the_gated_ones),
    FACT(every_feed_forward_block_is_its_formula),
    {NULL, NULL},
};
