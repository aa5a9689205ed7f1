// Pieces ahead (Gloeckle et al. 2024, section 2; DeepSeek-V3, equations 24 and 25): of every row, head k of the model
// (model/ahead.h) is to say which piece comes k behind the next one,
//   loss = weight / K * sum_k CE(h_k, w_(i + k))
// over the rows that have such a piece in their sentence, without smoothing.
#include "model/ahead.h"
#include "train/terms/term.h"

// What head k should have said of each row, and how much that counts.
static Targets targets_of(const TermInput *in, int k, float weight)
{
    const Example *e = in->example;
    const Spans spans = e->read.spans;
    Arena *arena = in->graph->arena;
    int *ids = dm_arena_take(arena, (size_t)e->read.n * sizeof(int));
    float *weights = dm_arena_take(arena, (size_t)e->read.n * sizeof(float));
    for (int s = 0; s < spans.n; s++)
        for (int j = 0; j < spans.length[s]; j++) {
            const int row = spans.start[s] + j, later = j + k < spans.length[s] ? row + k : -1;
            ids[row] = e->written[later < 0 ? row : later];
            weights[row] = later < 0 ? 0 : weight * (e->weights ? e->weights[later] : 1);
        }
    return (Targets){.ids = ids, .weights = weights};
}

static double add(const TermInput *in, double weight)
{
    const OutputLayer *output = &in->model->output;
    const int count = in->model->config.ahead;
    double sum = 0;
    for (int k = 1; k <= count; k++) {
        const Decoded decoded = {.features = dm_ahead_rows(in->graph, in->model, k, in->features)};
        const Targets targets = targets_of(in, k, (float)weight / (float)count);
        sum += output->kind->loss(in->graph, output, &decoded, &targets).objective;
    }
    return sum;
}

const Term dm_ahead = {.name = "ahead",
                       .about = "heads of --ahead say what comes behind the next piece (Gloeckle et al. 2024)",
                       .usual = "0.3",
                       .copies = 1,
                       .add = add};
