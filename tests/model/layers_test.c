// What a Transformer layer is built from, row by row of the tables: norms, their places and positions, against formulas
// in double precision. A row without a formula here fails.
#include "model/layers/norm_place.h"
#include "model/layers/positions.h"
#include "model/formulas.h"

typedef void PlaceFormula(const Norm *norm, Rows mask, Rows x, bool recording);

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
    b->norm = dm_norm_find(&b->parameters, kind, "a.norm", 0);
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

// As in tensor2tensor (get_timing_signal_1d).
static double timing(int position, int column, int width)
{
    const int half = (width + 1) / 2, k = column < half ? column : column - half;
    const double angle = position * exp(-log(10000) * k / fmax(half - 1, 1));
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
        kind->fill(&made->shape, position, 10, width, rows);
        for (int i = 0; i < 10; i++) check_row(rows + i * width, formula, position + i, width);
    }
    Arena arena = {0};
    Graph g = {.arena = &arena};
    const float **of = dm_position_rows(&g, made, placed());
    for (int i = 0; i < PLACES; i++) check_row(of[i], formula, place_of[i], width);
    dm_arena_destroy(&arena);
}

static void check_added(const PositionKind *kind, const Positions *made, double (*formula)(int, int, int))
{
    Arena arena = {0};
    Graph g = {.arena = &arena};
    Embedding embedding = {.n = PLACES};
    check_rows(kind, made, formula);
    dm_positions_add(&g, made, placed(), &embedding);
    for (int i = 0; i < PLACES; i++) check_row(embedding.position_rows[i], formula, place_of[i], made->shape.width);
    CU_ASSERT_PTR_NULL(embedding.positions);
    dm_arena_destroy(&arena);
}

static void check_sine(const Positions *made)
{
    check_added(&dm_sine_positions, made, sine);
}

static void check_timing(const Positions *made)
{
    check_added(&dm_timing_positions, made, timing);
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
} positions[] = {{"sine", check_sine, true, false, 0},     {"learned", check_learned, true, false, 2},
                 {"rotary", check_rotary, false, true, 0}, {"alibi", check_alibi, false, false, 0},
                 {"none", check_nothing, false, false, 0}, {"timing", check_timing, true, false, 0}};

static void check_kind(const PositionKind *kind, size_t known, int width, const int heads[2])
{
    const PositionShape shapes[2] = {{width, heads[0], 5, 10000}, {width, heads[1], 5, 10000}};
    Parameters p = {0};
    Positions both[2];
    for (int i = 0; i < 2; i++) dm_positions_declare(&p, kind, i ? "model.decoder" : "model.encoder", &shapes[i]);
    CU_ASSERT_EQUAL(p.count, positions[known].parameters);
    dm_parameters_allocate(&p);
    dm_positions_connect(both, kind, shapes, &p);
    CU_ASSERT(!kind->add == !positions[known].adds && !kind->turn == !positions[known].turns);
    CU_ASSERT(dm_positions_are_waves(kind) == (kind == &dm_sine_positions || kind == &dm_timing_positions));
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

const Fact facts[] = {
    FACT(every_norm_is_its_formula),           FACT(a_new_norm_multiplies_by_one_and_adds_nothing),
    FACT(every_place_is_its_formula),          FACT(every_kind_of_position_is_its_formula),
    FACT(sinusoids_of_odd_widths_are_marians), {NULL, NULL},
};
