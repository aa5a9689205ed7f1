// The public functions that use a model: open, translate, attend, rescore, close. What callers hand in is checked here,
// their lines in line_checks.c.
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/locale.h"
#include "core/memory.h"
#include "core/scope.h"
#include "core/threads.h"
#include "core/utf8.h"
#include "folder/folder.h"
#include "folder/folder_files.h"
#include "model/layers/experts.h"
#include "options/option_set.h"
#include "search/drafts.h"
#include "translate/line_checks.h"
#include "translate/opened.h"

// ---- Opening --------------------------------------------------------------------------------------------------------

// Of the products with a model: int8 where the folder holds it so and this processor has such products, else float32.
static Precision fitting_precision(const Model *model)
{
    const GemmBackend *backend;
    const Precision stored = model->stored;
    if (stored != DM_PRECISION_INT8) return DM_PRECISION_FP32;
    return dm_gemm_choose_for_search(&backend, stored, "auto", NULL, NULL) ? DM_PRECISION_FP32 : stored;
}

static Status choose_gemm(dm_model *model, const dm_options *options, const cJSON *extra, Error *error)
{
    const char *trained = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(extra, "gemm")),
               *asked = options ? dm_options_text(options, "gemm", 0) : "auto",
               *precise = options ? dm_options_text(options, "precision", 0) : "auto";
    const Precision precision =
        strcmp(precise, "auto") == 0 ? fitting_precision(model->models[0]) : dm_precision(precise);
    Status status = dm_gemm_choose_for_search(&model->gemm, precision, asked, trained, error);
    if (!status) model->packs = dm_packs_create(model->gemm, precision);
    return status;
}

// What the run of the folder cut its text into, where it says so; else as much as the model reads.
static int window_of(const ModelConfig *config, const cJSON *extra)
{
    const int most = dm_most_pieces(config);
    const cJSON *training = cJSON_GetObjectItemCaseSensitive(extra, "training");
    const double said = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(training, "max-length"));
    return said >= 2 && said < most ? (int)said : most;
}

static Status open_model(dm_model **model, const char *folder, const dm_options *options, Error *error)
{
    dm_model *opened = dm_allocate(1, sizeof *opened);
    cJSON *extra = NULL;
    Status status = dm_model_read(&opened->models[0], &extra, folder, error);
    opened->count = !status;
    if (!status) status = dm_segmenter_of(&opened->segmenter, &opened->models[0]->config, extra, folder, error);
    if (!status) status = choose_gemm(opened, options, extra, error);
    if (!status) status = dm_alignment_heads_of(&opened->heads, &opened->models[0]->config, extra, folder, error);
    if (!status) opened->window = window_of(&opened->models[0]->config, extra);
    cJSON_Delete(extra);
    *model = status ? NULL : opened;
    if (status) dm_model_close(opened);
    return status;
}

dm_status dm_model_open(dm_model **model, const char *folder, const dm_options *options, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, open_model(model, folder, options, error));
    if (status) *model = NULL;
    return status;
}

static Status read_shortlist(Shortlist **shortlist, const dm_model *model, const char *folder, Error *error)
{
    if (model->models[0]->output.kind->copies)
        return dm_misuse(
            error,
            "a shortlist is of a softmax over the vocabulary alone, and this model also copies (output layer "
            "%s): translate without it",
            model->models[0]->output.kind->name);
    const ModelConfig *config = &model->models[0]->config;
    if (config->architecture->writing(config) != DM_PIECE_BY_PIECE)
        return dm_misuse(error, "a shortlist is not for a model that writes %s: leave it out",
                         dm_writing_name(config->architecture->writing(config)));
    if (!dm_folder_has(folder, DM_SHORTLIST_FILE))
        return dm_fail(error,
                       "%s has no shortlist: make one of the text that it was trained on, with dragoman shortlist "
                       "--model %s --train-sets SRC TRG",
                       folder, folder);
    char *path = dm_folder_path(folder, DM_SHORTLIST_FILE);
    Status status = dm_shortlist_read(shortlist, path, model->segmenter, error);
    dm_free(path);
    return status;
}

