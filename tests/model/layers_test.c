// What a Transformer layer is built from, row by row of the tables: norms, their places, positions, activations and
// feed-forward blocks, against formulas in double precision. A row without a formula here fails.
#include <cjson/cJSON.h>

#include "core/files.h"
#include "model/layers/experts.h"
#include "model/layers/norm_place.h"
#include "model/layers/positions.h"
#include "tensor/check.h"

enum { ROWS = 5, COLS = 12 };

typedef double Rows[ROWS][COLS];
typedef void PlaceFormula(const Norm *norm, Rows mask, Rows x, bool recording);

static void fill(float *to, int n, uint64_t seed)
{
    Random random = dm_random(seed, 0, 0, 0);
    for (int i = 0; i < n; i++) to[i] = (float)dm_random_normal(&random);
}

static Tensor *random_rows(Graph *g, uint64_t seed)
{
    Tensor *x = dm_tensor(g, ROWS, COLS);
    fill(x->data, ROWS * COLS, seed);
    return x;
}

static void copy(Rows to, const Tensor *from)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) to[i][j] = (double)dm_row(from, i)[j];
}

static void expect_near(const Tensor *got, Rows wanted, const char *what)
{
    double off = 0;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) {
            const double here = fabs((double)dm_row(got, i)[j] - wanted[i][j]);
            off = here <= off ? off : isnan(here) ? INFINITY : here;
        }
    expect(got->rows == ROWS && got->cols == COLS && off <= 1e-5, "%s is off by %g", what, off);
}

// ---- Norms ----------------------------------------------------------------------------------------------------------

static void layer_norm(const Norm *norm, Rows x, bool recording)
{
    (void)recording;
    for (int i = 0; i < ROWS; i++) {
        double mean = 0, variance = 0;
        for (int j = 0; j < COLS; j++) mean += x[i][j] / COLS;
        for (int j = 0; j < COLS; j++) variance += (x[i][j] - mean) * (x[i][j] - mean) / COLS;
        for (int j = 0; j < COLS; j++)
            x[i][j] = (double)norm->gain.data[j] * (x[i][j] - mean) / sqrt(variance + (double)DM_NORM_EPSILON) +
                      (double)norm->bias.data[j];
    }
}

static void rms_norm(const Norm *norm, Rows x, bool recording)
{
    (void)recording;
    for (int i = 0; i < ROWS; i++) {
        double square = 0;
        for (int j = 0; j < COLS; j++) square += x[i][j] * x[i][j] / COLS;
        for (int j = 0; j < COLS; j++) x[i][j] *= (double)norm->gain.data[j] / sqrt(square + 1e-6);
    }
}

// Of the rows where they are recorded, else of what was seen until now.
static void batch_norm(const Norm *norm, Rows x, bool recording)
{
    for (int j = 0; j < COLS; j++) {
        double mean = 0, variance = 0;
        for (int i = 0; i < ROWS; i++) mean += x[i][j] / ROWS;
        for (int i = 0; i < ROWS; i++) variance += (x[i][j] - mean) * (x[i][j] - mean) / ROWS;
        if (!recording) mean = (double)norm->mean.data[j], variance = (double)norm->variance.data[j];
        for (int i = 0; i < ROWS; i++)
            x[i][j] = (double)norm->gain.data[j] * (x[i][j] - mean) / sqrt(variance + (double)DM_NORM_EPSILON) +
                      (double)norm->bias.data[j];
    }
}

static const struct {
    const char *name;
    void (*formula)(const Norm *norm, Rows x, bool recording);  // in place
    int parameters;
} norms[] = {{"layer", layer_norm, 2}, {"rms", rms_norm, 1}, {"batch", batch_norm, 4}};

static void apply_formula(const Norm *norm, Rows x, bool recording)
{
    for (size_t k = 0; k < DM_COUNT(norms); k++)
        if (strcmp(norms[k].name, norm->kind->name) == 0) norms[k].formula(norm, x, recording);
}

// Of random weights, and the graph that they are for.
typedef struct Bed {
    Parameters parameters;
    Arena arena;
    Graph graph;
    Norm norm;
} Bed;

static void open_bed(Bed *b, const NormKind *kind, bool recording, float dropout)
{
    *b = (Bed){.parameters = {0}};
    kind->declare(&b->parameters, "a.norm", COLS);
    dm_parameters_allocate(&b->parameters);
    b->norm = dm_norm_find(&b->parameters, kind, "a.norm");
    fill(b->parameters.data, (int)b->parameters.size, 4);
    for (int j = 0; b->norm.variance.data && j < COLS; j++) b->norm.variance.data[j] = expf(b->norm.variance.data[j]);
    b->graph = (Graph){.arena = &b->arena,
                       .gemm = chosen_backend(),
                       .parameters = b->parameters.data,
                       .recording = recording,
                       .dropout = dropout,
                       .seed = 3,
                       .update = 1};
}

