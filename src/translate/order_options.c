// The options of a search that writes in any order, and those of a length, which any search keeps to: read, settled,
// and refused where they would do nothing.
#include <ctype.h>
#include <stdlib.h>

#include "translate/opened.h"

// "7", "5-9"
static Status read_length(dm_translate_options *read, const char *text, Error *error)
{
    enum { MOST = 100000 };
    char *end = "";
    const long low = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 0,
               high = *end == '-' && isdigit((unsigned char)end[1]) ? strtol(end + 1, &end, 10) : low;
    if (*end || low < 1 || high < low || high > MOST)
        return dm_misuse(error, "--length %s: give a number of pieces from 1 to %d, or two, the lower one first: 5-9",
                         text, MOST);
    read->length_low = (int)low;
    read->length_high = (int)high;
    return DM_OK;
}

Status dm_order_options_read(dm_translate_options *read, const dm_options *options, Error *error)
{
    if (!dm_options_has(options, "length")) return DM_OK;
    if (dm_options_given(options, "iterations")) read->iterations = (int)dm_options_number(options, "iterations");
    if (dm_options_given(options, "length-beam")) read->length_beam = (int)dm_options_number(options, "length-beam");
    const char *length = dm_options_text(options, "length", 0);
    return length ? read_length(read, length, error) : DM_OK;
}

static Status refuse_order(const dm_translate_options *o, Error *error)
{
    if (!o->iterations && !o->length_beam) return DM_OK;
    return dm_misuse(
        error, "%s for models that write in any order (train --objective masked), and this one writes piece by piece",
        o->iterations ? "iterations are" : "a length beam is");
}

typedef struct Vain {
    const char *what;
    bool asked;
} Vain;

static Status refuse_vain(const Vain *vain, size_t count, Writing writing, Error *error)
{
    for (size_t i = 0; i < count; i++)
        if (vain[i].asked)
            return dm_misuse(error, "%s not for a model that writes %s: leave it out", vain[i].what,
                             dm_writing_name(writing));
    return DM_OK;
}

// What goes by pieces one after the other.
static Status refuse_steps(const dm_translate_options *o, const dm_model *model, Writing writing, Error *error)
{
    const Vain vain[] = {{"a draft is", o->draft != NULL},
                         {"what a line has come to so far is", o->partial != NULL},
                         {"a beam of hypotheses is", o->beam_size > 0 && writing != DM_AT_ONCE},
                         {"sampling is", o->sampling != DM_NO_SAMPLING},
                         {"diversity is", o->diversity > 0},
                         {"what must not be repeated is", o->no_repeat_ngram > 0},
                         {"a prefix is", o->prefixes != NULL},
                         {"a shortlist is", model->shortlist != NULL},
                         {"dividing by the length is", o->normalize >= 0},
                         {"several models at once are", model->count > 1}};
    return refuse_vain(vain, DM_COUNT(vain), writing, error);
}

// What is said at once is as long as it comes out. Nothing said, whatever the folder says: the best path.
static Status settle_choices(dm_translate_options *o, const dm_translate_options *usual, Error *error)
{
    if (o->beam_size <= 0) o->beam_size = 1;
    const Vain vain[] = {{"iterations are", o->iterations > 0},
                         {"a length beam is", o->length_beam > 0},
                         {"a length is", o->length_high > 0 || o->min_length > 0 || o->max_length > 0},
                         {"a factor of the length is", o->max_length_factor < usual->max_length_factor ||
                                                           o->max_length_factor > usual->max_length_factor}};
    if (o->n_best > o->beam_size)
        return dm_misuse(
            error,
            "of what is said all at once a beam of %d finds no more than %d translation%s of a line: %d need "
            "a beam of %d",
            o->beam_size, o->beam_size, dm_plural((size_t)o->beam_size), o->n_best, o->n_best);
    return refuse_vain(vain, DM_COUNT(vain), DM_AT_ONCE, error);
}

static Status settle_lengths(dm_translate_options *o, const dm_model *model, Error *error)
{
    if (dm_unknown_piece(model->segmenter, DM_TARGET) < 0)
        return dm_fail(error,
                       "the vocabulary has no unknown piece (<unk>), which stands for what is masked: this is not the "
                       "one that the model was trained with");
    if (!o->length_beam) o->length_beam = DM_USUAL_LENGTH_BEAM;
    if (o->n_best > o->length_beam)
        return dm_misuse(error,
                         "of %d length%s there %s no more than %d translation%s of a line: %d need a length beam of %d",
                         o->length_beam, dm_plural((size_t)o->length_beam), o->length_beam == 1 ? "is" : "are",
                         o->length_beam, dm_plural((size_t)o->length_beam), o->n_best, o->n_best);
    o->beam_size = o->length_beam;  // so many translations of a line are worked on at once
    return DM_OK;
}

Status dm_order_options_settle(dm_translate_options *o, const dm_model *model, const dm_translate_options *usual,
                               Error *error)
{
    const ModelConfig *config = &model->models[0]->config;
    const Writing writing = config->architecture->writing(config);
    if (o->length_high ? o->length_low < 1 || o->length_high < o->length_low : o->length_low)
        return dm_misuse(error, "a length of %d to %d pieces is none: length_low is 1 or more, and length_high no less",
                         o->length_low, o->length_high);
    if (o->length_high && o->min_length < 0) o->min_length = 0;  // whatever the folder says
    if (writing == DM_PIECE_BY_PIECE) return refuse_order(o, error);
    Status status = refuse_steps(o, model, writing, error);
    if (status) return status;
    return writing == DM_AT_ONCE ? settle_choices(o, usual, error) : settle_lengths(o, model, error);
}
