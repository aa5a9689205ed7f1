// The Transformer as a whole: its gradient, and that batches, prefixes and caches change nothing of what it computes.
#include "core/memory.h"
#include "model/layers/experts.h"
#include "model/gradients.h"

static void gradient_of_the_loss_agrees_with_differences(void)
{
    ModelConfig config = small_config();
    check_gradient(&config, 0);
}

static void gradient_with_dropout_agrees_with_differences(void)
{
    ModelConfig config = small_config();
    TransformerShape *shape = dm_transformer_shape(&config);
    shape->scale_embedding = false;
    shape->activation = named("activation_function", "gelu");
    check_gradient(&config, 0.2f);
}

static void gradient_with_dropout_in_every_place_agrees_with_differences(void)
{
    const int windows[] = {0, 3};
    for (size_t i = 0; i < DM_COUNT(windows); i++) {
        ModelConfig config = small_config();
        dm_transformer_shape(&config)->attention_window = windows[i];
        Setting setting = setting_of(&config);
        setting.more = 0.3f;
        check_gradient_of(setting, 0.1f);
    }
}

static void gradient_without_shared_embeddings_agrees_with_differences(void)
{
    ModelConfig config = small_config();
    config.shared_embeddings = config.tied_output = false;
    config.source_vocabulary = VOCABULARY + 5;
    dm_transformer_shape(&config)->activation = named("activation_function", "tanh");
    check_gradient(&config, 0);
}

static void gradient_with_every_norm_in_every_place_agrees_with_differences(void)
{
    for (int norm = 0; dm_norm_choice(norm).name; norm++)
        for (int place = 0; dm_norm_place_choice(place).name; place++) {
            ModelConfig config = small_config();
            dm_transformer_shape(&config)->norm = norm;
            dm_transformer_shape(&config)->norm_place = place;
            check_gradient(&config, 0.2f);
        }
}

// Up to the norm at the end a pre-norm stack is a sum, whose parts start smaller the more they are: its variance does
// not grow with the layers. (The embedding's, 1 for each feature, is a part of it.)
static void the_depth_does_not_make_the_output_of_a_new_pre_norm_model_larger(void)
{
    enum { WIDE = 64, LENGTH = 40 };
    static const int depths[] = {1, 6, 24};
    double variance[DM_COUNT(depths)][2];
    for (size_t d = 0; d < DM_COUNT(depths); d++) {
        ModelConfig config = small_transformer(VOCABULARY, WIDE, depths[d], 4);
        dm_transformer_shape(&config)->norm_place = named("norm_place", "pre");
        Setting s = {.model = dm_model_create(&config)};
        dm_model_initialise(s.model, 3);
        NormPlace bare = dm_norm_places[named("norm_place", "pre")];
        bare.at_end = false;
        ((Transformer *)s.model->layers)->norm_place = &bare;
        Graph *g = begin(&s, false, 0);
        const int length = LENGTH;
        int ids[LENGTH];
        for (int i = 0; i < LENGTH; i++) ids[i] = i * 7 % (VOCABULARY - 1);
        const Memory memory = s.model->architecture->encode(g, s.model, dm_tokens(g->arena, 1, &length, ids));
        const Tensor *x[2] = {memory.rows,
                              s.model->architecture->decode(g, s.model, memory, dm_tokens(g->arena, 1, &length, ids))};
        for (int side = 0; side < 2; side++) {
            variance[d][side] = 0;
            for (int i = 0; i < LENGTH * WIDE; i++)
                variance[d][side] += pow((double)x[side]->data[i], 2) / (LENGTH * WIDE);
            expect(variance[d][side] < 1.3 * variance[0][side] && variance[d][side] > 0.7 * variance[0][side],
                   "the mean square of %s %d layers deep is %g, one layer's is %g", side ? "a decoder" : "an encoder",
                   depths[d], variance[d][side], variance[0][side]);
        }
        end(&s);
    }
}

static void gradient_with_gated_blocks_agrees_with_differences(void)
{
    ModelConfig config = small_config();
    dm_transformer_shape(&config)->activation = named("activation_function", "swiglu");
    check_gradient(&config, 0);
}

