// The public functions that use a model: open, translate, rescore, close. What callers hand in is checked here.
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/threads.h"
#include "core/utf8.h"
#include "decode/translator.h"
#include "model/folder.h"

struct dm_model {
    Model *model;
    Segmenter *segmenter;
    const GemmBackend *gemm;
};

// ---- Opening --------------------------------------------------------------------------------------------------------

// The matrix library: the one asked for; with auto, the one that the model was trained with where this build has it (a
// measurement takes as long as the translation of some sentences), else what a measurement says.
static Status choose_gemm(dm_model *model, const char *asked, const cJSON *extra, Error *error)
{
    const char *trained = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(extra, "gemm"));
    const int width = model->model->config.width;
    if (trained && strcmp(asked, "auto") == 0 && !dm_gemm_choose(&model->gemm, trained, width, NULL)) return DM_OK;
    return dm_gemm_choose(&model->gemm, asked, width, error);
}

dm_status dm_model_open(dm_model **model, const char *folder, const dm_options *options, dm_error *error)
{
    dm_model *opened = dm_allocate(1, sizeof *opened);
    cJSON *extra = NULL;
    Status status = dm_model_read(&opened->model, &extra, folder, error);
    if (!status) status = dm_segmenter_of(&opened->segmenter, &opened->model->config, extra, folder, error);
    const char *gemm = options ? dm_options_text(options, "gemm", 0) : "auto";
    if (!status) status = choose_gemm(opened, gemm, extra, error);
    cJSON_Delete(extra);
    *model = status ? NULL : opened;
    if (status) dm_model_close(opened);
    return status;
}

void dm_model_close(dm_model *model)
{
    if (!model) return;
    if (model->segmenter) dm_segmenter_close(model->segmenter);
    dm_model_destroy(model->model);
    free(model);
}

// ---- Checking lines -------------------------------------------------------------------------------------------------

// A line of more pieces is refused: attention needs memory and time that grow with the square of its length, and no
// model has seen anything like it. A line of fewer bytes than SURELY_SHORT cannot have so many (normalisation makes at
// most 18 characters of one of 3 bytes), so only longer ones are segmented to be counted.
enum { MOST_PIECES = 4096, SURELY_SHORT = 512 };

typedef struct LineCheck {
    const dm_model *model;
    const char *what;  // "line", "source line", "target line"
    Side side;
} LineCheck;

// "line 17 is ...", or where there is only one, which the caller knows the number of: "the line is ...".
static Status refuse_line(const LineCheck *check, size_t index, size_t count, const char *complaint, Error *error)
{
    if (count == 1) return dm_fail(error, "the %s %s", check->what, complaint);
    return dm_fail(error, "%s %zu %s", check->what, index + 1, complaint);
}

static Status check_line(const LineCheck *check, const char *const *lines, size_t index, size_t count, Error *error)
{
    const char *line = lines[index];
    size_t size = strlen(line), good = dm_utf8_valid(line, size);
    char complaint[256];
    if (good < size) {
        snprintf(complaint, sizeof complaint,
                 "is not valid UTF-8 (byte %zu is 0x%02x): turn the text into UTF-8 "
                 "first, for example with iconv",
                 good + 1, (unsigned char)line[good]);
        return refuse_line(check, index, count, complaint, error);
    }
    if (size < SURELY_SHORT) return DM_OK;
    Ids ids = {0};
    dm_encode(check->model->segmenter, check->side, line, &ids);
    free(ids.id);
    if (ids.count <= MOST_PIECES) return DM_OK;
    snprintf(complaint, sizeof complaint, "has %d pieces, and more than %d are not taken: break it into sentences",
             ids.count, MOST_PIECES);
    return refuse_line(check, index, count, complaint, error);
}

static Status check_lines(const LineCheck *check, const char *const *lines, size_t count, Error *error)
{
    Status status = DM_OK;
    for (size_t i = 0; i < count && !status; i++) status = check_line(check, lines, i, count, error);
    return status;
}

// ---- Translating and rescoring --------------------------------------------------------------------------------------

static Translator translator_of(const dm_model *model, const dm_options *options)
{
    int threads = (int)dm_options_number(options, "cpu-threads");
    return (Translator){.model = model->model,
                        .segmenter = model->segmenter,
                        .gemm = model->gemm,
                        .threads = threads > 0 ? threads : dm_processors(),
                        .mini_batch = (int)dm_options_number(options, "mini-batch")};
}

static SearchOptions search_options(const ModelConfig *config, const dm_options *options)
{
    int beam_size = (int)dm_options_number(options, "beam-size");
    if (!beam_size) beam_size = config->beam_size > 0 ? config->beam_size : 5;
    return (SearchOptions){beam_size, dm_options_number(options, "normalize"),
                           dm_options_number(options, "max-length-factor"), config->max_length};
}

dm_status dm_translate(dm_model *model, const char *const *lines, size_t count, const dm_options *options,
                       dm_translation *translations, dm_error *error)
{
    if (count) memset(translations, 0, count * sizeof *translations);
    Status status = check_lines(&(LineCheck){model, "line", DM_SOURCE}, lines, count, error);
    if (status) return status;
    dm_options *defaults = options ? NULL : dm_options_new("translate");
    if (!options) options = defaults;
    Translator translator = translator_of(model, options);
    translator.search = search_options(&model->model->config, options);
    dm_translator_run(&translator, lines, count, translations);
    if (defaults) dm_options_free(defaults);
    return DM_OK;
}

void dm_translations_free(dm_translation *translations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(translations[i].text);
        translations[i].text = NULL;
    }
}

dm_status dm_rescore(dm_model *model, const char *const *sources, const char *const *targets, size_t count,
                     const dm_options *options, dm_rescored *rescored, dm_error *error)
{
    if (count) memset(rescored, 0, count * sizeof *rescored);
    Status status = check_lines(&(LineCheck){model, "source line", DM_SOURCE}, sources, count, error);
    if (!status) status = check_lines(&(LineCheck){model, "target line", DM_TARGET}, targets, count, error);
    if (status) return status;
    dm_options *defaults = options ? NULL : dm_options_new("rescore");
    Translator translator = translator_of(model, options ? options : defaults);
    dm_translator_rescore(&translator, sources, targets, count, rescored);
    if (defaults) dm_options_free(defaults);
    return DM_OK;
}

void dm_rescored_free(dm_rescored *rescored, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(rescored[i].word_scores);
        rescored[i].word_scores = NULL;
    }
}