static void close_bed(Bed *b)
{
    dm_parameters_free(&b->parameters);
    dm_arena_destroy(&b->arena);
}

static void every_norm_is_its_formula(void)
{
    for (int n = 0; dm_norms[n]; n++) {
        const NormKind *kind = dm_norms[n];
        int known = 0;
        CU_ASSERT_STRING_EQUAL(dm_norm_choice(n).name, kind->name);
        for (size_t k = 0; k < DM_COUNT(norms); k++) {
            if (strcmp(norms[k].name, kind->name) != 0) continue;
            known++;
            for (int recording = 0; recording < 2; recording++) {
                Bed b;
                Rows wanted, sum;
                open_bed(&b, kind, recording, 0);
                CU_ASSERT_EQUAL(b.parameters.count, norms[k].parameters);
                const Tensor *x = random_rows(&b.graph, 1), *f = random_rows(&b.graph, 2);
                copy(wanted, x);
                apply_formula(&b.norm, wanted, recording);
                expect_near(kind->apply(&b.graph, &b.norm, x), wanted, kind->name);
                copy(wanted, x), copy(sum, f);
                for (int i = 0; i < ROWS; i++)
                    for (int j = 0; j < COLS; j++) wanted[i][j] += sum[i][j];
                apply_formula(&b.norm, wanted, recording);
                expect_near(kind->apply_to_residual(&b.graph, &b.norm, x, f), wanted, "the norm of a residual");
                close_bed(&b);
            }
        }
        expect(known == 1, "the norm %s has %d formulas", kind->name, known);
    }
}

static void a_new_norm_multiplies_by_one_and_adds_nothing(void)
{
    for (int n = 0; dm_norms[n]; n++) {
        Bed b;
        open_bed(&b, dm_norms[n], false, 0);
        dm_parameters_initialise(&b.parameters, 1);
        for (int j = 0; j < COLS; j++) CU_ASSERT_EQUAL(b.norm.gain.data[j], 1);
        for (int j = 0; b.norm.bias.data && j < COLS; j++) CU_ASSERT_EQUAL(b.norm.bias.data[j], 0);
        for (int j = 0; b.norm.mean.data && j < COLS; j++)
            CU_ASSERT(b.norm.mean.data[j] == 0 && b.norm.variance.data[j] == 1);
        close_bed(&b);
    }
}

// ---- Their places ---------------------------------------------------------------------------------------------------

// The sublayer of these tests.
static double f_of(double v)
{
    return 2 * v + 0.5;
}

static Tensor *sublayer(Graph *g, const Tensor *x)
{
    Tensor *y = dm_tensor(g, ROWS, COLS);
    for (int i = 0; i < ROWS * COLS; i++) y->data[i] = (float)f_of((double)x->data[i]);
    return y;
}

// x = norm(x + mask f(x))
static void post(const Norm *norm, Rows mask, Rows x, bool recording)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) x[i][j] += mask[i][j] * f_of(x[i][j]);
    apply_formula(norm, x, recording);
}

// x = x + mask f(norm(x))
static void pre(const Norm *norm, Rows mask, Rows x, bool recording)
{
    Rows inner;
    memcpy(inner, x, sizeof inner);
    apply_formula(norm, inner, recording);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) x[i][j] += mask[i][j] * f_of(inner[i][j]);
}

static const struct {
    const char *name;
    PlaceFormula *formula;
    bool at_end;
} places[] = {{"post", post, false}, {"pre", pre, true}};

// What the first dropout of a graph makes of ones.
static void first_mask(Bed *b, Rows mask)
{
    Graph g = b->graph;
    Tensor *zeros = dm_tensor(&g, ROWS, COLS), *ones = dm_tensor(&g, ROWS, COLS);
    for (int i = 0; i < ROWS * COLS; i++) zeros->data[i] = 0, ones->data[i] = 1;
    copy(mask, dm_residual(&g, zeros, ones, g.dropout));
}

static void check_place(const NormPlace *place, PlaceFormula *formula, const NormKind *kind, bool recording,
                        float dropout)
{
    Bed b;
    Rows wanted, mask, before;
    open_bed(&b, kind, false, dropout);
    first_mask(&b, mask);
    b.graph.recording = recording;
    Tensor *x = random_rows(&b.graph, 1);
    copy(wanted, x), copy(before, x);
    formula(&b.norm, mask, wanted, recording);
    const Sublayer s = {&b.graph, place, dm_arena_mark(&b.arena), &b.norm};
    Tensor *left = dm_leave(&s, x, sublayer(&b.graph, dm_enter(&s, x)));
    expect_near(left, wanted, place->name);
    if (recording) {
        CU_ASSERT(left != x);
        expect_near(x, before, "what the way back still needs");
    } else {  // in the place of x, and all else is given back
        const ArenaMark now = dm_arena_mark(&b.arena);
        CU_ASSERT(left == x && memcmp(&now, &s.mark, sizeof now) == 0);
    }
    close_bed(&b);
}