// How little would have to change for a token to go to another expert: of all tokens and routers, the least distance of
// an affinity of those chosen from one of the others, with their biases.
static double least_margin(Setting *s)
{
    double least = INFINITY;
    RouteTap tap = {0};
    Graph *g = begin(s, true, 0);
    const Model *m = s->model;
    g->routes = &tap;
    Memory memory = m->architecture->encode(g, m, dm_tokens(g->arena, PAIRS, source_lengths, source_ids));
    m->architecture->decode(g, m, memory, dm_tokens(g->arena, PAIRS, target_lengths, target_inputs));
    for (const Routing *r = tap.first; r; r = r->next) {
        const float *bias = m->parameters.data + dm_router_bias(&m->parameters, r->router)->offset;
        for (int i = 0; i < r->logits->rows; i++) {
            const float *a = r->affinity + (size_t)i * (size_t)r->experts;
            const int *chosen = r->chosen + (size_t)i * (size_t)r->top, last = chosen[r->top - 1];
            for (int e = 0; e < r->experts; e++) {
                bool is_chosen = false;
                for (int k = 0; k < r->top; k++) is_chosen = is_chosen || chosen[k] == e;
                if (!is_chosen) least = fmin(least, (double)(a[last] + bias[last] - a[e] - bias[e]));
            }
        }
    }
    return least;
}

// The weights, of some hundred at random, by which choices are least near to being others: differences must not change
// any.
static Setting clear_setting_of(const ModelConfig *config)
{
    uint64_t best = 0;
    double most = -1;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        Setting s = setting_of(config);
        dm_model_destroy(s.model);
        s.model = random_model(config, seed);
        const double margin = least_margin(&s);
        if (margin > most) most = margin, best = seed;
        end(&s);
    }
    expect(most > 0.015, "the clearest choices are apart by %g", most);
    Setting s = setting_of(config);
    dm_model_destroy(s.model);
    s.model = random_model(config, best);
    return s;
}

static void gradient_with_experts_agrees_with_differences(void)
{
    ModelConfig config = small_config();
    TransformerShape *shape = dm_transformer_shape(&config);
    shape->experts = 4, shape->experts_top = 2, shape->experts_every = 2, shape->experts_shared = 1;
    check_gradient_of(clear_setting_of(&config), 0);
    shape->router = named("router", "sigmoid");
    shape->activation = named("activation_function", "swiglu");
    check_gradient_of(clear_setting_of(&config), 0);
    shape->experts_top = 1, shape->experts_shared = 0, shape->experts_ffn = 8;
    check_gradient_of(clear_setting_of(&config), 0.2f);
}

static void gradient_with_each_kind_of_position_agrees_with_differences(void)
{
    for (int i = 0; dm_position_kinds[i]; i++)
        for (int window = 0; window < 2; window++) {
            ModelConfig config = small_config();
            TransformerShape *shape = dm_transformer_shape(&config);
            shape->positions = i;
            shape->attention_window = 2 * window;
            if (i || window) check_gradient(&config, window ? 0.2f : 0);
        }
}

static void dropout_acts_alike_with_and_without_a_tape(void)
{
    ModelConfig config = small_config();
    Setting s = setting_of(&config);
    double plain = loss_of(&s, LOOKING, 0), dropped = loss_of(&s, LOOKING, 0.3f), recorded = loss_of(&s, BACK, 0.3f);
    CU_ASSERT(fabs(plain - dropped) > 1e-3);
    expect(fabs(dropped - recorded) <= 1e-5 * dropped, "%.9g without tape, %.9g with it", dropped, recorded);
    s.more = 0.4f;
    dropped = loss_of(&s, LOOKING, 0), recorded = loss_of(&s, BACK, 0);
    CU_ASSERT(fabs(plain - dropped) > 1e-3);
    expect(fabs(dropped - recorded) <= 1e-5 * dropped, "%.9g without tape, %.9g with it", dropped, recorded);
    end(&s);
}

