// What a run learns from: pairs or text alone, by how many files its options name; whether its model can, and what may
// be measured then.
#include <string.h>

#include "core/memory.h"
#include "data/inputs.h"
#include "train/run.h"

const ExampleKind *dm_run_examples(const Architecture *architecture, bool alone)
{
    const ExampleKind *const *kind = architecture->examples;
    while (*kind && (*kind)->sides != (alone ? 1 : 2)) kind++;
    return *kind;
}

// "lm or ..."
static Name types_for_text_alone(void)
{
    Name names = {""};
    for (int i = 0; dm_architectures[i]; i++)
        if (dm_run_examples(dm_architectures[i], true))
            names = dm_name("%s%s%s", names.text, *names.text ? " or " : "", dm_architectures[i]->name);
    return names;
}

static Status refuse_text_alone(const Architecture *architecture, Error *error)
{
    return dm_misuse(
        error,
        "a model of --type %s learns from pairs, and this is text alone: give both sides (--train-sets SRC "
        "TRG, or two --tsv-columns), or take --type %s",
        architecture->name, types_for_text_alone().text);
}

// Of text alone there are no translations: what measures them is refused, and not the default.
static Status settle_metrics(dm_options *o, Error *error)
{
    if (!dm_options_given(o, "valid-metrics"))
        return dm_options_set_default(o, "valid-metrics", "ce-mean-words", error);
    for (int i = 0; i < dm_options_count(o, "valid-metrics"); i++) {
        const char *name = dm_options_text(o, "valid-metrics", i);
        if (dm_metric_of(name)->of_translations)
            return dm_misuse(error,
                             "--valid-metrics %s compares translations, and a model of text alone makes none: take "
                             "ce-mean-words or perplexity",
                             name);
    }
    return DM_OK;
}

static bool joins(const dm_options *o)
{
    return !strcmp(dm_options_text(o, "loss-on", 0), "both");
}

const ExampleKind *dm_run_trains_on(const Run *run)
{
    return joins(run->options) ? &dm_joined : NULL;
}

// The same sequence is learnt with a source that is predicted, and used with one that is given: it has to be the same
// to the model.
static Status check_joined(const ModelConfig *config, Error *error)
{
    const ShapeRow *mask = dm_shape_row(config->architecture, "prompt_mask"),
                   *positions = dm_shape_row(config->architecture, "prompt_positions");
    if (!mask || !positions)
        return dm_misuse(error,
                         "--loss-on both is for models whose source is a prompt (--type lm), and this one is of "
                         "type %s: leave it out",
                         config->architecture->name);
    if (!dm_shape_value(config, mask) && !dm_shape_value(config, positions)) return DM_OK;
    return dm_misuse(error,
                     "--loss-on both needs a source that is seen piece by piece, and places that go on behind it: "
                     "this model has --prompt-mask %s and --prompt-positions %s",
                     mask->choice(dm_shape_value(config, mask)).name,
                     positions->choice(dm_shape_value(config, positions)).name);
}

Status dm_run_check_text(Run *run, Error *error)
{
    dm_options *o = run->options;
    const bool alone = run->alone, validates = dm_options_count(o, "valid-sets") || dm_options_count(o, "valid-tsv");
    if (validates && dm_is_text_alone(o, "valid-sets", "valid-tsv") != alone)
        return dm_misuse(error,
                         "what is learnt from is %s, and what is validated on %s: give both as many files or columns",
                         alone ? "text alone" : "pairs", alone ? "pairs" : "text alone");
    if (!alone) return DM_OK;
    if (joins(o))
        return dm_misuse(error,
                         "--loss-on both has no effect on text alone, of which every piece is predicted: leave it "
                         "out");
    const Architecture *architecture = dm_architecture(dm_options_text(o, "type", 0));
    if (!dm_options_text(o, "pretrained-model", 0) && !dm_run_examples(architecture, true))
        return refuse_text_alone(architecture, error);
    if (dm_options_number(o, "max-length") == 1)
        return dm_misuse(error, "--max-length 1 cuts text into pieces that know nothing of one another: make it 2 or "
                                "more, or 0 to leave lines whole");
    return settle_metrics(o, error);
}

Status dm_run_take_examples(Run *run, Error *error)
{
    ModelConfig *config = &run->model->config;
    config->examples = dm_run_examples(config->architecture, run->text.alone);
    if (!config->examples) return refuse_text_alone(config->architecture, error);
    if (!run->text.alone && config->decoder_start < 0 && !config->architecture->labels(config))
        return dm_fail(error,
                       "%s has no piece that a text begins with, so that no translation could begin: it can learn from "
                       "text alone",
                       dm_options_text(run->options, "pretrained-model", 0));
    return joins(run->options) ? check_joined(config, error) : DM_OK;
}