dm_status dm_model_shortlist(dm_model *model, const char *folder, dm_error *error)
{
    Status status;
    Shortlist *shortlist = NULL;
    DM_SCOPE(status, error, read_shortlist(&shortlist, model, folder, error));
    if (status) return status;
    dm_shortlist_free(model->shortlist);
    model->shortlist = shortlist;
    return DM_OK;
}

void dm_model_close(dm_model *model)
{
    if (!model) return;
    dm_segmenter_close(model->segmenter);
    dm_alignment_heads_free(&model->heads);
    for (int i = 0; i < model->count; i++) dm_model_destroy(model->models[i]);
    dm_model_destroy(model->drafter);
    dm_packs_destroy(model->packs);
    dm_shortlist_free(model->shortlist);
    dm_free(model);
}

// ---- Checking lines -------------------------------------------------------------------------------------------------

int dm_opened_reads(const dm_model *model)
{
    int most = DM_MOST_PIECES;
    for (int i = 0; i < model->count; i++) {
        const int longest = dm_most_pieces(&model->models[i]->config);
        if (longest < most) most = longest;
    }
    return most;
}

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

// ---- Options --------------------------------------------------------------------------------------------------------

// "full", "topk 10", "topp 0.9".
static Status read_sampling(dm_translate_options *read, const dm_options *options, Error *error)
{
    static const struct {
        const char *name;
        dm_sampling kind;
    } kinds[] = {{"full", DM_SAMPLE_FULL}, {"topk", DM_SAMPLE_TOPK}, {"topp", DM_SAMPLE_TOPP}};
    const char *name = dm_options_text(options, "output-sampling", 0),
               *limit = dm_options_text(options, "output-sampling", 1);
    if (!name) return DM_OK;
    for (size_t i = 0; i < DM_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0) read->sampling = kinds[i].kind;
    char *end = "";
    read->sampling_limit = limit ? strtod(limit, &end) : 0;
    const double l = read->sampling_limit;
    const bool good = read->sampling == DM_SAMPLE_FULL   ? !limit
                      : read->sampling == DM_SAMPLE_TOPK ? limit && l >= 1 && l <= 1e9 && l == floor(l)
                      : read->sampling == DM_SAMPLE_TOPP ? limit && l > 0 && l <= 1
                                                         : false;
    if (good && !*end) return DM_OK;
    return dm_misuse(error,
                     "--output-sampling %s%s%s: give full, topk K (a whole number from 1) or topp P (above 0, to 1)",
                     name, limit ? " " : "", limit ? limit : "");
}

enum { OF_FOLDER = -1 };

// What the options of translate come to where none is given; a test holds the two together.
static const dm_translate_options defaults = {.normalize = OF_FOLDER,
                                              .max_length_factor = 3,
                                              .min_length = OF_FOLDER,
                                              .n_best = 1,
                                              .no_repeat_ngram = OF_FOLDER,
                                              .temperature = 1,
                                              .seed = 1};

// An option that the folder answers where the user does not.
static double number_or_folder(const dm_options *options, const char *name)
{
    return dm_options_given(options, name) ? dm_options_number(options, name) : OF_FOLDER;
}

// What translate and generate have each for itself.
static void read_translating(dm_translate_options *read, const dm_options *options)
{
    read->max_length_factor = dm_options_number(options, "max-length-factor");
    read->coverage_penalty = dm_options_number(options, "coverage-penalty");
    read->alignment = dm_options_text(options, "alignment", 0) != NULL;
    read->unk_replace = dm_options_flag(options, "unk-replace");
}

static void read_generating(dm_translate_options *read, const dm_options *options)
{
    const Setting *stops = dm_option_setting(options, dm_option_find(options->command, "stop"));
    read->max_length = (int)dm_options_number(options, "max-length");
    read->stop_pieces = (const char *const *)stops->values;
    read->stop_count = stops->count;
}

// What names no other source of drafts is the folder of a model, which the caller opens.
static void read_draft(dm_translate_options *read, const dm_options *options)
{
    const char *draft = dm_options_has(options, "draft") ? dm_options_text(options, "draft", 0) : NULL;
    if (!draft) return;
    const DraftSource *source = dm_draft_source(draft, NULL);
    read->draft = source && !source->reads_a_model ? source->name : dm_draft_by_model.name;
    read->draft_accept = (int)dm_options_number(options, "draft-accept");
    read->draft_length = (int)dm_options_number(options, "draft-length");
}