// Layers each by itself, and a layer of a pass always alike.
static void layers_are_passed_over_as_often_as_is_said(void)
{
    enum { LAYERS = 8, PASSES = 500 };
    int dropped = 0, alike = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        Graph g = {.seed = 3, .update = (uint32_t)pass / 4, .shard = (uint32_t)pass % 4, .layer_drop = 0.2f};
        int here = 0;
        for (int i = 0; i < LAYERS; i++) {
            here += dm_is_dropped(&g, i);
            CU_ASSERT_EQUAL(dm_is_dropped(&g, i), dm_is_dropped(&g, i));
        }
        dropped += here;
        alike += here == 0 || here == LAYERS;
        g.layer_drop = 0;
        CU_ASSERT(!dm_is_dropped(&g, pass % LAYERS));
    }
    const double expected = 0.2 * LAYERS * PASSES, deviation = sqrt(0.8 * expected);
    expect(fabs(dropped - expected) < 4 * deviation, "%d of %d dropped", dropped, LAYERS * PASSES);
    expect(alike < PASSES / 3, "%d of %d passes have all layers alike", alike, PASSES);
}

// Rows of `all` that are sequence i, against a tensor of that sequence alone.
static void a_batch_equals_each_sentence_alone(void)
{
    ModelConfig config = small_config();
    Setting s = setting_of(&config);
    const Architecture *a = s.model->architecture;
    Graph *g = begin(&s, false, 0);
    Memory memory = a->encode(g, s.model, dm_tokens(g->arena, PAIRS, source_lengths, source_ids));
    Tensor *x = a->decode(g, s.model, memory, dm_tokens(g->arena, PAIRS, target_lengths, target_inputs));
    CU_ASSERT_EQUAL(memory.spans.n, PAIRS);
    for (int i = 0, source = 0, target = 0; i < PAIRS; source += source_lengths[i], target += target_lengths[i], i++) {
        Memory alone = a->encode(g, s.model, dm_tokens(g->arena, 1, &source_lengths[i], source_ids + source));
        same_rows("encoded alone", memory.rows, memory.spans.start[i], alone.rows, 1e-6 * 4);
        CU_ASSERT_EQUAL(memory.spans.length[i], source_lengths[i]);
        Tensor *decoded =
            a->decode(g, s.model, alone, dm_tokens(g->arena, 1, &target_lengths[i], target_inputs + target));
        same_rows("decoded alone", x, target, decoded, 1e-6 * 4);
    }
    end(&s);
}

static void a_target_token_changes_nothing_before_it(void)
{
    ModelConfig config = small_config();
    Setting s = setting_of(&config);
    const Architecture *a = s.model->architecture;
    enum { LENGTH = 9 };
    const int length = LENGTH;
    int ids[LENGTH] = {PAD, 3, 4, 5, 6, 7, 8, 9, 10};
    Graph *g = begin(&s, false, 0);
    Memory memory = a->encode(g, s.model, dm_tokens(g->arena, 1, source_lengths, source_ids));
    const Tensor *before = a->decode(g, s.model, memory, dm_tokens(g->arena, 1, &length, ids));
    for (int t = 1; t < LENGTH; t++) {
        ids[t] += 13;
        const Tensor *x = a->decode(g, s.model, memory, dm_tokens(g->arena, 1, &length, ids));
        ids[t] -= 13;
        for (int row = 0; row < LENGTH; row++) {
            double off = 0;
            for (int col = 0; col < WIDTH; col++)
                off = fmax(off, fabsf(dm_row(x, row)[col] - dm_row(before, row)[col]));
            expect(row < t ? off <= 1e-6 : off > 1e-4, "token %d changes row %d by %g", t, row, off);
        }
    }
    end(&s);
}

