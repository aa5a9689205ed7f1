// The list of products that bench measures, against the layers of a Transformer, written out here, and the flops of the
// list against those that were counted.
#include "core/memory.h"
#include "model/small_config.h"
#include "tensor/check.h"

#include "bench/products.h"
#include "model/operations.h"

enum { WIDTH = 16, FFN = 40, LAYERS = 3, PIECES = 700, ROWS = 96, LENGTH = 14 };  // pieces: more than one block

static ModelConfig config_of(const Architecture *architecture)
{
    ModelConfig config = small_transformer(PIECES, WIDTH, LAYERS, 2);
    dm_transformer_shape(&config)->encoder_ffn = dm_transformer_shape(&config)->decoder_ffn = FFN;
    config.architecture = architecture;
    if (architecture != &dm_transformer) {
        memset(config.shape, 0, sizeof config.shape);
        dm_shape_take_usual(&config);
    }
    return config;
}

// Of a linear layer of [out, in]: how many of them a source piece and a target piece have.
typedef struct Expected {
    const char *layer;
    int rows, out, in;
    double source, target;
} Expected;

static void expect_product(const Products *products, const Expected *e, Pass pass, int m, int n, int k)
{
    int found = 0;
    for (int i = 0; i < products->count; i++) {
        const Product *p = &products->list[i];
        if (p->pass != pass || p->m != m || p->n != n || p->k != k) continue;
        found++;
        const double flops = 2.0 * e->out * e->in;
        expect(strcmp(p->layer, e->layer) == 0, "[%d, %d, %d] is of '%s', not of '%s'", m, n, k, p->layer, e->layer);
        expect(fabs(p->source - flops * e->source) < 1e-6 * flops && fabs(p->target - flops * e->target) < 1e-6 * flops,
               "%s, %s: %g of a source piece, %g of a target piece", e->layer, dm_pass_name(pass), p->source / flops,
               p->target / flops);
    }
    expect(found == 1, "%s, %s: [%d, %d, %d] is there %d times", e->layer, dm_pass_name(pass), m, n, k, found);
}

static void expect_products(Products *products, const Expected *expected, int count, bool backward)
{
    expect(products->count == count * (backward ? 3 : 1), "%d products", products->count);
    for (const Expected *e = expected; e < expected + count; e++) {
        expect_product(products, e, DM_PASS_FORWARD, e->rows, e->out, e->in);
        if (backward) expect_product(products, e, DM_PASS_INPUT, e->rows, e->in, e->out);
        if (backward) expect_product(products, e, DM_PASS_WEIGHT, e->out, e->in, e->rows);
    }
    dm_products_free(products);
}

static void training_multiplies_as_its_layers_say(void)
{
    static const Expected expected[] = {
        {"q_proj+k_proj+v_proj", ROWS, 3 * WIDTH, WIDTH, LAYERS, LAYERS},
        {"out_proj, q_proj", ROWS, WIDTH, WIDTH, LAYERS, 3 * LAYERS},  // decoder: self, and two of cross-attention
        {"fc1", ROWS, FFN, WIDTH, LAYERS, LAYERS},
        {"fc2", ROWS, WIDTH, FFN, LAYERS, LAYERS},
        {"k_proj+v_proj", ROWS, 2 * WIDTH, WIDTH, LAYERS, 0},
        {"output", ROWS, PIECES, WIDTH, 0, 1},
    };
    const ModelConfig config = config_of(&dm_transformer);
    Products products = {0};
    CU_ASSERT_EQUAL_FATAL(dm_products_of_training(&products, &config, ROWS, LENGTH, NULL), DM_OK);
    expect_products(&products, expected, 6, true);
}

static void search_multiplies_as_its_layers_say(void)
{
    enum { SENTENCES = 4, BEAM = 3, SOURCE = 55, SLOTS = SENTENCES * BEAM };
    static const Expected expected[] = {
        {"q_proj+k_proj+v_proj", SOURCE, 3 * WIDTH, WIDTH, LAYERS, 0},
        {"out_proj", SOURCE, WIDTH, WIDTH, LAYERS, 0},
        {"fc1", SOURCE, FFN, WIDTH, LAYERS, 0},
        {"fc2", SOURCE, WIDTH, FFN, LAYERS, 0},
        {"k_proj+v_proj", SOURCE, 2 * WIDTH, WIDTH, LAYERS, 0},
        {"q_proj+k_proj+v_proj", SLOTS, 3 * WIDTH, WIDTH, 0, LAYERS * BEAM},
        {"out_proj, q_proj", SLOTS, WIDTH, WIDTH, 0, 3 * LAYERS * BEAM},
        {"fc1", SLOTS, FFN, WIDTH, 0, LAYERS * BEAM},
        {"fc2", SLOTS, WIDTH, FFN, 0, LAYERS * BEAM},
        {"output", SLOTS, PIECES, WIDTH, 0, BEAM},
    };
    const ModelConfig config = config_of(&dm_transformer);
    Products products = {0};
    CU_ASSERT_EQUAL_FATAL(dm_products_of_search(&products, &config, SOURCE, SENTENCES, BEAM, NULL), DM_OK);
    expect_products(&products, expected, 10, false);
    CU_ASSERT_EQUAL_FATAL(dm_products_of_search(&products, &config, 0, SENTENCES, BEAM, NULL), DM_OK);
    expect_products(&products, expected + 5, 5, false);
}

static double with_weights(const CountedList *counted)
{
    double flops = 0;
    for (int i = 0; i < counted->count; i++)
        if (counted->list[i].pass != DM_PASS_NONE) flops += dm_counted_flops(&counted->list[i]);
    return flops;
}

// Nothing is lost on the way from what was counted to the list, of whatever architecture; more rows than the loss takes
// at once.
static void the_list_has_all_that_was_counted(void)
{
    enum { MANY = DM_CROSS_ENTROPY_ROWS + 48 };
    for (int i = 0; dm_architectures[i]; i++) {
        const ModelConfig config = config_of(dm_architectures[i]);
        const CountedText text = {MANY / LENGTH, MANY};
        CountedModel model;
        CountedList counted = {0};
        Products products = {0};
        CU_ASSERT_EQUAL_FATAL(dm_counted_create(&model, &config, NULL), DM_OK);
        dm_count_training(&model, text, text, &counted);
        CU_ASSERT_EQUAL_FATAL(dm_products_of_training(&products, &config, MANY, LENGTH, NULL), DM_OK);
        const double all = with_weights(&counted), listed = dm_products_flops(&products, MANY, MANY);
        expect(all > 0 && fabs(listed - all) < 1e-9 * all, "%s: %g counted, %g listed", dm_architectures[i]->name, all,
               listed);
        double source = 0;
        for (int p = 0; p < products.count; p++) source += products.list[p].source;
        expect(source > 0 && source * MANY < all, "%s: a source piece has %g", dm_architectures[i]->name, source);
        dm_free(counted.list);
        dm_products_free(&products);
        dm_counted_free(&model);
    }
}

const Fact facts[] = {
    FACT(training_multiplies_as_its_layers_say),
    FACT(search_multiplies_as_its_layers_say),
    FACT(the_list_has_all_that_was_counted),
    {NULL, NULL},
};
