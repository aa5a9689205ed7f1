// Pieces ahead (Gloeckle et al. 2024, section 2; DeepSeek-V3, equations 24 and 25): of every row, head k of the model
// (model/ahead.h) is to say which piece comes k behind the next one,
//   loss = weight / K * sum_k CE(h_k, w_(i + k))
// over the rows that have such a piece in their sentence, without smoothing.
#include "model/ahead.h"
#include "train/terms/term.h"

// What head k should have said, and how much that counts.
static Targets targets_of(const TermInput *in, const AheadSaid *said, int k, const int *behind, float weight)
{
    const Example *e = in->example;
    Arena *arena = in->graph->arena;
    int *ids = dm_arena_take(arena, (size_t)said->n * sizeof(int));
    float *weights = dm_arena_take(arena, (size_t)said->n * sizeof(float));
    for (int i = 0; i < said->n; i++) {
        const int row = said->rows[i], later = k <= behind[row] ? row + k : -1;
        ids[i] = e->written[later < 0 ? row : later];
        weights[i] = later < 0 ? 0 : weight * (e->weights ? e->weights[later] : 1);
    }
    return (Targets){.ids = ids, .weights = weights};
}

// How many rows of its sentence come behind each row.
static const int *rows_behind(Arena *arena, const Tokens *read)
{
    int *behind = dm_arena_take(arena, (size_t)read->n * sizeof(int));
    for (int s = 0; s < read->spans.n; s++)
        for (int j = 0; j < read->spans.length[s]; j++)
            behind[read->spans.start[s] + j] = read->spans.length[s] - 1 - j;
    return behind;
}

static double add(const TermInput *in, double weight)
{
    const OutputLayer *output = &in->model->output;
    const int count = in->model->config.ahead, *behind = rows_behind(in->graph->arena, &in->example->read);
    AheadSaid *said = dm_arena_take(in->graph->arena, (size_t)count * sizeof *said);
    double sum = 0;
    dm_ahead_form(&in->model->config)
        ->say(in->graph, in->model, &(AheadSeen){in->example, in->memory, in->features}, said);
    for (int k = 1; k <= count; k++) {
        if (!said[k - 1].n) continue;
        const Decoded decoded = {.features = said[k - 1].features};
        const Targets targets = targets_of(in, &said[k - 1], k, behind, (float)weight / (float)count);
        sum += output->kind->loss(in->graph, output, &decoded, &targets).objective;
    }
    return sum;
}

const Term dm_ahead = {.name = "ahead",
                       .about = "heads of --ahead say what comes behind the next piece (Gloeckle et al. 2024)",
                       .usual = "0.3",
                       .copies = 1,
                       .add = add};