// Neither the order of the sources nor what else is in the batch matters: a source is seen by its own target alone.
static void a_source_token_reaches_its_own_target_alone(void)
{
    ModelConfig config = small_config();
    Setting s = setting_of(&config);
    const Architecture *a = s.model->architecture;
    Graph *g = begin(&s, false, 0);
    Tokens target = dm_tokens(g->arena, PAIRS, target_lengths, target_inputs);
    int ids[DM_COUNT(source_ids)];
    memcpy(ids, source_ids, sizeof ids);
    const Tensor *before =
        a->decode(g, s.model, a->encode(g, s.model, dm_tokens(g->arena, PAIRS, source_lengths, ids)), target);
    ids[6] = 21;  // in the third source
    const Tensor *x =
        a->decode(g, s.model, a->encode(g, s.model, dm_tokens(g->arena, PAIRS, source_lengths, ids)), target);
    for (int i = 0; i < PAIRS; i++)
        for (int row = target.spans.start[i]; row < target.spans.start[i] + target.spans.length[i]; row++) {
            double off = 0;
            for (int col = 0; col < WIDTH; col++)
                off = fmax(off, fabsf(dm_row(x, row)[col] - dm_row(before, row)[col]));
            expect(i == 2 ? off > 1e-4 : off <= 1e-6, "a token of source 2 changes row %d of target %d by %g", row, i,
                   off);
        }
    end(&s);
}

// ---- Search ---------------------------------------------------------------------------------------------------------

enum { MOST_STEPS = 80, MOST_SLOTS = 12 };

typedef struct Hypothesis {
    int source;
    int ids[MOST_STEPS + 1];  // decoder_start first
} Hypothesis;

// The last row of decode over the whole prefix, for each hypothesis by itself.
static void expect_step(Setting *s, Memory memory, const Hypothesis *hypotheses, int n, int length, const Tensor *x)
{
    const Architecture *a = s->model->architecture;
    expect(x->rows == n, "a step over %d slots gave %d rows", n, x->rows);
    for (int i = 0; i < n; i++) {
        Graph *g = &s->graph;
        ArenaMark mark = dm_arena_mark(g->arena);
        Memory own = memory;
        own.spans = (Spans){1, memory.spans.start + hypotheses[i].source, memory.spans.length + hypotheses[i].source};
        const Tensor *whole = a->decode(g, s->model, own, dm_tokens(g->arena, 1, &length, hypotheses[i].ids));
        double off = 0;
        for (int col = 0; col < WIDTH; col++) {
            double here = fabs(dm_row(x, i)[col] - dm_row(whole, length - 1)[col]);
            off = here <= off ? off : isnan(here) ? INFINITY : here;
        }
        expect(off <= 1e-5, "slot %d of %d at step %d is off by %g", i, n, length - 1, off);
        dm_arena_release(g->arena, mark);
    }
}

// What happens between two steps: slot i goes on from from[i], n slots in all; n = 0: nothing.
typedef struct Move {
    int n, from[MOST_SLOTS];
} Move;

static void check_search(const Move *moves, int move_count, int steps)
{
    ModelConfig config = small_config();
    Setting s = setting_of(&config);
    const Architecture *a = s.model->architecture;
    Graph *g = begin(&s, false, 0);
    Memory memory = a->encode(g, s.model, dm_tokens(g->arena, PAIRS, source_lengths, source_ids));
    SearchState *state = a->start(g, s.model, memory, 1);
    Random random = dm_random(9, 0, 0, 0);
    Hypothesis now[MOST_SLOTS], next[MOST_SLOTS];
    int n = PAIRS;
    for (int i = 0; i < n; i++) now[i] = (Hypothesis){.source = i};
    for (int step = 0; step < steps; step++) {
        const Move *move = move_count ? &moves[step % move_count] : NULL;
        if (move && move->n) {  // before the first step too
            for (int i = 0; i < move->n; i++) next[i] = now[move->from[i] % n];
            int from[MOST_SLOTS];
            for (int i = 0; i < move->n; i++) from[i] = move->from[i] % n;
            memcpy(now, next, sizeof now);
            n = move->n;
            a->keep(state, from, NULL, n, 1);
        }
        int ids[MOST_SLOTS];
        for (int i = 0; i < n; i++) ids[i] = now[i].ids[step] = step ? (int)dm_random_below(&random, PAD) : PAD;
        ArenaMark mark = dm_arena_mark(g->arena);
        expect_step(&s, memory, now, n, step + 1, a->extend(g, state, ids, NULL));
        if (step == 0 || (move && move->n)) dm_arena_release(g->arena, mark);  // there was room in the caches
    }
    a->finish(state);
    end(&s);
}

