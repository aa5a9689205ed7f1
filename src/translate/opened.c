// A model that is opened: what it is made of, and what all who use it ask of it.
#include "translate/opened.h"

#include "core/memory.h"
#include "core/scope.h"
#include "folder/folder.h"
#include "folder/folder_files.h"
#include "translate/line_checks.h"

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

int dm_opened_reads(const dm_model *model)
{
    int most = DM_MOST_PIECES;
    for (int i = 0; i < model->count; i++) {
        const int longest = dm_most_pieces(&model->models[i]->config);
        if (longest < most) most = longest;
    }
    return most;
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