dm_status dm_translate_options_read(dm_translate_options *read, const dm_options *options, dm_error *error)
{
    DM_PLAIN_NUMBERS;
    if (!options) {
        *read = defaults;
        return DM_OK;
    }
    Status status = dm_options_count_all(options, error);
    if (status) return status;
    *read = (dm_translate_options){
        .beam_size = (int)dm_options_number(options, "beam-size"),
        .normalize = number_or_folder(options, "normalize"),
        .max_length_factor = defaults.max_length_factor,
        .min_length = (int)number_or_folder(options, "min-length"),
        .n_best = (int)dm_options_number(options, "n-best"),
        .no_repeat_ngram = (int)number_or_folder(options, "no-repeat-ngram"),
        .diversity = dm_options_number(options, "diversity"),
        .temperature = dm_options_number(options, "temperature"),
        .seed = (unsigned long long)dm_options_number(options, "seed"),
        .threads = (int)dm_options_number(options, "cpu-threads"),
        .mini_batch = (int)dm_options_number(options, "mini-batch"),
    };
    read_draft(read, options);
    if (dm_options_has(options, "stop"))
        read_generating(read, options);
    else
        read_translating(read, options);
    status = dm_order_options_read(read, options, error);
    return status ? status : read_sampling(read, options, error);
}

// What looks at attention needs a model that has some.
static Status check_abilities(const dm_translate_options *o, const dm_model *model, Error *error)
{
    const ModelConfig *c = &model->models[0]->config;
    Status status = o->alignment ? dm_needs_source_attention(c, "--alignment", error) : DM_OK;
    if (!status && o->unk_replace) status = dm_needs_source_attention(c, "--unk-replace", error);
    if (!status && o->coverage_penalty != 0) status = dm_needs_source_attention(c, "--coverage-penalty", error);
    return status;
}

// A label is chosen by itself: there is nothing to search for.
static Status check_effects_on_labels(const dm_translate_options *o, const dm_model *model, Error *error)
{
    const struct {
        const char *what;
        bool asked;
    } vain[] = {{"a beam", o->beam_size > 1},
                {"sampling", o->sampling != DM_NO_SAMPLING},
                {"a temperature", o->temperature < 1 || o->temperature > 1},
                {"a limit of sampling", o->sampling_limit > 0},
                {"diversity", o->diversity > 0},
                {"a length of at least or at most so many pieces",
                 o->min_length > 0 || o->max_length > 0 || o->length_high > 0},
                {"a factor of the length", o->max_length_factor < defaults.max_length_factor ||
                                               o->max_length_factor > defaults.max_length_factor},
                {"what must not be repeated", o->no_repeat_ngram > 0},
                {"a prefix", o->prefixes != NULL},
                {"a shortlist", model->shortlist != NULL},
                {"a draft", o->draft != NULL},
                {"what a line has come to so far", o->partial != NULL}};
    for (size_t i = 0; i < DM_COUNT(vain); i++)
        if (vain[i].asked)
            return dm_misuse(error,
                             "%s has no effect on labels: the best one of each is taken, and n_best asks for the next "
                             "ones",
                             vain[i].what);
    return DM_OK;
}