static void every_place_is_its_formula(void)
{
    int p = 0;
    for (; dm_norm_places[p].name; p++) {
        int known = 0;
        CU_ASSERT_STRING_EQUAL(dm_norm_place_choice(p).name, dm_norm_places[p].name);
        for (size_t k = 0; k < DM_COUNT(places); k++) {
            if (strcmp(places[k].name, dm_norm_places[p].name) != 0) continue;
            known++;
            CU_ASSERT_EQUAL(dm_norm_places[p].at_end, places[k].at_end);
            for (int n = 0; dm_norms[n]; n++)
                for (int way = 0; way < 4; way++)
                    check_place(&dm_norm_places[p], places[k].formula, dm_norms[n], way & 1, way & 2 ? 0.4f : 0);
        }
        expect(known == 1, "the place %s has %d formulas", dm_norm_places[p].name, known);
    }
    CU_ASSERT_PTR_NULL(dm_norm_place_choice(p).name);
}

// ---- Positions ------------------------------------------------------------------------------------------------------

static double sine(int position, int column, int width)
{
    const int half = (width + 1) / 2, k = column < half ? column : column - half;
    const double angle = position * exp(-log(10000) * 2 * k / width);
    return column < half ? sin(angle) : cos(angle);
}

// The cosines of the angles, then their sines.
static double turn(int position, int column, int width)
{
    const int half = width / 2, k = column < half ? column : column - half;
    const double angle = position * exp(-log(10000) * 2 * k / width);
    return column < half ? cos(angle) : sin(angle);
}

static void check_row(const float *row, double (*formula)(int, int, int), int position, int width)
{
    double off = 0;
    for (int j = 0; j < width; j++) off = fmax(off, fabs((double)row[j] - formula(position, j, width)));
    if (!(off <= 1e-6)) expect(false, "position %d, width %d: off by %g", position, width, off);
}

// Out of the table, behind whose end there are more.
static const int place_of[] = {0, 1, 511, 512, 513, 1999, 3};
enum { PLACES = DM_COUNT(place_of) };

static Tokens placed(void)
{
    return (Tokens){.n = PLACES, .positions = place_of};
}

// Made one by one, in stretches, or as they are needed.
static void check_rows(const PositionKind *kind, const Positions *made, double (*formula)(int, int, int))
{
    static float rows[10 * 128];
    const int width = kind->rows_of_heads ? made->shape.width / made->shape.heads : made->shape.width;
    for (int position = 0; position < 2000; position += 37) {
        kind->fill(position, 10, width, rows);
        for (int i = 0; i < 10; i++) check_row(rows + i * width, formula, position + i, width);
    }
    Arena arena = {0};
    Graph g = {.arena = &arena};
    const float **of = dm_position_rows(&g, made, placed());
    for (int i = 0; i < PLACES; i++) check_row(of[i], formula, place_of[i], width);
    dm_arena_destroy(&arena);
}

static void check_sine(const Positions *made)
{
    Arena arena = {0};
    Graph g = {.arena = &arena};
    Embedding embedding = {.n = PLACES};
    check_rows(&dm_sine_positions, made, sine);
    dm_positions_add(&g, made, placed(), &embedding);
    for (int i = 0; i < PLACES; i++) check_row(embedding.position_rows[i], sine, place_of[i], made->shape.width);
    CU_ASSERT_PTR_NULL(embedding.positions);
    dm_arena_destroy(&arena);
}

// Pair k of a head by the angle of its place and column.
static void check_rotary(const Positions *made)
{
    const int heads = 2 * made->shape.heads, width = made->shape.width / made->shape.heads, cols = heads * width;
    Arena arena = {0};
    Graph g = {.arena = &arena};
    check_rows(&dm_rotary_positions, made, turn);
    Tensor *x = dm_tensor(&g, PLACES, cols);
    fill(x->data, PLACES * cols, 6);
    const Tensor y = dm_positions_turn(&g, made, placed(), *x);
    double off = 0;
    for (int i = 0; i < PLACES; i++)
        for (int j = 0; j < cols; j++) {
            const int k = j % width % (width / 2), first = j - j % width + k, second = first + width / 2;
            const double a = (double)dm_row(x, i)[first], b = (double)dm_row(x, i)[second],
                         cosine = turn(place_of[i], k, width), sine_of = turn(place_of[i], k + width / 2, width);
            const double wanted = j == first ? cosine * a - sine_of * b : sine_of * a + cosine * b;
            off = fmax(off, fabs((double)dm_row(&y, i)[j] - wanted));
        }
    expect(y.cols == cols && off <= 1e-5, "turned queries and keys are off by %g", off);
    dm_arena_destroy(&arena);
}

