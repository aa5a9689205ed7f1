// How a caller wants to be searched for: what the options of a command say, what is left open, and what cannot be.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/locale.h"
#include "core/threads.h"
#include "options/option_set.h"
#include "search/drafts.h"
#include "translate/opened.h"

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
