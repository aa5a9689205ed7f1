// The segmenter that belongs to a model: its files lie in the same folder, and its vocabularies must be of the model's
// size.
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "translate/translator.h"

static Status read_json(cJSON **json, const char *path, Error *error)
{
    char *text;
    Status status = dm_read_file(path, &text, NULL, error);
    if (status) return status;
    *json = cJSON_Parse(text);
    free(text);
    return *json ? DM_OK : dm_fail(error, "%s is not valid JSON", path);
}

// Whether source and target have a vocabulary each: tokenizer_config.json says so (MarianTokenizer's separate_vocabs),
// or, where that file is missing, target_vocab.json is there.
static Status has_separate_vocabularies(bool *separate, const char *folder, Error *error)
{
    char *settings = dm_join_path(folder, "tokenizer_config.json"), *target = dm_join_path(folder, "target_vocab.json");
    Status status = DM_OK;
    *separate = dm_exists(target);
    if (dm_exists(settings)) {
        cJSON *json = NULL;
        status = read_json(&json, settings, error);
        const cJSON *said = cJSON_GetObjectItemCaseSensitive(json, "separate_vocabs");
        if (cJSON_IsBool(said)) *separate = cJSON_IsTrue(said);
        cJSON_Delete(json);
    }
    free(settings);
    free(target);
    return status;
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
    SegmenterFiles files = {folder, space ? "space" : "sentencepiece", false, config->eos};
    Status status = has_separate_vocabularies(&files.separate, folder, error);
    if (!status) status = dm_segmenter_open(segmenter, &files, error);
    if (!status) status = check_vocabulary(*segmenter, DM_SOURCE, config, folder, error);
    if (!status) status = check_vocabulary(*segmenter, DM_TARGET, config, folder, error);
    return status;
}