// The slopes of the authors' code: of a power of two, 2^(-8h/H); else those of the next lower one, and every second of
// the next higher one. Half as much behind the query.
static void check_alibi(const Positions *made)
{
    const int heads = made->shape.heads;
    int power = 1;
    while (2 * power <= heads) power *= 2;
    for (int h = 1; h <= heads; h++) {
        const double slope = h <= power ? pow(2, -8.0 * h / power) : pow(2, -8.0 * (2 * (h - power) - 1) / (2 * power));
        CU_ASSERT_DOUBLE_EQUAL((double)made->slopes[2 * h - 2], slope, 1e-7);
        CU_ASSERT_DOUBLE_EQUAL((double)made->slopes[2 * h - 1], slope / 2, 1e-7);
    }
}

static void check_learned(const Positions *made)
{
    static const int known[] = {0, 3, 2};
    Arena arena = {0};
    Graph g = {.arena = &arena};
    Embedding embedding = {.n = DM_COUNT(known)};
    CU_ASSERT(made->table.rows == made->shape.most && made->table.cols == made->shape.width);
    dm_positions_add(&g, made, (Tokens){.n = DM_COUNT(known), .positions = known}, &embedding);
    for (size_t i = 0; i < DM_COUNT(known); i++)
        CU_ASSERT_PTR_EQUAL(embedding.position_rows[i], made->table.data + known[i] * made->shape.width);
    CU_ASSERT_PTR_EQUAL(embedding.positions, &made->table);
    dm_arena_destroy(&arena);
}

static void check_nothing(const Positions *made)
{
    CU_ASSERT_PTR_NULL(made->slopes);
}

static const struct {
    const char *name;
    void (*check)(const Positions *made);
    bool adds, turns;
    int parameters;  // of two stacks
} positions[] = {{"sine", check_sine, true, false, 0},
                 {"learned", check_learned, true, false, 2},
                 {"rotary", check_rotary, false, true, 0},
                 {"alibi", check_alibi, false, false, 0},
                 {"none", check_nothing, false, false, 0}};

static void check_kind(const PositionKind *kind, size_t known, int width, const int heads[2])
{
    const PositionShape shapes[2] = {{width, heads[0], 5}, {width, heads[1], 5}};
    Parameters p = {0};
    Positions both[2];
    for (int i = 0; i < 2; i++) dm_positions_declare(&p, kind, i ? "model.decoder" : "model.encoder", &shapes[i]);
    CU_ASSERT_EQUAL(p.count, positions[known].parameters);
    dm_parameters_allocate(&p);
    dm_positions_connect(both, kind, shapes, &p);
    CU_ASSERT(!kind->add == !positions[known].adds && !kind->turn == !positions[known].turns);
    CU_ASSERT(!kind->added == !kind->add && !(kind->added && kind->attended));  // an outline says it once
    for (int i = 0; i < 2; i++) positions[known].check(&both[i]);
    dm_positions_free(both);
    dm_parameters_free(&p);
}

static void every_kind_of_position_is_its_formula(void)
{
    static const struct {
        int width, heads[2];
    } stacks[] = {{2, {1, 1}}, {16, {2, 2}}, {48, {3, 6}}, {84, {14, 7}}, {128, {2, 8}}};
    int p = 0;
    for (; dm_position_kinds[p]; p++) {
        int known = 0;
        CU_ASSERT_STRING_EQUAL(dm_position_choice(p).name, dm_position_kinds[p]->name);
        for (size_t k = 0; k < DM_COUNT(positions); k++) {
            if (strcmp(positions[k].name, dm_position_kinds[p]->name) != 0) continue;
            for (size_t s = 0; s < DM_COUNT(stacks); s++)
                check_kind(dm_position_kinds[p], k, stacks[s].width, stacks[s].heads);
            known++;
        }
        expect(known == 1, "the positions %s have %d formulas", dm_position_kinds[p]->name, known);
    }
    CU_ASSERT_PTR_NULL(dm_position_choice(p).name);
}

static void sinusoids_of_odd_widths_are_marians(void)
{
    static const int widths[] = {1, 2, 7, 33};
    static float row[33];
    for (size_t w = 0; w < DM_COUNT(widths); w++)
        for (int position = 0; position < 700; position += 23) {
            dm_sinusoids(position, 1, widths[w], row);
            check_row(row, sine, position, widths[w]);
        }
}

// ---- Activations ----------------------------------------------------------------------------------------------------

