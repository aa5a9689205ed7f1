// Divergence: finding the shard, the op and the tensor where numbers end, and saying so.
#include "train/diverged.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

// Nothing counts where all that is masked is unknown, or no path comes to any target.
bool dm_is_cost(const Loss *loss)
{
    return isfinite(exp(loss->objective / (double)(loss->count ? loss->count : 1)));
}

static const char *name_of(const Run *run, const Tensor *weights)
{
    const Parameters *p = &run->model->parameters;
    size_t offset = (size_t)(weights->data - p->data);
    int i = 0;
    while (offset >= p->list[i].offset + dm_parameter_size(&p->list[i])) i++;
    return p->list[i].name;
}

typedef struct Text {
    char text[512];
} Text;

// "op linear, whose result [512, 128], made with model.decoder.layers.0.fc2.weight, is not finite"
static Text describe_forward(Run *run, long update, const ShardRange *range, int shard)
{
    Text out;
    BadResult bad = {0};
    const Loss loss = run->workers.losses[shard];
    dm_shard_again(&run->workers, range, update, shard, NULL, &bad);
    if (!bad.op)
        snprintf(out.text, sizeof out.text,
                 "op cross_entropy, over logits [%ld, %d] made with %s, gives a cost of %g nats a token", loss.count,
                 run->model->output.weight.rows, name_of(run, &run->model->output.weight),
                 loss.objective / (double)loss.count);
    else
        snprintf(out.text, sizeof out.text, "op %s gives a result [%d, %d] that is not finite (%s%s)", bad.op->name,
                 bad.result->rows, bad.result->cols, bad.before ? "the last weights before it: " : "its weights: ",
                 bad.parameter ? name_of(run, bad.parameter) : "none");
    return out;
}

// The first shard whose own gradient of this parameter is not finite, or `shards` if only their sum is not.
static int shard_of_gradient(Run *run, long update, const ShardRange *range, const Parameter *p)
{
    int shards = range->last - range->first, shard = 0;
    const size_t size = run->optimizer.lanes.size;
    float *gradients = dm_allocate(size, sizeof *gradients);
    for (; shard < shards; shard++) {
        memset(gradients, 0, size * sizeof *gradients);
        dm_shard_again(&run->workers, range, update, shard, gradients, NULL);
        if (!dm_parameter_is_finite(p, gradients)) break;
    }
    dm_free(gradients);
    return shard;
}

// " in shard 3 of 16 (lines 4, 8, 15 and 12 more of train.zh)"
static Text describe_shard(const Run *run, const ShardRange *range, int shard)
{
    enum { MOST_LINES = 12 };
    Text out;
    const int *start = range->plan->shard_start + range->first + shard, pairs = start[1] - start[0];
    size_t used = (size_t)snprintf(out.text, sizeof out.text, " in shard %d of %d (line%s", shard + 1,
                                   range->last - range->first, dm_plural((size_t)pairs));
    for (int i = 0; i < pairs && i < MOST_LINES; i++)
        used += (size_t)snprintf(out.text + used, sizeof out.text - used, "%s%d", i ? ", " : " ",
                                 range->corpus->line[range->plan->order[start[0] + i]]);
    if (pairs > MOST_LINES)
        used += (size_t)snprintf(out.text + used, sizeof out.text - used, " and %d more", pairs - MOST_LINES);
    snprintf(out.text + used, sizeof out.text - used, " of %.200s)", run->text.file[DM_SOURCE]);
    return out;
}

static Status fail(const Run *run, long update, const char *what, const char *where, Error *error)
{
    const RunSettings *s = &run->settings;
    const char *folder = dm_options_text(run->options, "model", 0);
    return dm_fail(
        error,
        "%s: training has diverged at update %ld (epoch %d): %s%s. The checkpoint of update %ld is kept. "
        "Begin again with --overwrite and a lower --learn-rate (%g now), a longer --lr-warmup (%ld now) or a "
        "--clip-norm of 1, or start from what is there: --pretrained-model %s and another --model",
        folder, update, run->state.epoch, what, where, run->state.saved_update, s->schedule.peak, s->schedule.warmup,
        folder);
}

Status dm_run_diverged(Run *run, long update, const ShardRange *range, Error *error)
{
    const Parameter *culprit = dm_optimizer_culprit(&run->optimizer, &run->model->parameters);
    const int shards = range->last - range->first;
    int shard = 0;
    Text what = {"the norm of the gradient is too large for a number"}, where = {""};
    while (shard < shards && dm_is_cost(&run->workers.losses[shard])) shard++;
    if (shard < shards) {
        what = describe_forward(run, update, range, shard);
    } else if (culprit) {
        snprintf(what.text, sizeof what.text, "the gradient of %s [%d, %d] is not finite", culprit->name,
                 culprit->tensor.rows, culprit->tensor.cols);
        shard = shard_of_gradient(run, update, range, culprit);
    }
    if (shard < shards) where = describe_shard(run, range, shard);
    return fail(run, update, what.text, where.text, error);
}

Status dm_run_check_weights(const Run *run, Error *error)
{
    const Parameters *p = &run->model->parameters;
    for (int i = 0; i < p->count; i++) {
        if (dm_parameter_is_finite(&p->list[i], p->data)) continue;
        Text what;
        snprintf(what.text, sizeof what.text, "the step has made weights of %s [%d, %d] that are not finite",
                 p->list[i].name, p->list[i].tensor.rows, p->list[i].tensor.cols);
        return fail(run, run->state.update, what.text, "", error);
    }
    return DM_OK;
}
