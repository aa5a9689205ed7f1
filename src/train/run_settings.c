// The settings of a run, out of its options.
#include <string.h>

#include "core/threads.h"
#include "train/run.h"

static int whole(const dm_options *options, const char *name)
{
    return (int)dm_options_number(options, name);
}

// An eighth of a batch, so that there is work for many threads. Measured with the tiny shape: 256, 384 and 512 pieces
// are equally fast in float32, 384 is fastest in bfloat16, and memory grows with them.
int dm_default_shard_words(int batch_words)
{
    int words = batch_words / 8;
    return words < 64 ? 64 : words > 384 ? 384 : words;
}

// Two buffers more are much for a model of many weights, which keeps two threads as busy with two.
int dm_default_lanes(size_t weights)
{
    return weights > 1 << 24 ? 2 : 4;
}

static int place_among_metrics(const dm_options *o, const char *name)
{
    const int metrics = dm_options_count(o, "valid-metrics");
    int at = 0;
    while (at < metrics && strcmp(dm_options_text(o, "valid-metrics", at), name) != 0) at++;
    return at < metrics ? at : -1;
}

// --keep-best names some of --valid-metrics.
static Status read_kept_metrics(RunSettings *s, const dm_options *o, Error *error)
{
    int kept = dm_options_count(o, "keep-best");
    for (int i = 0; i < kept; i++) {
        const char *name = dm_options_text(o, "keep-best", i);
        const int at = place_among_metrics(o, name);
        if (at < 0)
            return dm_misuse(
                error, "--keep-best %s: it is not among --valid-metrics, so it is never measured: add it there", name);
        s->keep[at] = true;
    }
    return DM_OK;
}

Status dm_run_read_settings(Run *run, Error *error)
{
    dm_options *o = run->options;
    RunSettings *s = &run->settings;
    const char *folder = s->folder;  // the draft, where there is one already
    int threads = whole(o, "cpu-threads"), words = whole(o, "mini-batch-words"), shard = whole(o, "shard-words");
    *s = (RunSettings){
        .folder = folder,
        .threads = threads ? threads : dm_processors(),
        .delay = whole(o, "optimizer-delay"),
        .average = whole(o, "average"),
        .budget = {.seed = (uint64_t)dm_options_number(o, "seed"),
                   .shard_words = shard ? shard : dm_default_shard_words(words),
                   .update_words = words},
        .clip_norm = dm_options_number(o, "clip-norm"),
        .schedule = {.kind = dm_options_text(o, "lr-schedule", 0),
                     .peak = dm_options_number(o, "learn-rate"),
                     .warmup = (long)dm_options_number(o, "lr-warmup")},
        .after = dm_options_duration(o, "after"),
        .show = dm_options_duration(o, "disp-freq"),
        .validate = dm_options_duration(o, "valid-freq"),
        .save = dm_options_duration(o, "save-freq"),
        .patience = (long)dm_options_number(o, "early-stopping"),
    };
    Status status = dm_options_complete(o, error);
    if (!status) status = dm_options_count_all(o, error);
    if (status) return status;
    Error remark;
    if (dm_options_remark(o, &remark)) dm_say(run, "note: %s", remark.message);
    status = dm_terms_of_options(&run->terms, o, error);
    return status ? status : read_kept_metrics(s, o, error);
}
