// Heads that know nothing of one another: each is a block of its own on what the decoder has made of a row (Stern et
// al. 2018, "Blockwise parallel decoding for deep autoregressive models", section 4; with the loss of Gloeckle et al.
// 2024, "Better & faster large language models via multi-token prediction"):
//   h_k = h + W2_k f(W1_k h + b1_k) + b2_k,  f(x) = x sigmoid(x), as Medusa's heads have it (Cai et al. 2024)
#include "core/memory.h"
#include "model/ahead.h"
#include "model/layers/linear_layer.h"

typedef struct Head {
    Linear in, out;
} Head;

static Name prefix_of(int k)
{
    return dm_name("model.ahead.%d", k - 1);
}

static void declare(Model *model)
{
    Parameters *p = &model->parameters;
    const int width = model->config.width;
    const bool unbiased = p->unbiased;
    p->residuals = 1;
    p->unbiased = false;
    for (int k = 1; k <= model->config.ahead; k++) {
        dm_linear_declare(p, dm_name("%s.fc1", prefix_of(k).text).text, width, width);
        dm_linear_declare_as(p, dm_name("%s.fc2", prefix_of(k).text).text, width, width, DM_INIT_RESIDUAL);
    }
    p->unbiased = unbiased;
}

static void connect(Model *model)
{
    const int count = model->config.ahead;
    Head *heads = model->ahead = dm_allocate((size_t)count, sizeof *heads);
    for (int k = 1; k <= count; k++)
        heads[k - 1] = (Head){dm_linear_find(&model->parameters, dm_name("%s.fc1", prefix_of(k).text).text, 1),
                              dm_linear_find(&model->parameters, dm_name("%s.fc2", prefix_of(k).text).text, 1)};
}

static void disconnect(Model *model)
{
    dm_free(model->ahead);
    model->ahead = NULL;
}

Tensor *dm_ahead_rows(Graph *g, const Model *model, int k, const Tensor *features)
{
    const Head *head = (const Head *)model->ahead + k - 1;
    const Tensor *inner = dm_dropout(g, dm_linear_apply_as(g, &head->in, features, DM_SWISH), g->inner_dropout);
    return dm_add(g, features, dm_linear_apply(g, &head->out, inner));
}

static void say(Graph *g, const Model *model, const AheadSeen *seen, AheadSaid *said)
{
    const int n = seen->features->rows;
    int *rows = dm_arena_take(g->arena, (size_t)n * sizeof(int));
    for (int i = 0; i < n; i++) rows[i] = i;
    for (int k = 1; k <= model->config.ahead; k++)
        said[k - 1] = (AheadSaid){dm_ahead_rows(g, model, k, seen->features), rows, n};
}

static Name outline(const ModelConfig *config)
{
    return dm_name("a block %d - %d - %d of swish each", config->width, config->width, config->width);
}

const AheadForm dm_ahead_apart = {
    .name = "apart",
    .about = "a small block each, which sees what the decoder has made of the last piece (Stern et al. 2018)",
    .declare = declare,
    .connect = connect,
    .disconnect = disconnect,
    .say = say,
    .outline = outline,
};
