// Models beside the first: members of an ensemble, and the one that drafts. They have to mean the same by the same ids.
#include <string.h>

#include "core/memory.h"
#include "core/scope.h"
#include "folder/folder.h"
#include "search/drafts.h"
#include "translate/line_checks.h"
#include "translate/opened.h"

// A model beside the first, as messages speak of it.
typedef struct Beside {
    const char *folder;
    bool drafts;  // else it is a member of an ensemble
} Beside;

static const char *first(const Beside *beside)
{
    return beside->drafts ? "the model that it is to draft for" : "the first model";
}

static const char *together(const Beside *beside)
{
    return beside->drafts ? "it cannot draft for it" : "they cannot be asked together";
}

static Status same_vocabulary(const Segmenter *a, const Segmenter *b, Side side, const Beside *beside, Error *error)
{
    const Vocabulary *x = dm_segmenter_vocabulary(a, side), *y = dm_segmenter_vocabulary(b, side);
    bool same = dm_vocabulary_size(x) == dm_vocabulary_size(y);
    for (int id = 0; same && id < dm_vocabulary_size(x); id++)
        same = strcmp(dm_vocabulary_piece(x, id), dm_vocabulary_piece(y, id)) == 0;
    if (same) return DM_OK;
    return dm_fail(error,
                   "%s has another %s vocabulary than %s: %s where they were trained with the same segmenter (train "
                   "--pretrained-model takes one over)",
                   beside->folder, side == DM_SOURCE ? "source" : "target", first(beside),
                   beside->drafts ? "a model can guess for another" : "models can be asked together");
}

static Status same_ids(const ModelConfig *a, const ModelConfig *b, const Beside *beside, Error *error)
{
    if (a->architecture->labels(a) != b->architecture->labels(b))
        return dm_fail(error, "%s writes text or labels where %s does not: %s", beside->folder, first(beside),
                       together(beside));
    if (a->eos == b->eos && a->pad == b->pad && a->decoder_start == b->decoder_start) return DM_OK;
    return dm_fail(error,
                   "%s/config.json has other ids than %s: eos_token_id %d, pad_token_id %d and "
                   "decoder_start_token_id %d instead of %d, %d and %d",
                   beside->folder, first(beside), b->eos, b->pad, b->decoder_start, a->eos, a->pad, a->decoder_start);
}

static Status same_kind(const ModelConfig *a, const ModelConfig *b, const Beside *beside, Error *error)
{
    const bool alone = dm_is_text_model(a);
    if (alone == dm_is_text_model(b)) return DM_OK;
    return dm_fail(error, "%s %s, and %s %s: %s", beside->folder, alone ? "translates" : "goes on with text",
                   first(beside), alone ? "goes on with text" : "translates", together(beside));
}

static Status same_output(const Model *a, const Model *b, const Beside *beside, Error *error)
{
    if (a->output.kind->copies == b->output.kind->copies) return DM_OK;
    return dm_fail(error, "%s has output layer %s, and %s %s: what one of them copies the other cannot say",
                   beside->folder, b->output.kind->name, first(beside), a->output.kind->name);
}

static Status same_writing(const ModelConfig *a, const ModelConfig *b, const Beside *beside, Error *error)
{
    const Writing own = a->architecture->writing(a), other = b->architecture->writing(b);
    if (own == other) return DM_OK;
    return dm_fail(error, "%s has a model that writes %s, and %s writes %s: %s", beside->folder, dm_writing_name(other),
                   first(beside), dm_writing_name(own), together(beside));
}

// A model that goes with the first.
static Status read_other(Model **other, const dm_model *model, const Beside *beside, Error *error)
{
    const char *folder = beside->folder;
    Segmenter *segmenter = NULL;
    cJSON *extra = NULL;
    const ModelConfig *own = &model->models[0]->config;
    *other = NULL;
    Status status = dm_model_read(other, &extra, folder, error);
    if (!status) status = dm_segmenter_of(&segmenter, &(*other)->config, extra, folder, error);
    if (!status) status = same_vocabulary(model->segmenter, segmenter, DM_SOURCE, beside, error);
    if (!status) status = same_vocabulary(model->segmenter, segmenter, DM_TARGET, beside, error);
    if (!status) status = same_kind(own, &(*other)->config, beside, error);
    if (!status) status = same_writing(own, &(*other)->config, beside, error);
    if (!status) status = same_ids(own, &(*other)->config, beside, error);
    if (!status) status = same_output(model->models[0], *other, beside, error);
    dm_segmenter_close(segmenter);
    cJSON_Delete(extra);
    if (!status) return DM_OK;
    dm_model_destroy(*other);
    *other = NULL;
    return status;
}

static Status join(dm_model *model, const char *folder, Error *error)
{
    if (model->count == DM_MOST_MODELS) return dm_misuse(error, "an ensemble has at most %d models", DM_MOST_MODELS);
    Model *member;
    const Status status = read_other(&member, model, &(Beside){folder, false}, error);
    if (!status) model->models[model->count++] = member;
    return status;
}

dm_status dm_model_join(dm_model *model, const char *folder, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, join(model, folder, error));
    return status;
}

static Status take_drafter(dm_model *model, const char *folder, Error *error)
{
    Model *drafter;
    const Status status = read_other(&drafter, model, &(Beside){folder, true}, error);
    if (status) return status;
    dm_model_destroy(model->drafter);
    model->drafter = drafter;
    return DM_OK;
}

dm_status dm_model_draft(dm_model *model, const char *folder, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, take_drafter(model, folder, error));
    return status;
}

Status dm_opened_check_draft(const dm_model *model, const dm_translate_options *o, Error *error)
{
    const DraftSource *source = o->draft ? dm_draft_source(o->draft, &model->models[0]->config) : NULL;
    const char *misfit = source ? dm_draft_misfit(source, &model->models[0]->config) : NULL;
    if (o->draft_length < 0 || o->draft_accept < 0)
        return dm_misuse(error, "draft_length and draft_accept must be 0 or more");
    if (o->draft_accept > 1 && (!o->draft || o->sampling != DM_NO_SAMPLING))
        return dm_misuse(error, "draft_accept is for the guesses of greedy search, and has no effect without them");
    if (!o->draft)
        return o->draft_length ? dm_misuse(error, "draft_length has no effect where nothing is drafted") : DM_OK;
    if (!source) return dm_misuse(error, "there is no source of drafts '%.100s'", o->draft);
    if (source->reads_a_model && !model->drafter)
        return dm_misuse(error, "which model is to draft, dm_model_draft says, and was not called");
    if (misfit) return dm_misuse(error, "there are no drafts by %s: %s", o->draft, misfit);
    if (o->sampling == DM_NO_SAMPLING && o->beam_size > 1)
        return dm_misuse(
            error,
            "drafts are for greedy search and for sampling, and a beam of %d goes on with several texts at "
            "once, none of which is known beforehand: make the beam 1, or leave the draft out",
            o->beam_size);
    return DM_OK;
}
