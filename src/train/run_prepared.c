// A run that learns from a prepared text (data/prepared.h): what it can learn from ids alone, and what was settled when
// they were made.
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "data/inputs.h"
#include "train/run.h"

// Links of a file are of words, and ids do not say which.
static Status check_needs(const Run *run, Error *error)
{
    const char *links = dm_options_text(run->options, "guided-alignment", 0);
    if (!links || dm_run_links_itself(run)) return DM_OK;
    return dm_misuse(error,
                     "--guided-alignment %s links words, and %s has ids alone: give the text itself (--train-sets), or "
                     "--guided-alignment auto",
                     links, run->prepared.folder);
}

static Status other_cut(const Run *run, const char *option, const char *has, Error *error)
{
    return dm_misuse(error, "--%s: %s was prepared with %s: leave it out, or prepare the text anew", option,
                     run->prepared.folder, has);
}

// An option that says how text is cut: as it was, or not given.
static Status settle(Run *run, const char *option, const char *value, const char *has, Error *error)
{
    dm_options *o = run->options;
    if (!dm_options_given(o, option)) return dm_options_set_default(o, option, value, error);
    const char *said = dm_options_text(o, option, 0);
    return said && !strcmp(said, value) ? DM_OK : other_cut(run, option, has, error);
}

static Status settle_cut(Run *run, Error *error)
{
    const PreparedText *t = &run->prepared.text;
    const dm_options *o = run->options;
    const Name pieces = dm_name("%d", t->vocabulary[DM_TARGET]),
               has = dm_name("a vocabulary of %s pieces", pieces.text);
    if (dm_options_given(o, "sentencepiece")) return other_cut(run, "sentencepiece", "a segmenter", error);
    if (t->of_model)
        return dm_misuse(error,
                         "%s was prepared with the segmenter of a model (prepare --pretrained-model): give the same "
                         "--pretrained-model, or prepare the text with --sentencepiece",
                         run->prepared.folder);
    if (t->separate && dm_architecture(dm_options_text(o, "type", 0))->one_vocabulary)
        return dm_misuse(error, "--type %s has one vocabulary, and %s was prepared with one for each language",
                         dm_options_text(o, "type", 0), run->prepared.folder);
    if (t->separate && !strcmp(dm_options_text(o, "tied-embeddings", 0), "all"))
        return dm_misuse(error,
                         "%s was prepared with a vocabulary for each language (--separate-vocabs): give "
                         "--tied-embeddings target or none",
                         run->prepared.folder);
    const bool given = !strcmp(t->segmenter, "given");
    if (given && dm_options_given(o, "segmenter")) return other_cut(run, "segmenter", "a model that was given", error);
    Status status = DM_OK;
    if (!given) status = settle(run, "segmenter", t->segmenter, dm_name("--segmenter %s", t->segmenter).text, error);
    if (!status && !t->separate && dm_options_flag(o, "separate-vocabs"))
        return other_cut(run, "separate-vocabs", "one vocabulary of both languages", error);
    if (!status && t->separate) status = dm_options_set_default(run->options, "separate-vocabs", "true", error);
    if (!status && dm_options_given(o, "vocab-size")) status = settle(run, "vocab-size", pieces.text, has.text, error);
    return status;
}

Status dm_run_look_at_prepared(Run *run, Error *error)
{
    const char *folder = dm_options_text(run->options, "prepared", 0);
    run->alone = dm_is_text_alone(run->options, "train-sets", "tsv");
    if (!folder) return DM_OK;
    Status status = dm_prepared_read(&run->prepared, folder, error);
    if (status) return run->resumed ? dm_run_say_missing(run, error) : status;
    run->alone = run->prepared.text.alone;
    status = check_needs(run, error);
    const bool begins = !run->resumed && !dm_options_text(run->options, "pretrained-model", 0);
    return status || !begins ? status : settle_cut(run, error);
}

Status dm_run_check_prepared_labels(const Run *run, Error *error)
{
    if (!run->prepared.folder || !run->labels) return DM_OK;
    return dm_misuse(error, "this model learns labels, and %s has the ids of text: give --train-sets, words and labels",
                     run->prepared.folder);
}

Status dm_run_map_prepared(Run *run, Error *error)
{
    const PreparedText *t = &run->prepared.text;
    run->text =
        (Bitext){.alone = t->alone, .file = {t->file[DM_SOURCE], t->file[DM_TARGET]}, .name = dm_copy_string(t->name)};
    for (int side = DM_SOURCE; side <= DM_TARGET; side++)
        snprintf(run->text.language[side], sizeof run->text.language[side], "%s", t->language[side]);
    return dm_prepared_map(&run->prepared, error);
}

// What it says of itself, and ids have been checked by, is true of this model: they index its tables.
static Status check_truth(const Run *run, Error *error)
{
    const PreparedText *t = &run->prepared.text;
    bool fits = dm_tokenizer(t->tokenizer);
    for (int side = DM_SOURCE; side <= DM_TARGET; side++)
        fits = fits && t->vocabulary[side] == dm_vocabulary_size(dm_segmenter_vocabulary(run->segmenter, (Side)side));
    return fits ? DM_OK
                : dm_fail(error,
                          "%s: what prepared.json says of vocabulary or tokenizer is not so: prepare the text again",
                          run->prepared.folder);
}

Status dm_run_take_prepared(Run *run, const CorpusRules *rules, Error *error)
{
    const Prepared *p = &run->prepared;
    uint64_t hash;
    Status status = dm_segmenter_hash(&hash, run->settings.folder, error);
    if (!status && hash != p->text.segmenter_hash)
        status =
            dm_fail(error,
                    "%s was not prepared with the segmenter of this model: prepare the text with it (dragoman prepare "
                    "--pretrained-model DIR), or give the text itself (--train-sets)",
                    p->folder);
    if (!status) status = check_truth(run, error);
    if (!status && rules->copies && !p->text.copies)
        status = dm_fail(error,
                         "%s does not say what pieces are copied as, which --output-layer %s learns: prepare the text "
                         "with --copies",
                         p->folder, run->model->output.kind->name);
    return status ? status : dm_prepared_corpus(&run->corpus, p, rules, error);
}
