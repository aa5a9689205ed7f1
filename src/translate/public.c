// The public functions that use a model: translate, attend, rescore. What callers hand in is checked here, their lines
// in line_checks.c.
#include "core/memory.h"
#include "core/scope.h"
#include "core/utf8.h"
#include "model/layers/experts.h"
#include "translate/line_checks.h"
#include "translate/opened.h"

// ---- Checking lines -------------------------------------------------------------------------------------------------

static LineCheck check_of(const dm_model *model, const char *what, Side side)
{
    return (LineCheck){.segmenter = model->segmenter, .what = what, .side = side, .most = dm_opened_reads(model)};
}

// Of text alone a line is a text, which has no language code.
Status dm_opened_check_lines(const dm_model *model, const char *const *lines, size_t count, Error *error)
{
    const LineCheck check = check_of(model, "line", dm_goes_on(model) ? DM_TARGET : DM_SOURCE);
    return dm_lines_check(&check, lines, count, error);
}

static Status check_prefixes(const dm_model *model, const char *const *prefixes, size_t count, Error *error)
{
    LineCheck check = check_of(model, "prefix", DM_TARGET);
    check.has_to_be_known = true;
    return prefixes ? dm_lines_check(&check, prefixes, count, error) : DM_OK;
}

static Status check_pairs(const dm_model *model, const char *const *sources, const char *const *targets, size_t count,
                          Error *error)
{
    const LineCheck source = check_of(model, "source line", DM_SOURCE);
    LineCheck target = check_of(model, "target line", DM_TARGET);
    if (!sources) target.what = "line", target.most = INT_MAX;  // it is cut into windows
    Status status = sources ? dm_lines_check(&source, sources, count, error) : DM_OK;
    if (!status) status = dm_lines_check(&target, targets, count, error);
    if (status || !sources) return status;
    return dm_lines_check_labels(model->segmenter, sources, targets, count, error);
}

dm_status dm_crop_line(dm_model *model, char *line, bool target, dm_error *error)
{
    Status status;
    const LineCheck check = check_of(model, "line", target ? DM_TARGET : DM_SOURCE);
    DM_SCOPE(status, error, (dm_line_crop(&check, line), DM_OK));
    return status;
}

dm_status dm_check_lines(dm_model *model, const char *const *lines, size_t count, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, dm_opened_check_lines(model, lines, count, error));
    return status;
}

// ---- Translating and rescoring --------------------------------------------------------------------------------------

static Status translate(const dm_model *model, const char *const *lines, size_t count,
                        const dm_translate_options *options, dm_translation *translations, Error *error)
{
    dm_translate_options o;
    Status status = dm_opened_is_for(model, false, error);
    if (!status) status = dm_opened_options(&o, model, options, error);
    if (!status) status = dm_opened_check_lines(model, lines, count, error);
    if (!status) status = check_prefixes(model, o.prefixes, count, error);
    if (status) return status;
    const Translator translator = dm_opened_translator(model, &o);
    if (dm_translator_run(&translator, lines, count, translations)) return DM_OK;
    dm_fail(error, "stopped");
    return DM_STOPPED;
}

dm_status dm_translate(dm_model *model, const char *const *lines, size_t count, const dm_translate_options *options,
                       dm_translation *translations, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, translate(model, lines, count, options, translations, error));
    if (status && count) memset(translations, 0, count * sizeof *translations);
    return status;
}

static Status attend(const dm_model *model, const char *line, const dm_translate_options *options,
                     dm_attended *attended, Error *error)
{
    dm_translate_options o;
    Status status = dm_opened_is_for(model, false, error);
    if (!status) status = dm_opened_options(&o, model, options, error);
    if (!status) status = dm_opened_check_lines(model, &line, 1, error);
    if (!status) status = check_prefixes(model, o.prefixes, 1, error);
    if (!status) status = dm_needs_source_attention(&model->models[0]->config, "a picture of attention", error);
    if (status) return status;
    if (dm_is_blank(line)) return dm_misuse(error, "the line is blank: there is nothing that a head could look at");
    const Translator translator = dm_opened_translator(model, &o);
    if (dm_translator_attend(&translator, line, attended)) return DM_OK;
    dm_fail(error, "stopped");
    return DM_STOPPED;
}

dm_status dm_attend(dm_model *model, const char *line, const dm_translate_options *options, dm_attended *attended,
                    dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, attend(model, line, options, attended, error));
    if (status) *attended = (dm_attended){0};
    return status;
}

static Status expert_uses(const dm_model *model, const char *const *lines, size_t count,
                          const dm_translate_options *options, char **json, Error *error)
{
    dm_translate_options o;
    cJSON *uses = NULL;
    *json = NULL;
    Status status = dm_needs_pieces_in_order(&model->models[0]->config, "what experts are sent", error);
    if (!status) status = dm_opened_options(&o, model, options, error);
    if (!status && !dm_router_bias(&model->models[0]->parameters, 0))
        status = dm_misuse(error, "this model has no experts: train --experts N makes one that has");
    if (!status) status = dm_opened_check_lines(model, lines, count, error);
    if (status) return status;
    const Translator translator = dm_opened_translator(model, &o);
    if (dm_translator_routes(&translator, lines, count, &uses)) {
        char *printed = cJSON_Print(uses);
        *json = dm_copy_for_caller(printed);
        cJSON_free(printed);
        cJSON_Delete(uses);
        return DM_OK;
    }
    dm_fail(error, "stopped");
    return DM_STOPPED;
}

dm_status dm_expert_uses(dm_model *model, const char *const *lines, size_t count, const dm_translate_options *options,
                         char **json, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, expert_uses(model, lines, count, options, json, error));
    return status;
}

// A text that is not translated is what stands in the place of a target.
static Status check_sides(const dm_model *model, const char *const *sources, const dm_translate_options *o,
                          Error *error)
{
    if (dm_goes_on(model) && sources)
        return dm_misuse(error,
                         "this model has learnt from text alone: give it one text, as rescore TEXT or one column");
    if (!dm_goes_on(model) && !sources)
        return dm_misuse(error,
                         "this model has learnt from pairs: give it SRC and TRG, sources and their translations");
    if (sources && o->no_eos)
        return dm_misuse(error, "only of text alone the end of a line may be left out: a translation ends there");
    return DM_OK;
}

static Status rescore(const dm_model *model, const char *const *sources, const char *const *targets, size_t count,
                      const dm_translate_options *options, dm_rescored *rescored, Error *error)
{
    dm_translate_options o;
    if (count) memset(rescored, 0, count * sizeof *rescored);
    Status status =
        dm_needs_pieces_in_order(&model->models[0]->config, "the probability of a given translation", error);
    if (!status) status = dm_opened_options(&o, model, options, error);
    if (!status) status = check_sides(model, sources, &o, error);
    if (!status) status = check_pairs(model, sources, targets, count, error);
    if (status) return status;
    const Translator translator = dm_opened_translator(model, &o);
    if (sources)
        dm_translator_rescore(&translator, sources, targets, count, rescored);
    else
        dm_translator_rescore_text(&translator, targets, count, rescored);
    return DM_OK;
}

dm_status dm_rescore(dm_model *model, const char *const *sources, const char *const *targets, size_t count,
                     const dm_translate_options *options, dm_rescored *rescored, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, rescore(model, sources, targets, count, options, rescored, error));
    if (status && count) memset(rescored, 0, count * sizeof *rescored);
    return status;
}

void dm_rescored_free(dm_rescored *rescored, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        dm_free(rescored[i].word_scores);
        rescored[i].word_scores = NULL;
    }
}
