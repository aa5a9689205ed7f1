// Connectionist temporal classification against all paths there are.
#include "tensor/check.h"

enum { ROWS = 5, WIDTH = 3, VOCABULARY = 4, BLANK = 2 };

// What a path comes to; returns how many pieces.
static int collapsed(const int path[ROWS], int pieces[ROWS])
{
    int count = 0;
    for (int t = 0; t < ROWS; t++)
        if (path[t] != BLANK && (!t || path[t] != path[t - 1])) pieces[count++] = path[t];
    return count;
}

static void softmax(const Tensor *x, const Tensor *weight, double p[ROWS][VOCABULARY])
{
    for (int t = 0; t < ROWS; t++) {
        double sum = 0;
        for (int w = 0; w < VOCABULARY; w++) {
            double z = 0;
            for (int j = 0; j < WIDTH; j++) z += (double)dm_row(x, t)[j] * (double)dm_row(weight, w)[j];
            sum += p[t][w] = exp(z);
        }
        for (int w = 0; w < VOCABULARY; w++) p[t][w] /= sum;
    }
}

static double enumerated(double p[ROWS][VOCABULARY], const int *target, int count)
{
    double sum = 0;
    for (int number = 0; number < 1024 /* VOCABULARY to the ROWS */; number++) {
        int path[ROWS], pieces[ROWS];
        double product = 1;
        for (int t = 0, left = number; t < ROWS; t++, left /= VOCABULARY) product *= p[t][path[t] = left % VOCABULARY];
        if (collapsed(path, pieces) == count && !memcmp(pieces, target, (size_t)count * sizeof(int))) sum += product;
    }
    return sum;
}

static double log_p_of(Bench *b, const int *target, int count)
{
    static const int start = 0, length = ROWS;
    double log_p;
    bench_begin(b, false);
    dm_ctc(&b->graph, &(Ctc){.x = bench_input(b, ROWS, WIDTH),
                             .weight = bench_weight(b, VOCABULARY, WIDTH, 1, 0),
                             .rows = {1, &start, &length},
                             .targets = dm_tokens(&b->arena, 1, &count, target),
                             .blank = BLANK,
                             .excluded = -1,
                             .log_probabilities = &log_p});
    return log_p;
}

// Of every target of no more pieces than rows; together they are all that can be said.
static void every_target_is_as_probable_as_the_paths_that_come_to_it(void)
{
    static const int pieces[] = {0, 1, 3};
    Bench b;
    bench_open(&b);
    double all = 0;
    for (int count = 0, targets = 1; count <= ROWS; count++, targets *= 3)
        for (int number = 0; number < targets; number++) {
            int target[ROWS];
            for (int i = 0, left = number; i < count; i++, left /= 3) target[i] = pieces[left % 3];
            double p[ROWS][VOCABULARY];
            const double got = log_p_of(&b, target, count);
            softmax(b.inputs[0].tensor, &b.weights[0], p);
            const double wanted = enumerated(p, target, count);
            expect(fabs(exp(got) - wanted) <= 1e-6, "target %d of %d pieces: P is %.9g, should be %.9g", number, count,
                   exp(got), wanted);
            all += exp(got);
        }
    CU_ASSERT_DOUBLE_EQUAL(all, 1, 1e-5);
    bench_close(&b);
}

static void what_no_path_comes_to_does_not_count(void)
{
    static const int start[] = {0, 2}, length[] = {2, 3}, lengths[] = {2, 2}, targets[] = {1, 1, 3, 0};
    double log_p[2];
    Bench b;
    bench_open(&b);
    bench_begin(&b, true);
    const Tensor *x = bench_input(&b, ROWS, WIDTH);
    const Loss loss = dm_ctc(&b.graph, &(Ctc){.x = x,
                                              .weight = bench_weight(&b, VOCABULARY, WIDTH, 1, 0),
                                              .rows = {2, start, length},
                                              .targets = dm_tokens(&b.arena, 2, lengths, targets),
                                              .blank = BLANK,
                                              .excluded = -1,
                                              .log_probabilities = log_p});
    dm_backward(&b.graph);
    CU_ASSERT(log_p[0] == -INFINITY && isfinite(log_p[1]));
    CU_ASSERT(loss.count == 3 && loss.nll == -log_p[1] && loss.objective == loss.nll);
    for (int i = 0; i < 2 * WIDTH; i++) CU_ASSERT_EQUAL(x->grad[i], 0);
    bench_close(&b);
}

const Fact facts[] = {
    FACT(every_target_is_as_probable_as_the_paths_that_come_to_it),
    FACT(what_no_path_comes_to_does_not_count),
    {NULL, NULL},
};