static double relu(double x)
{
    return x > 0 ? x : 0;
}

static double gelu(double x)
{
    return x * 0.5 * (1 + erf(x / sqrt(2)));
}

static double swish(double x)
{
    return x / (1 + exp(-x));
}

static double identity(double x)
{
    return x;
}

static const struct {
    const char *name;
    double (*formula)(double x);
} activations[] = {{"relu", relu}, {"gelu", gelu},       {"gelu_python", gelu}, {"swish", swish}, {"silu", swish},
                   {"tanh", tanh}, {"linear", identity}, {"swiglu", swish},     {"geglu", gelu}};

static void check_activation(const ActivationRow *row, double (*formula)(double))
{
    Bed b;
    Rows wanted;
    open_bed(&b, dm_norms[0], false, 0);
    Tensor *x = random_rows(&b.graph, 1), *unit = dm_tensor(&b.graph, COLS, COLS);
    for (int i = 0; i < COLS * COLS; i++) unit->data[i] = i % COLS == i / COLS;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) wanted[i][j] = formula((double)dm_row(x, i)[j]);
    expect_near(dm_linear(&b.graph, x, unit, NULL, row->activation), wanted, row->name);
    close_bed(&b);
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

enum { INNER = 7 };

// sum over the columns of x of w[row], and b[row] where there is one
static double product(const Tensor *w, const Tensor *b, int row, const double *x)
{
    double sum = b->data ? (double)b->data[row] : 0;
    for (int j = 0; j < w->cols; j++) sum += (double)dm_row(w, row)[j] * x[j];
    return sum;
}

// W2 f(W1 x + b1) + b2
static void plain(const FeedForward *block, double (*f)(double), const double *x, double *y)
{
    double inner[INNER];
    for (int j = 0; j < INNER; j++) inner[j] = f(product(&block->in.weight, &block->in.bias, j, x));
    for (int j = 0; j < COLS; j++) y[j] = product(&block->out.weight, &block->out.bias, j, inner);
}

// W2 (f(W x) * V x), W above V
static void gated(const FeedForward *block, double (*f)(double), const double *x, double *y)
{
    double inner[INNER];
    for (int j = 0; j < INNER; j++)
        inner[j] = f(product(&block->in.weight, &block->in.bias, j, x)) *
                   product(&block->in.weight, &block->in.bias, INNER + j, x);
    for (int j = 0; j < COLS; j++) y[j] = product(&block->out.weight, &block->out.bias, j, inner);
}

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

// ---- Experts --------------------------------------------------------------------------------------------------------

// Of random weights, biases of routers too; row by row of experts.
typedef struct ExpertBed {
    FeedForwardShape shape;
    Parameters parameters;
    FeedForward block;
    Arena arena;
    Graph graph;
} ExpertBed;

static void open_experts(ExpertBed *b, const FeedForwardShape *shape)
{
    *b = (ExpertBed){.shape = *shape};
    const FeedForwardKind *kind = dm_feed_forward_of(shape);
    kind->declare(&b->parameters, "a.layer", shape);
    dm_parameters_allocate(&b->parameters);
    fill(b->parameters.data, (int)b->parameters.size, 4);
    b->block = dm_feed_forward_find(&b->parameters, "a.layer", shape);
    b->graph = (Graph){.arena = &b->arena, .gemm = chosen_backend(), .parameters = b->parameters.data};
}

static void close_experts(ExpertBed *b)
{
    dm_feed_forward_free(&b->block);
    dm_parameters_free(&b->parameters);
    dm_arena_destroy(&b->arena);
}

static Tensor *apply_to(ExpertBed *b, const Tensor *x)
{
    return b->block.kind->apply(&b->graph, &b->block, x);
}

static double (*activation_formula(const ActivationRow *row))(double)
{
    size_t k = 0;
    while (strcmp(activations[k].name, row->name) != 0) k++;
    return activations[k].formula;
}

typedef void DenseFormula(const FeedForward *block, double (*f)(double), const double *x, double *y);

