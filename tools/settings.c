// What the options of translate and generate come to: what to look for, how to write it, and which models to ask.
#include "settings.h"

#include <string.h>

#include "tools.h"

// --stream shows pieces as they are found: that is greedy search, of one translation, without what is known at its end.
static dm_status begin_stream(Settings *settings, const dm_options *options, dm_error *error)
{
    const Format *f = &settings->format;
    if (dm_options_number(options, "beam-size") > 1)
        return misuse(error, "--stream is for greedy search, which finds one piece after the other: leave "
                             "out --beam-size, or make it 1");
    if (f->n_best || f->json || f->hard || f->soft || f->word_scores || settings->search.unk_replace)
        return misuse(error, "--stream writes the text alone: leave out --n-best, --json%s--word-scores%s",
                      settings->goes_on ? " and " : ", --alignment, ", settings->goes_on ? "" : " and --unk-replace");
    settings->search.beam_size = 1;
    settings->search.partial = stream_part;  // to whom, is said line by line
    return DM_OK;
}

const char *prefix_of(const dm_options *options)
{
    return dm_options_has(options, "prefix") ? dm_options_text(options, "prefix", 0) : NULL;
}

dm_status read_settings(Settings *settings, const dm_options *options, dm_error *error)
{
    const char *prefix = prefix_of(options);
    const bool goes_on = dm_options_has(options, "stop");
    *settings = (Settings){.goes_on = goes_on,
                           .answer = goes_on ? dm_generate : dm_translate,
                           .format = format_of(options),
                           .stream = dm_options_flag(options, "stream"),
                           .prefix_tab = prefix && strcmp(prefix, "tab") == 0};
    if (settings->prefix_tab && dm_options_flag(options, "tsv"))
        return misuse(error, "--tsv and --prefix tab both say what stands behind a tab: give one of them");
    dm_status status = dm_translate_options_read(&settings->search, options, error);
    if (!status && settings->stream) status = begin_stream(settings, options, error);
    return status;
}

dm_status fit_settings(const Settings *settings, dm_model *model, dm_error *error)
{
    return settings->answer(model, NULL, 0, &settings->search, NULL, error);
}

const char *cut_prefix(const Settings *settings, char *line)
{
    char *tab = settings->prefix_tab ? strchr(line, '\t') : NULL;
    if (!tab) return "";
    *tab = '\0';
    return tab + 1;
}

// The folder of the model that drafts; NULL: none does.
static const char *drafter_of(const dm_options *options)
{
    dm_translate_options read;
    dm_error unread;
    const char *draft = dm_options_has(options, "draft") ? dm_options_text(options, "draft", 0) : NULL;
    if (!draft || dm_translate_options_read(&read, options, &unread)) return NULL;
    return strcmp(read.draft, "model") == 0 ? draft : NULL;
}

dm_status open_models(dm_model **model, const dm_options *options, dm_error *error)
{
    dm_status status = dm_model_open(model, dm_options_text(options, "model", 0), options, error);
    for (int i = 1; i < dm_options_count(options, "model") && !status; i++)
        status = dm_model_join(*model, dm_options_text(options, "model", i), error);
    if (!status && dm_options_has(options, "shortlist") && dm_options_flag(options, "shortlist"))
        status = dm_model_shortlist(*model, dm_options_text(options, "model", 0), error);
    if (!status && drafter_of(options)) status = dm_model_draft(*model, drafter_of(options), error);
    if (!status) return DM_OK;
    dm_model_close(*model);
    *model = NULL;
    return status;
}