static void step_by_step_equals_the_whole_sequence(void)
{
    check_search(NULL, 0, MOST_STEPS);
}

static void slots_may_be_reordered_repeated_dropped_and_added(void)
{
    static const Move moves[] = {
        {0, {0}},
        {8, {0, 0, 1, 1, 2, 2, 3, 3}},               // every hypothesis twice: the beam opens
        {8, {1, 0, 3, 3, 2, 5, 7, 7}},               // some go on, some die
        {3, {7, 2, 2}},                              // shrinks
        {12, {0, 1, 2, 2, 1, 0, 0, 0, 1, 1, 2, 2}},  // grows beyond what there ever was
        {0, {0}},
        {1, {11}},  // one is left
        {5, {0, 0, 0, 0, 0}},
        {4, {3, 2, 1, 0}},
    };
    check_search(moves, DM_COUNT(moves), 40);
}

static void slots_may_be_reordered_before_the_first_step(void)
{
    static const Move same_number[] = {{4, {3, 2, 0, 0}}, {0, {0}}}, more[] = {{7, {0, 0, 1, 1, 2, 3, 3}}, {0, {0}}},
                      fewer[] = {{2, {3, 1}}, {0, {0}}, {0, {0}}};
    check_search(same_number, 2, 6);
    check_search(more, 2, 6);
    check_search(fewer, 3, 7);
}

// Two full layers over a long sequence still say the same step by step: the cache grows as often as it has to.
static void a_long_search_equals_the_whole_sequence(void)
{
    enum { LONG = 600 };
    ModelConfig config = small_config();
    Setting s = setting_of(&config);
    Graph *g = begin(&s, false, 0);
    static int ids[LONG];
    for (int i = 0; i < LONG; i++) ids[i] = i ? 1 + i % 29 : PAD;
    const int length = LONG;
    const Architecture *a = s.model->architecture;
    Memory memory = a->encode(g, s.model, dm_tokens(g->arena, 1, source_lengths, source_ids));
    const Tensor *whole = a->decode(g, s.model, memory, dm_tokens(g->arena, 1, &length, ids));
    SearchState *state = a->start(g, s.model, memory, 1);
    for (int t = 0; t < LONG; t++) {
        ArenaMark mark = dm_arena_mark(g->arena);
        const Tensor *x = a->extend(g, state, &ids[t], NULL);
        double off = 0;
        for (int j = 0; j < WIDTH; j++) off = fmax(off, fabsf(x->data[j] - dm_row(whole, t)[j]));
        if (!(off <= 1e-5)) expect(false, "step %d is off by %g", t, off);
        dm_arena_release(g->arena, mark);
        a->keep(state, (int[]){0}, NULL, 1, 1);
    }
    a->finish(state);
    end(&s);
}

const Fact facts[] = {
    FACT(gradient_of_the_loss_agrees_with_differences),
    FACT(gradient_with_dropout_agrees_with_differences),
    FACT(gradient_with_dropout_in_every_place_agrees_with_differences),
    FACT(layers_are_passed_over_as_often_as_is_said),
    FACT(gradient_without_shared_embeddings_agrees_with_differences),
    FACT(gradient_with_gated_blocks_agrees_with_differences),
    FACT(gradient_with_every_norm_in_every_place_agrees_with_differences),
    FACT(the_depth_does_not_make_the_output_of_a_new_pre_norm_model_larger),
    FACT(gradient_with_experts_agrees_with_differences),
    FACT(gradient_with_each_kind_of_position_agrees_with_differences),
    FACT(dropout_acts_alike_with_and_without_a_tape),
    FACT(a_batch_equals_each_sentence_alone),
    FACT(a_target_token_changes_nothing_before_it),
    FACT(a_source_token_reaches_its_own_target_alone),
    FACT(step_by_step_equals_the_whole_sequence),
    FACT(slots_may_be_reordered_repeated_dropped_and_added),
    FACT(slots_may_be_reordered_before_the_first_step),
    FACT(a_long_search_equals_the_whole_sequence),
    {NULL, NULL},
};