// One row: the affinities, the best of them one after the other, and what they make of it.
static void experts_of_row(const ExpertBed *b, const double *x, double *y)
{
    const Experts *e = b->block.experts;
    DenseFormula *dense = b->shape.activation->gated ? gated : plain;
    double (*f)(double) = activation_formula(b->shape.activation);
    const Tensor none = {0};
    double a[16], all = 0, sum = 0, made[COLS];
    int chosen[16];
    for (int i = 0; i < e->count; i++) {
        const double logit = product(&e->centroids, &none, i, x);
        a[i] = e->sigmoid ? 1 / (1 + exp(-logit)) : exp(logit);
        all += a[i];
    }
    for (int i = 0; i < e->count && !e->sigmoid; i++) a[i] /= all;
    if (!e->sigmoid) all = 1;
    for (int k = 0; k < e->top; k++) {
        chosen[k] = -1;
        for (int i = 0; i < e->count; i++) {
            bool taken = false;
            for (int before = 0; before < k; before++) taken = taken || chosen[before] == i;
            if (taken) continue;
            const int best = chosen[k];
            if (best < 0 || a[i] + (double)e->bias.data[i] > a[best] + (double)e->bias.data[best]) chosen[k] = i;
        }
        sum += a[chosen[k]];
    }
    for (int j = 0; j < COLS; j++) y[j] = 0;
    for (int k = 0; k < e->top; k++) {
        dense(&e->expert[chosen[k]], f, x, made);
        for (int j = 0; j < COLS; j++) y[j] += a[chosen[k]] / (e->top == 1 ? all : sum) * made[j];
    }
    for (int s = 0; s < b->shape.shared; s++) {  // its inner rows are those of all shared experts
        FeedForward one = e->shared;
        one.in.weight = dm_rows(&one.in.weight, s * INNER, INNER);
        one.in.bias = dm_columns(&one.in.bias, s * INNER, INNER);
        one.out.weight = dm_columns(&one.out.weight, s * INNER, INNER);
        dense(&one, f, x, made);
        for (int j = 0; j < COLS; j++)
            y[j] += made[j] - (s ? (double)one.out.bias.data[j] : 0);  // there is one bias behind all of them
    }
}

static const FeedForwardShape expert_shapes[] = {
    {.experts = 5, .top = 2, .activation = &dm_activations[0]},
    {.experts = 5, .top = 1, .activation = &dm_activations[1]},
    {.experts = 4, .top = 3, .sigmoid = true, .activation = &dm_activations[7]},
    {.experts = 9, .top = 2, .shared = 1, .activation = &dm_activations[8]},
    {.experts = 3, .top = 1, .shared = 2, .sigmoid = true, .activation = &dm_activations[0]},
    {.experts = 2, .top = 2, .activation = &dm_activations[7]},
};

static FeedForwardShape expert_shape(size_t i)
{
    FeedForwardShape shape = expert_shapes[i];
    shape.width = COLS, shape.inner = INNER;
    return shape;
}

static void a_block_of_experts_is_its_formula(void)
{
    for (size_t i = 0; i < DM_COUNT(expert_shapes); i++) {
        const FeedForwardShape shape = expert_shape(i);
        if (shape.activation->gated && shape.shared) continue;  // W of all shared ones stands above V of all: below
        ExpertBed b;
        Rows given, wanted;
        open_experts(&b, &shape);
        Tensor *x = random_rows(&b.graph, 1);
        copy(given, x);
        for (int row = 0; row < ROWS; row++) experts_of_row(&b, given[row], wanted[row]);
        expect_near(apply_to(&b, x), wanted, "a block of experts");
        close_experts(&b);
    }
}

// With shared experts alone left: what every row goes to is a dense block that is as wide as all of them.
static void shared_experts_are_a_dense_block_beside_the_others(void)
{
    FeedForwardShape shape = expert_shape(3);
    ExpertBed b;
    Rows wanted;
    open_experts(&b, &shape);
    for (int e = 0; e < shape.experts; e++)
        memset(b.block.experts->expert[e].out.weight.data, 0, sizeof(float[COLS][INNER]));
    Tensor *x = random_rows(&b.graph, 1);
    copy(wanted, dm_gated_block.apply(&b.graph, &b.block.experts->shared, x));
    expect_near(apply_to(&b, x), wanted, "shared experts");
    close_experts(&b);
}

static void one_expert_is_the_dense_block(void)
{
    for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
        const FeedForwardShape shape = {.width = COLS,
                                        .inner = INNER,
                                        .experts = 1,
                                        .top = 1,
                                        .sigmoid = sigmoid,
                                        .activation = &dm_activations[1]};
        ExpertBed b;
        Rows wanted;
        open_experts(&b, &shape);
        Tensor *x = random_rows(&b.graph, 1);
        copy(wanted, dm_plain_block.apply(&b.graph, &b.block.experts->expert[0], x));
        expect_near(apply_to(&b, x), wanted, "one expert");
        close_experts(&b);
    }
}

