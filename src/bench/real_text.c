// The lines of a file are translated as dragoman translate does it, from text to text.
#include <limits.h>
#include <string.h>

#include "core/memory.h"
#include "bench/text.h"
#include "translate/translator.h"
#include "folder/folder.h"

typedef struct Lines {
    dm_lines lines;
    int *length;  // [lines.count] pieces of each, end of sentence counted
    dm_model *model;
    dm_translate_options options;
    dm_translation *translations;  // [lines.count]
} Lines;

static Status translate(Text *text, int first, int count, Pieces *pieces, Error *error)
{
    Lines *all = text->own;
    *pieces = (Pieces){0};
    Status status = dm_translate(all->model, (const char *const *)all->lines.line + first, (size_t)count, &all->options,
                                 all->translations, error);
    if (status) return status;
    for (int i = 0; i < count; i++) {
        pieces->source += all->length[first + i];
        pieces->target += all->translations[i].hypotheses[0].pieces;
    }
    dm_translations_free(all->translations, (size_t)count);
    return DM_OK;
}

static void close_text(Text *text)
{
    Lines *all = text->own;
    dm_model_close(all->model);
    dm_lines_free(&all->lines);
    dm_free(all->length);
    dm_free(all->translations);
    dm_free(all);
}

// Drops the lines that are blank and counts the pieces of the others.
static void keep_sentences(Lines *all, const Segmenter *segmenter)
{
    size_t kept = 0;
    all->length = dm_allocate(all->lines.count, sizeof *all->length);
    for (size_t i = 0; i < all->lines.count; i++) {
        Ids ids = {0};
        dm_encode_source(segmenter, all->lines.line[i], &ids, NULL);
        if (ids.count > 1) {
            all->length[kept] = ids.count;
            all->lines.line[kept++] = all->lines.line[i];
        }
        dm_free(ids.id);
    }
    all->lines.count = kept;
}

static Status read_sentences(Lines *all, const char *input, const char *folder, Error *error)
{
    Segmenter *segmenter = NULL;
    ModelConfig config = {0};
    cJSON *extra = NULL;
    Status status = dm_lines_read(&all->lines, input, error);
    if (!status) status = dm_config_read(&config, &extra, folder, error);
    if (status) return status;
    status = dm_segmenter_of(&segmenter, &config, extra, folder, error);
    if (!status) keep_sentences(all, segmenter);
    dm_segmenter_close(segmenter);
    dm_config_free(&config);
    cJSON_Delete(extra);
    if (!status && (all->lines.count == 0 || all->lines.count > INT_MAX))
        return dm_fail(error, "%s has %s to translate: give it some, one a line", input,
                       all->lines.count ? "too many sentences" : "no sentence");
    return status;
}

static Status open_model(Lines *all, const Bench *bench, const char *folder, Error *error)
{
    dm_options *options = dm_options_create_copy(bench->options);
    Status status = dm_options_set(options, "gemm", 1, &bench->gemm->name, error);
    if (!status) status = dm_model_open(&all->model, folder, options, error);
    if (!status && dm_options_flag(bench->options, "shortlist")) status = dm_model_shortlist(all->model, folder, error);
    dm_options_free(options);
    return status;
}

Status dm_text_of_lines(Text *text, const Bench *bench, const Manner *manner, Error *error)
{
    const char *folder = dm_options_text(bench->options, "model", 0);
    Lines *all = dm_allocate(1, sizeof *all);
    *text = (Text){.translate = translate, .close = close_text, .own = all};
    dm_translate_options_read(&all->options, NULL, NULL);
    all->options.beam_size = manner->beam;
    all->options.mini_batch = manner->mini_batch;
    all->options.threads = manner->threads;
    Status status = read_sentences(all, dm_options_text(bench->options, "input", 0), folder, error);
    if (!status) status = open_model(all, bench, folder, error);
    if (status) return status;
    text->sentences = (int)all->lines.count;
    for (int i = 0; i < text->sentences; i++) text->mean_length += (double)all->length[i] / text->sentences;
    all->translations = dm_allocate(all->lines.count, sizeof *all->translations);
    return DM_OK;
}
