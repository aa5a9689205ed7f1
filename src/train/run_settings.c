// The settings of a run, out of its options.
#include <string.h>

#include "core/memory.h"
#include "core/threads.h"
#include "train/defaults.h"
#include "train/ranks.h"
#include "train/run.h"

static int whole(const dm_options *options, const char *name)
{
    return (int)dm_options_number(options, name);
}

static int place_among_metrics(const dm_options *o, const char *name)
{
    const int metrics = dm_options_count(o, "valid-metrics");
    int at = 0;
    while (at < metrics && strcmp(dm_options_text(o, "valid-metrics", at), name) != 0) at++;
    return at < metrics ? at : -1;
}

// --keep-best names some of --valid-metrics.
static Status check_kept_metrics(const dm_options *o, Error *error)
{
    const int kept = dm_options_count(o, "keep-best");
    for (int i = 0; i < kept; i++) {
        const char *name = dm_options_text(o, "keep-best", i);
        if (place_among_metrics(o, name) < 0)
            return dm_misuse(
                error, "--keep-best %s: it is not among --valid-metrics, so it is never measured: add it there", name);
    }
    return DM_OK;
}

// What looks at attention needs a source, and its reference.
static Status check_looking_terms(const Run *run, Error *error)
{
    const Term *looks = NULL;
    for (int i = 0; i < run->terms.count && !looks; i++) looks = run->terms.term[i]->looks ? run->terms.term[i] : NULL;
    if (looks && run->risk.candidates)
        return dm_misuse(error,
                         "--add-loss %s looks at attention while the reference is read, and --objective %s reads what "
                         "the model writes: leave one of them out",
                         looks->name, dm_options_text(run->options, "objective", 0));
    if (looks && dm_options_number(run->options, "layer-drop") > 0)
        return dm_misuse(
            error,
            "--add-loss %s looks at a layer of the decoder, and --layer-drop passes over layers: leave one "
            "of them out",
            looks->name);
    if (looks && run->alone)
        return dm_misuse(error,
                         "--add-loss %s looks at the attention to a source, and text alone has none: leave it out",
                         looks->name);
    return DM_OK;
}

// Texts are drawn without dropout. Were they scored with it, what most of them cost more than the baseline would push
// the model away from what it draws towards what dropout makes of that, until it says anything.
static Status check_dropout(const dm_options *o, Error *error)
{
    static const char *const drops[] = {"dropout", "dropout-attention", "dropout-ffn", "layer-drop"};
    if (strcmp(dm_options_text(o, "objective", 0), dm_self_critical.name) != 0) return DM_OK;
    for (size_t i = 0; i < DM_COUNT(drops); i++)
        if (dm_options_given(o, drops[i]) && dm_options_number(o, drops[i]) > 0)
            return dm_misuse(
                error,
                "--objective %s learns from texts that the model draws, which has to find them as probable "
                "as when it drew them, without dropout: make --%s 0",
                dm_self_critical.name, drops[i]);
    return DM_OK;
}

Status dm_run_check_settings(Run *run, Error *error)
{
    dm_options *o = run->options;
    Status status = dm_options_complete(o, error);
    // What rank 0 hands over has been checked there, and what it has filled in since looks as if somebody had said it.
    if (!status && dm_run_leads(run)) status = dm_options_count_all(o, error);
    if (status) return status;
    Error remark;
    if (dm_options_remark(o, &remark)) dm_say(run, "note: %s", remark.message);
    status = dm_terms_of_options(&run->terms, o, error);
    if (!status) status = dm_sampling_of_options(&run->sampling, o, error);
    if (!status) status = dm_risk_of_options(&run->risk, o, error);
    if (!status && run->risk.candidates && run->terms.copies > 1)
        return dm_misuse(error,
                         "--add-loss %s has every sentence run twice, which --objective %s cannot do: leave one of "
                         "them out",
                         run->terms.term[0]->name, dm_options_text(o, "objective", 0));
    if (!status) status = check_dropout(o, error);
    if (!status) status = check_looking_terms(run, error);
    return status ? status : check_kept_metrics(o, error);
}

static void read_settings(Run *run)
{
    const dm_options *o = run->options;
    RunSettings *s = &run->settings;
    const char *folder = s->folder;  // the draft, where there is one already
    const int threads = whole(o, "cpu-threads");
    *s = (RunSettings){
        .folder = folder,
        .threads = threads ? threads : dm_processors(),
        .delay = whole(o, "optimizer-delay"),
        .average = whole(o, "average"),
        .budget = {.seed = (uint64_t)dm_options_number(o, "seed"), .update_words = whole(o, "mini-batch-words")},
        .clip_norm = dm_options_number(o, "clip-norm"),
        .schedule = {.kind = dm_options_text(o, "lr-schedule", 0), .peak = dm_options_number(o, "learn-rate")},
        .after = dm_options_duration(o, "after"),
        .show = dm_options_duration(o, "disp-freq"),
        .validate = dm_options_duration(o, "valid-freq"),
        .save = dm_options_duration(o, "save-freq"),
        // without validation nobody says how patient to be
        .patience = dm_options_count(o, "early-stopping") ? (long)dm_options_number(o, "early-stopping") : 0,
    };
    for (int i = 0; i < dm_options_count(o, "keep-best"); i++)
        s->keep[place_among_metrics(o, dm_options_text(o, "keep-best", i))] = true;
}

void dm_run_settle_shards(Run *run)
{
    PlanBudget *budget = &run->settings.budget;
    const int asked = whole(run->options, "shard-words");
    const cJSON *begun = cJSON_GetObjectItemCaseSensitive(run->extra, "shard_words");
    if (run->resumed)
        budget->shard_words = (int)cJSON_GetNumberValue(begun);
    else
        budget->shard_words =
            asked ? asked : dm_default_shard_words(budget->update_words, run->model->architecture->stepwise);
}

// Takes the sentence over.
static void say_settled(const Run *run, char *said)
{
    if (said) dm_say(run, "%s", said);
    dm_free(said);
}

Status dm_run_settle(Run *run, Error *error)
{
    const PreparedText *p = &run->prepared.text;
    const TextSize size = run->prepared.folder
                              ? dm_text_size_of((size_t)p->pairs, (size_t)p->bytes, p->characters, p->alone)
                              : dm_text_size(&run->text);
    char *said = NULL;
    Status status = dm_defaults_by_text(run->options, &size, &said, error);
    say_settled(run, said);
    if (status) return status;
    read_settings(run);
    return DM_OK;
}

Status dm_run_settle_warmup(Run *run, long updates, Error *error)
{
    char *said = NULL;
    Status status = dm_default_warmup(run->options, updates, &said, error);
    say_settled(run, said);
    if (!status) run->settings.schedule.warmup = (long)dm_options_number(run->options, "lr-warmup");
    return status;
}