// With their centroids and biases: which of them is called the first is nobody's business.
static void experts_in_another_order_make_the_same(void)
{
    static const int order[] = {3, 0, 4, 2, 1};
    const FeedForwardShape shape = expert_shape(0);
    ExpertBed b, other;
    Rows wanted;
    open_experts(&b, &shape), open_experts(&other, &shape);
    const Experts *from = b.block.experts, *to = other.block.experts;
    for (int e = 0; e < shape.experts; e++) {
        const FeedForward *one = &from->expert[order[e]], *here = &to->expert[e];
        memcpy(dm_row(&to->centroids, e), dm_row(&from->centroids, order[e]), COLS * sizeof(float));
        to->bias.data[e] = from->bias.data[order[e]];
        memcpy(here->in.weight.data, one->in.weight.data, sizeof(float[INNER][COLS]));
        memcpy(here->in.bias.data, one->in.bias.data, sizeof(float[INNER]));
        memcpy(here->out.weight.data, one->out.weight.data, sizeof(float[COLS][INNER]));
        memcpy(here->out.bias.data, one->out.bias.data, sizeof(float[COLS]));
    }
    const Tensor *x = random_rows(&b.graph, 1);
    copy(wanted, apply_to(&b, x));
    expect_near(apply_to(&other, x), wanted, "experts in another order");
    close_experts(&b), close_experts(&other);
}

// As search multiplies, in every precision that there is: a row comes out the same bytes in whatever company.
static void a_row_is_the_same_in_any_company(void)
{
    enum { MANY = 70, WIDE = 64 };
    for (Precision precision = DM_PRECISION_FP32; precision <= DM_PRECISION_INT8; precision++) {
        const GemmBackend *backend;
        if (dm_gemm_choose_for_search(&backend, precision, test_backend, NULL, NULL)) continue;
        const FeedForwardShape shape = {
            .width = WIDE, .inner = 48, .experts = 6, .top = 2, .shared = 1, .activation = &dm_activations[7]};
        ExpertBed b;
        open_experts(&b, &shape);
        b.graph.gemm = backend;
        b.graph.packs = dm_packs_create(backend, precision);
        Tensor *x = dm_tensor(&b.graph, MANY, WIDE);
        fill(x->data, MANY * WIDE, 3);
        const Tensor *all = apply_to(&b, x);
        for (int from = 0, rows = 1; from + rows <= MANY; from += rows, rows = 2 * rows % 17 + 1) {
            const Tensor some = dm_rows(x, from, rows);
            const Tensor *alone = apply_to(&b, &some);
            expect(memcmp(alone->data, dm_row(all, from), (size_t)rows * WIDE * sizeof(float)) == 0,
                   "%s: rows %d and %d after it are others by themselves", dm_precision_name(precision), from,
                   rows - 1);
        }
        dm_packs_destroy(b.graph.packs);
        close_experts(&b);
    }
}

// What the router of the block sees, whatever the products of the graph are in.
static const Routing *routed(ExpertBed *b, const Tensor *x)
{
    RouteTap tap = {0};
    b->graph.recording = true;
    b->graph.routes = &tap;
    apply_to(b, x);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tap.first);
    return tap.first;
}

// Rounded weights are for the experts: the choice is made in full precision, and its weights are stored so.
static void a_router_does_not_look_at_rounded_numbers(void)
{
    const FeedForwardShape shape = expert_shape(0);
    const size_t size = (size_t)ROWS * (size_t)shape.experts * sizeof(float);
    for (Precision precision = DM_PRECISION_BF16; precision <= DM_PRECISION_INT8; precision++) {
        const GemmBackend *backend;
        if (dm_gemm_choose_for_search(&backend, precision, test_backend, NULL, NULL)) continue;
        ExpertBed b;
        open_experts(&b, &shape);
        const Tensor *x = random_rows(&b.graph, 1);
        const Routing *full = routed(&b, x);
        b.graph.gemm = backend;
        b.graph.packs = dm_packs_create(backend, precision);
        CU_ASSERT_EQUAL(memcmp(routed(&b, x)->affinity, full->affinity, size), 0);
        dm_packs_destroy(b.graph.packs);
        b.graph.packs = NULL;
        Bf16 *rounded = dm_allocate(b.parameters.size, sizeof *rounded);  // zeros
        b.graph.rounded = precision == DM_PRECISION_BF16 ? rounded : NULL;
        CU_ASSERT_EQUAL(memcmp(routed(&b, x)->affinity, full->affinity, size), 0);
        CU_ASSERT(dm_parameter(&b.parameters, "a.layer.router.weight")->full);
        dm_free(rounded);
        close_experts(&b);
    }
}

static void ties_go_to_the_lower_index(void)
{
    Arena arena = {0};
    Graph g = {.arena = &arena, .gemm = chosen_backend()};
    static float logits[] = {1, 3, 3, 0, 3, /**/ 0, 0, 0, 0, 0, /**/ NAN, NAN, NAN, NAN, NAN};
    const Tensor of = {.rows = 3, .cols = 5, .stride = 5, .data = logits};
    const Routing *r = dm_route(&g, &(Route){.logits = &of, .top = 2});
    static const int chosen[] = {1, 2, 0, 1, 0, 1}, start[] = {0, 2, 5, 6, 6, 6}, token[] = {1, 2, 0, 1, 2, 0};
    CU_ASSERT_EQUAL(memcmp(r->chosen, chosen, sizeof chosen), 0);
    CU_ASSERT_EQUAL(memcmp(r->start, start, sizeof start), 0);
    CU_ASSERT_EQUAL(memcmp(r->token, token, sizeof token), 0);
    dm_arena_destroy(&arena);
}

