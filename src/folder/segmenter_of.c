// The segmenter that belongs to a model: its files lie in the same folder, and its vocabularies must be of the model's
// size.
#include <string.h>

#include "core/files.h"
#include "core/json.h"
#include "core/memory.h"
#include "folder/folder_files.h"
#include "folder/folder.h"
#include "folder/formats/format.h"
#include "text/tokenizer_json.h"

// Whether source and target have a vocabulary each: tokenizer_config.json says so (MarianTokenizer's separate_vocabs),
// or, where that file is missing, target_vocab.json is there. Labels always have one of their own.
static Status has_separate_vocabularies(bool *separate, const ModelConfig *config, const char *folder, Error *error)
{
    *separate = true;
    if (config->architecture->labels(config)) return DM_OK;
    char *settings = dm_folder_path(folder, DM_TOKENIZER_FILE),
         *target = dm_folder_path(folder, DM_TARGET_VOCABULARY_FILE);
    JsonFile file = {0};
    if (dm_exists(settings)) dm_json_open(&file, settings, error);
    *separate = dm_json_flag(&file, "separate_vocabs", dm_exists(target));
    dm_json_close(&file);
    dm_free(settings);
    dm_free(target);
    return file.status;
}

static Status check_vocabulary(const Segmenter *segmenter, Side side, const ModelConfig *c, const char *folder,
                               Error *error)
{
    int pieces = dm_vocabulary_size(dm_segmenter_vocabulary(segmenter, side));
    int rows = side == DM_SOURCE ? c->source_vocabulary : c->target_vocabulary;
    if (pieces == rows) return DM_OK;
    return dm_fail(error,
                   "%s: config.json speaks of %d %s pieces, but the vocabulary file has %d: these files do not "
                   "belong together; get them again from where the model came from",
                   folder, rows, side == DM_SOURCE ? "source" : "target", pieces);
}

Status dm_segmenter_of(Segmenter **segmenter, const ModelConfig *config, const cJSON *extra, const char *folder,
                       Error *error)
{
    const cJSON *said = cJSON_GetObjectItemCaseSensitive(extra, "segmenter");
    bool space = cJSON_IsString(said) && strcmp(said->valuestring, "space") == 0;
    SegmenterFiles files = {.folder = folder,
                            .kind = space ? "space" : "sentencepiece",
                            .eos = config->eos,
                            .labels = config->architecture->labels(config),
                            .label_names = (const char *const *)config->labels,
                            .label_count = config->target_vocabulary};
    Status status = has_separate_vocabularies(&files.separate, config, folder, error);
    if (!status) status = dm_segmenter_open(segmenter, &files, error);
    if (!status) status = check_vocabulary(*segmenter, DM_SOURCE, config, folder, error);
    if (!status) status = check_vocabulary(*segmenter, DM_TARGET, config, folder, error);
    return status;
}

// A prompt begins as what a decoder reads does; where it is a source, its end is among it, as it is of what is
// labelled.
Status dm_tokenizer_write(const ModelConfig *config, const Segmenter *segmenter, const char *folder, Error *error)
{
    const Format *format = dm_format_of_config(config);
    if (!(format->decoder_alone || format->encoder_alone) || dm_segmenter_is_tokenizer(folder)) return DM_OK;
    const Vocabulary *vocabulary = dm_segmenter_vocabulary(segmenter, DM_SOURCE);
    const int start = config->decoder_start;
    const bool ends = dm_examples_of(config) != &dm_text;
    return dm_tokenizer_json_write(
        &(TokenizerJson){.vocabulary = vocabulary,
                         .model = dm_segmenter_model(segmenter, DM_SOURCE),
                         .before = start >= 0 ? dm_vocabulary_piece(vocabulary, start) : NULL,
                         .behind = ends ? dm_vocabulary_piece(vocabulary, config->eos) : NULL},
        folder, error);
}