// What would be taken and do nothing. A field of 0 says nothing.
static Status check_effects(const dm_translate_options *o, const dm_model *model, Error *error)
{
    const ModelConfig *c = &model->models[0]->config;
    const int most = o->max_length > 0 ? o->max_length : c->search.max_length, ends = 2 * o->beam_size - 1;
    const bool sampling = o->sampling != DM_NO_SAMPLING, greedy = !sampling && o->beam_size == 1;
    if (most > 0 && o->min_length > most)
        return dm_misuse(error, "a translation cannot have %d piece%s at least: the limit is %d%s", o->min_length,
                         dm_plural((size_t)o->min_length), most,
                         o->max_length > 0 ? "" : ", as the model folder says (max_length)");
    if (o->length_high && o->min_length > 0)
        return dm_misuse(error, "a length of %d to %d pieces says how many there are at least: leave min_length at 0",
                         o->length_low, o->length_high);
    if (o->length_high >= c->architecture->longest(c))
        return dm_misuse(error, "a translation cannot have %d piece%s: the learned positions of this model end at %d",
                         o->length_high, dm_plural((size_t)o->length_high), c->architecture->longest(c));
    if (o->min_length >= c->architecture->longest(c))
        return dm_misuse(error,
                         "a translation cannot have %d piece%s at least: the learned positions of this model end at %d",
                         o->min_length, dm_plural((size_t)o->min_length), c->architecture->longest(c));
    if (!sampling && o->n_best > ends)
        return dm_misuse(error,
                         "a beam of %d finds no more than %d translation%s of a line: %d need a beam of %d or more, or "
                         "sampling",
                         o->beam_size, ends, dm_plural((size_t)ends), o->n_best, (o->n_best + 2) / 2);
    if (o->diversity > 0 && (sampling || greedy))
        return dm_misuse(error, "diversity has no effect in %s: it is between the hypotheses of a beam",
                         sampling ? "sampling" : "greedy search");
    if (!sampling && o->temperature > 0 && (o->temperature < 1 || o->temperature > 1))
        return dm_misuse(error, "the temperature has no effect without sampling: leave it at 1");
    if (o->sampling_limit > 0 && (!sampling || o->sampling == DM_SAMPLE_FULL))
        return dm_misuse(error, "the limit of sampling is for topk and topp, and has no effect without them");
    if (o->stop_count && !dm_goes_on(model))
        return dm_misuse(error, "a translation does not stop at a piece: only text that goes on does");
    if (o->partial && !greedy)
        return dm_misuse(error, "what a line has come to so far is told in greedy search alone: make the beam 1");
    return DM_OK;
}

bool dm_goes_on(const dm_model *model)
{
    return dm_is_text_model(&model->models[0]->config);
}

Status dm_opened_is_for(const dm_model *model, bool text_alone, Error *error)
{
    if (dm_goes_on(model) == text_alone) return DM_OK;
    return dm_misuse(error, text_alone ? "this model translates, from a source: ask it by dragoman translate"
                                       : "this model goes on with text, and has not learnt to translate any: ask it by "
                                         "dragoman generate");
}

// What a caller left open, and what cannot be.
Status dm_opened_options(dm_translate_options *o, const dm_model *model, const dm_translate_options *given,
                         Error *error)
{
    *o = given ? *given : defaults;
    if (dm_segmenter_labels(model->segmenter)) {
        Status status = check_effects_on_labels(o, model, error);
        if (status) return status;
        o->beam_size = o->n_best;  // of each as many as are asked for
    }
    Status status = dm_order_options_settle(o, model, &defaults, error);
    if (status) return status;
    if (dm_goes_on(model) && o->beam_size <= 0 && !model->models[0]->config.search.beam_size) o->beam_size = 1;
    dm_take_search_defaults(o, &model->models[0]->config.search);
    if (o->threads <= 0) o->threads = dm_processors();
    if (o->mini_batch < 0 || !(o->max_length_factor > 0))
        return dm_misuse(error, "mini_batch must be 0 or more and max_length_factor above 0: dm_translate_options_read "
                                "fills in every field");
    if (o->sampling != DM_NO_SAMPLING && !(o->temperature > 0))
        return dm_misuse(error, "the temperature of sampling must be above 0");
    status = check_effects(o, model, error);
    if (!status) status = dm_opened_check_draft(model, o, error);
    return status ? status : check_abilities(o, model, error);
}

Translator dm_opened_translator(const dm_model *model, const dm_translate_options *options)
{
    return (Translator){.models = (const Model *const *)model->models,
                        .model_count = model->count,
                        .segmenter = model->segmenter,
                        .gemm = model->gemm,
                        .packs = model->packs,
                        .shortlist = model->shortlist,
                        .drafter = model->drafter,
                        .heads = model->heads,
                        .window = model->window,
                        .options = *options};
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
