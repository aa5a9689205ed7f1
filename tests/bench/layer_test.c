// What bench layer says of layers, on shapes small enough to be counted by hand: operations, ops that wait for one
// another, and how many layers a piece needs to be felt, which is asked once more by changing that piece.
#include "core/memory.h"
#include "backend.h"
#include "model/small_config.h"
#include "tensor/check.h"

#include "bench/path.h"
#include "model/operations.h"

enum { WIDTH = 16, PIECES = 11, LENGTH = 9, NEVER = 0 };

typedef struct Shape {
    const Architecture *architecture;
    const char *says;  // besides its width
} Shape;

static ModelConfig config_of(Shape shape, int layers)
{
    const Name says = dm_name("d_model %d %s", WIDTH, shape.says);
    const ModelConfig config = small_config_of(shape.architecture, PIECES, says.text);
    return dm_with_encoder_layers(&config, layers);
}

// ---- Operations and chains ------------------------------------------------------------------------------------------

typedef struct Counts {
    double forward, backward;
    int chain;
} Counts;

static double flops_of(CountedList *counted)
{
    double flops = 0;
    for (int i = 0; i < counted->count; i++) flops += dm_counted_flops(&counted->list[i]);
    dm_free(counted->list);
    return flops;
}

static Counts counts_of(Shape shape, int layers, int length)
{
    const ModelConfig config = config_of(shape, layers);
    CountedModel counted;
    CountedList forward = {0}, backward = {0};
    CU_ASSERT_EQUAL_FATAL(dm_counted_create(&counted, &config, NULL), DM_OK);
    const int chain = dm_count_encoding(&counted, (CountedText){1, length}, &forward, &backward);
    dm_counted_free(&counted);
    const double of_forward = flops_of(&forward);
    return (Counts){of_forward, flops_of(&backward), chain};
}

// Of a sentence of n pieces: n (a d^2 + b d) + c n^2 d multiplications and additions, and as many for either gradient,
// but r d^2 for that of the first state, which nobody wants; p n + q ops that wait for one another.
static void a_layer_has_the_operations_and_the_chain_of_its_formula(void)
{
    static const struct {
        Shape shape;
        int a, b, c, r, p, q;
    } cases[] = {
        // q, k, v and out, scores and mixing, a block of one; qkv, attention, out, norm, fc1, fc2, norm
        {{&dm_transformer, "encoder_ffn_dim 1"}, 8, 4, 4, 0, 0, 7},
        {{&dm_transformer, "encoder_ffn_dim 64"}, 8 + 16, 0, 4, 0, 0, 7},
        {{&dm_transformer, "encoder_ffn_dim 1 norm_place pre"}, 8, 4, 4, 0, 0, 9},
        // input, rows in the order of time, and each step a product and a cell; the rows as they were
        {{&dm_rnn, "hidden_size 16 encoder_direction forward"}, 12, 0, 0, 6, 2, 2},
        {{&dm_rnn, "hidden_size 16 encoder_direction forward cell lstm"}, 16, 0, 0, 8, 2, 2},
        // windows, product, gate, sum, its scale
        {{&dm_conv, "kernel_size 3"}, 12, 0, 0, 0, 0, 5},
        {{&dm_conv, "kernel_size 5"}, 20, 0, 0, 0, 0, 5},
        {{&dm_conv, "conv separable kernel_size 5"}, 4, 10, 0, 0, 0, 5},
    };
    const double d = WIDTH;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int n = 7; n <= 28; n *= 2) {
            const Counts one = counts_of(cases[i].shape, 1, n), two = counts_of(cases[i].shape, 2, n);
            const double forward = two.forward - one.forward, backward = two.backward - one.backward,
                         formula = n * (cases[i].a * d * d + cases[i].b * d) + cases[i].c * (double)n * n * d,
                         back = 2 * formula - cases[i].r * d * d;
            expect(forward == formula, "%s, %d pieces: %g forward, not %g", cases[i].shape.says, n, forward, formula);
            expect(backward == back, "%s, %d pieces: %g backward, not %g", cases[i].shape.says, n, backward, back);
            const int chain = two.chain - one.chain, expected = cases[i].p * n + cases[i].q;
            expect(chain == expected, "%s, %d pieces: a chain of %d, not %d", cases[i].shape.says, n, chain, expected);
        }
}

// Sentences side by side wait no longer than the longest of them.
static void sentences_do_not_wait_for_one_another(void)
{
    const ModelConfig config = config_of((Shape){&dm_rnn, "hidden_size 16"}, 1);
    CountedModel counted;
    CU_ASSERT_EQUAL_FATAL(dm_counted_create(&counted, &config, NULL), DM_OK);
    int chain[2];
    for (int many = 0; many < 2; many++) {
        CountedList forward = {0}, backward = {0};
        const CountedText text = {many ? 5 : 1, many ? 5 * LENGTH : LENGTH};
        chain[many] = dm_count_encoding(&counted, text, &forward, &backward);
        dm_free(forward.list);
        dm_free(backward.list);
    }
    CU_ASSERT_EQUAL(chain[0], chain[1]);
    dm_counted_free(&counted);
}

