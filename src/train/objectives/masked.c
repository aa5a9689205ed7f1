// Masked pieces (Ghazvininejad et al. 2019, "Mask-predict: parallel decoding of conditional masked language models"):
// the decoder reads the reference with some of its pieces masked, each of which it is to say by all the others and the
// source. So it learns to fill in whatever search has left open: how many are masked is drawn from 1 to all of them,
// each as probable, and then which. The unknown piece is the mask, as in fairseq; it has to be no piece of the
// vocabulary's own, for none of those could be said then. There are neither start nor end among what is read: search
// knows how long a target is, which is learnt beside, with a weight of its own:
//   loss = sum over the masked pieces of -log p(piece) + weight * masked pieces of the sentence * -log p(its length)
// so that of every masked piece comes the same, whatever shares a shard with it.
#include <string.h>

#include "core/hash.h"
#include "train/objectives/objective.h"

enum { MASKS = 0x6D61736B };              // a random stream, beyond the ops of any graph
static const float length_weight = 0.1f;  // as in fairseq

// A target as the decoder reads it, and the rows that count.
typedef struct Masked {
    Tokens read;
    int count, *row, *piece;  // [count] where one is masked, and what it is
    int *length_class;        // [sentences]
    float *length_weight;     // [sentences]
} Masked;

// In training chance is the shard's; else the text's own, so that a validation masks the same of a line every time.
static Random chance_of(const Graph *g, const int *ids, int count, const Random *of_shard)
{
    uint64_t hash = DM_HASH;
    for (int i = 0; i < count; i++) hash = dm_hash(hash, (uint64_t)ids[i]);
    return g->recording ? *of_shard : dm_random(hash, 0, 0, MASKS);
}

// Masks so many of the pieces, any choice as probable as another (Fan et al. 1962).
static void mask_some(Masked *m, int *ids, int first, int count, int wanted, Random *chance, int unknown)
{
    for (int i = first; i < first + count; i++) {
        if (dm_random_below(chance, (uint64_t)(first + count - i)) >= (uint64_t)wanted) continue;
        wanted--;
        if (ids[i] == unknown) continue;
        m->row[m->count] = i;
        m->piece[m->count++] = ids[i];
        ids[i] = unknown;
    }
}

static Masked masked_of(const ShardRun *shard)
{
    const Graph *g = shard->graph;
    const Spans source = shard->example->source.spans;
    Masked m = {.read = dm_without_ends(g->arena, shard->example)};
    const Spans spans = m.read.spans;
    const size_t rows = (size_t)m.read.n, sentences = (size_t)spans.n;
    int *ids = dm_arena_take(g->arena, (3 * rows + sentences) * sizeof(int));
    m.row = ids + rows, m.piece = ids + 2 * rows, m.length_class = ids + 3 * rows;
    m.length_weight = dm_arena_take(g->arena, sentences * sizeof(float));
    if (rows) memcpy(ids, m.read.ids, rows * sizeof(int));
    Random of_shard = dm_random(g->seed, g->update, g->shard, MASKS);
    for (int s = 0; s < spans.n; s++) {
        const int first = spans.start[s], length = spans.length[s], before = m.count;
        m.length_class[s] = dm_length_class(source.length[s] - 1, length);
        Random chance = chance_of(g, ids + first, length, &of_shard);
        if (length)
            mask_some(&m, ids, first, length, 1 + (int)dm_random_below(&chance, (uint64_t)length), &chance,
                      shard->unknown);
        if (g->recording) of_shard = chance;
        m.length_weight[s] = length_weight * (float)(m.count - before);
    }
    m.read.ids = ids;
    return m;
}

static Loss run(const ShardRun *shard)
{
    Graph *g = shard->graph;
    const Model *model = shard->model;
    const Architecture *a = model->architecture;
    const OutputLayer *output = &model->output;
    const Masked m = masked_of(shard);
    const Memory memory = a->encode(g, model, shard->example->source);
    const Tensor *const decoded[1] = {a->decode(g, model, memory, m.read)},
                        *features = dm_collect(g, decoded, 1, m.row, m.count);
    const double added =
        g->recording
            ? dm_terms_add(shard->terms,
                           &(TermInput){.graph = g, .model = model, .example = shard->example, .features = features})
            : 0;
    const Loss of_length = dm_length_loss(g, output, memory.rows, memory.spans,
                                          &(Targets){.ids = m.length_class, .weights = m.length_weight});
    Loss loss = output->kind->loss(g, output, &(Decoded){.features = features},
                                   &(Targets){.ids = m.piece, .smoothing = shard->smoothing});
    loss.objective += of_length.objective + added;
    return loss;
}

const Objective dm_masked = {
    .name = "masked",
    .about = "the decoder sees the reference with some of its pieces masked, and says these, by all the others "
             "(Ghazvininejad "
             "et al. 2019): such a model writes all pieces of a line at once and then corrects itself. Cost is of the "
             "masked pieces, without that of the length; in validation the same of a line are masked every time",
    .writing = DM_IN_ANY_ORDER,
    .run = run};