// A tensor of experts.json: [rows, cols] of doubles, as float into `to`, or compared with `got`.
static int golden(const cJSON *json, const char *key, float *to)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(json, key), *value;
    int count = 0;
    cJSON_ArrayForEach(value, values) to[count++] = (float)value->valuedouble;
    return count;
}

static void expect_golden(const cJSON *json, const char *key, const float *got)
{
    static float wanted[4096];
    double off = 0, largest = 0;
    const int count = golden(json, key, wanted);
    for (int i = 0; i < count; i++) {
        const double here = fabs((double)got[i] - (double)wanted[i]);
        off = here <= off ? off : isnan(here) ? INFINITY : here;
        largest = fmax(largest, fabs((double)wanted[i]));
    }
    expect(count && off <= 1e-5 * largest, "%s, %s: off by %g of %g",
           cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "what")), key, off, largest);
}

static int setting(const cJSON *json, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(json, key)->valueint;
}

// The whole block with its gradients, against PyTorch in float64, and MixtralSparseMoeBlock of transformers.
static void check_golden_block(const cJSON *json)
{
    const int rows = setting(json, "rows");
    const FeedForwardShape shape = {.width = setting(json, "width"),
                                    .inner = setting(json, "inner"),
                                    .experts = setting(json, "experts"),
                                    .top = setting(json, "top"),
                                    .shared = setting(json, "shared"),
                                    .sigmoid = setting(json, "sigmoid"),
                                    .activation = &dm_activations[setting(json, "activation")]};
    ExpertBed b;
    open_experts(&b, &shape);
    for (int i = 0; i < b.parameters.count; i++) {
        const Parameter *p = &b.parameters.list[i];
        const int count = golden(json, p->name + strlen("a.layer."), p->tensor.data);
        expect(count == (int)dm_parameter_size(p), "%s has %d numbers", p->name, count);
    }
    float *gradients = dm_allocate(b.parameters.size, sizeof(float));
    b.graph.gradients = gradients;
    b.graph.recording = true;
    Tensor *x = dm_tensor(&b.graph, rows, shape.width);
    golden(json, "x", x->data);
    Tensor *y = apply_to(&b, x);
    expect_golden(json, "y", y->data);
    golden(json, "r", dm_gradient(&b.graph, y));
    dm_backward(&b.graph);
    expect_golden(json, "dx", dm_gradient(&b.graph, x));
    for (int i = 0; i < b.parameters.count; i++) {
        const Parameter *p = &b.parameters.list[i];
        if (p->kind == DM_TRAINED)
            expect_golden(json, dm_name("d%s", p->name + strlen("a.layer.")).text, gradients + p->offset);
    }
    dm_free(gradients);
    close_experts(&b);
}

static void blocks_of_experts_equal_golden_values(void)
{
    char *text;
    Error error;
    int count = 0;
    if (dm_read_file(TEST_DATA "/golden/experts.json", &text, NULL, &error)) {
        expect(false, "%s", error.message);
        return;
    }
    cJSON *all = cJSON_Parse(text);
    const cJSON *json;
    cJSON_ArrayForEach(json, all) check_golden_block(json), count++;
    CU_ASSERT(count >= 3);
    cJSON_Delete(all);
    dm_free(text);
}

const Fact facts[] = {
    FACT(every_norm_is_its_formula),
    FACT(a_new_norm_multiplies_by_one_and_adds_nothing),
    FACT(every_place_is_its_formula),
    FACT(every_kind_of_position_is_its_formula),
    FACT(sinusoids_of_odd_widths_are_marians),
    FACT(every_activation_is_its_formula),
    FACT(what_is_offered_can_be_written),
    FACT(other_programs_have_all_activations_but_the_gated_ones),
    FACT(every_feed_forward_block_is_its_formula),
    FACT(a_block_of_experts_is_its_formula),
    FACT(shared_experts_are_a_dense_block_beside_the_others),
    FACT(one_expert_is_the_dense_block),
    FACT(experts_in_another_order_make_the_same),
    FACT(a_row_is_the_same_in_any_company),
    FACT(a_router_does_not_look_at_rounded_numbers),
    FACT(ties_go_to_the_lower_index),
    FACT(blocks_of_experts_equal_golden_values),
    {NULL, NULL},
};