// The target is read as it stands, so that attention need not wait, and a cell must.
static void teacher_forcing_waits_for_cells_alone(void)
{
    static const struct {
        Shape shape;
        bool waits;
    } cases[] = {{{&dm_transformer, ""}, false},
                 {{&dm_conv, ""}, false},
                 {{&dm_rnn, "attention dot"}, true},
                 {{&dm_rnn, ""}, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ModelConfig config = config_of(cases[i].shape, 1);
        CountedModel counted;
        CU_ASSERT_EQUAL_FATAL(dm_counted_create(&counted, &config, NULL), DM_OK);
        int chain[2];
        for (int twice = 0; twice < 2; twice++) {
            CountedList list = {0};
            chain[twice] =
                dm_count_training(&counted, (CountedText){1, LENGTH}, (CountedText){1, (1 + twice) * LENGTH}, &list);
            dm_free(list.list);
        }
        expect(chain[0] > 0 && (chain[1] > chain[0]) == cases[i].waits, "case %zu: chains of %d and %d", i, chain[0],
               chain[1]);
        if (cases[i].waits) expect(chain[1] >= chain[0] + 2 * LENGTH, "case %zu: %d, %d", i, chain[0], chain[1]);
        dm_counted_free(&counted);
    }
}

// ---- Paths ----------------------------------------------------------------------------------------------------------

static const struct {
    Shape shape;
    int layers;
} paths[] = {
    {{&dm_transformer, ""}, 1},
    {{&dm_transformer, "attention_window 8"}, 1},
    {{&dm_transformer, "attention_window 7"}, 2},
    {{&dm_transformer, "attention_window 3"}, 3},
    {{&dm_transformer, "attention_window 2 norm_place pre"}, 4},
    {{&dm_rnn, "hidden_size 12 encoder_direction forward"}, 1},
    {{&dm_rnn, "hidden_size 12 cell lstm"}, 1},
    {{&dm_rnn, "hidden_size 12 encoder_direction backward"}, NEVER},  // it has read the last piece alone
    {{&dm_conv, "kernel_size 3"}, 8},
    {{&dm_conv, "kernel_size 5"}, 4},
    {{&dm_conv, "kernel_size 17"}, 1},
    {{&dm_conv, "conv separable kernel_size 5"}, 4},
    {{&dm_conv, "conv light kernel_size 3"}, 8},
    {{&dm_conv, "conv dynamic kernel_size 7"}, 3},
};
enum { PATHS = sizeof paths / sizeof *paths };

static void the_path_is_as_long_as_windows_make_it(void)
{
    for (int i = 0; i < PATHS; i++) {
        const ModelConfig config = config_of(paths[i].shape, 1);
        const Path path = dm_path(&config, LENGTH, 1, chosen_backend());
        expect(path.layers == paths[i].layers, "%s: through %d layers, not %d", paths[i].shape.says, path.layers,
               paths[i].layers);
        expect(path.layers ? path.share > 0 && path.share < 1 : path.share == 0 && path.tried > LENGTH,
               "%s: a share of %g, through up to %d layers", paths[i].shape.says, path.share, path.tried);
    }
}

// Through that many layers of the one gradients grow by a factor of 10^23, through those of the other they shrink by
// 10^49.
static void a_long_path_is_found_where_gradients_explode_and_where_they_vanish(void)
{
    static const char *const kinds[] = {"plain", "separable"};
    for (int i = 0; i < 2; i++) {
        const ModelConfig config =
            small_config_of(&dm_conv, PIECES, dm_name("d_model 64 kernel_size 3 conv %s", kinds[i]).text);
        const Path path = dm_path(&config, 64, 1, chosen_backend());
        expect(path.layers == 63 && path.share > 0 && path.share < 1e-12, "%s: through %d layers, %g", kinds[i],
               path.layers, path.share);
    }
}

// Whether the last state is another where the first piece is.
static bool feels_a_change(Shape shape, int layers)
{
    const ModelConfig config = config_of(shape, layers);
    Model *model = dm_model_create(&config);
    dm_model_initialise(model, 1);
    float last[2][2 * WIDTH] = {{0}};  // of a convolution, two parts
    for (int changed = 0; changed < 2; changed++) {
        Arena arena = {0};
        Graph g = {.arena = &arena, .gemm = chosen_backend(), .parameters = model->parameters.data};
        const int length = LENGTH, ids[LENGTH] = {4 + changed, 3, 3, 3, 3, 3, 3, 3, 3};
        const Tensor *rows = model->architecture->encode(&g, model, dm_tokens(&arena, 1, &length, ids)).rows;
        memcpy(last[changed], dm_row(rows, LENGTH - 1), (size_t)rows->cols * sizeof(float));
        dm_arena_destroy(&arena);
    }
    dm_model_destroy(model);
    return memcmp(last[0], last[1], sizeof *last) != 0;
}

static void a_change_of_the_first_piece_takes_the_same_path(void)
{
    for (int i = 0; i < PATHS; i++) {
        int layers = 1;
        while (layers <= LENGTH && !feels_a_change(paths[i].shape, layers)) layers++;
        if (layers > LENGTH) layers = NEVER;
        expect(layers == paths[i].layers, "%s: a change is felt through %d layers, not %d", paths[i].shape.says, layers,
               paths[i].layers);
    }
}

const Fact facts[] = {
    FACT(a_layer_has_the_operations_and_the_chain_of_its_formula),
    FACT(sentences_do_not_wait_for_one_another),
    FACT(teacher_forcing_waits_for_cells_alone),
    FACT(the_path_is_as_long_as_windows_make_it),
    FACT(a_long_path_is_found_where_gradients_explode_and_where_they_vanish),
    FACT(a_change_of_the_first_piece_takes_the_same_path),
    {NULL, NULL},
};
