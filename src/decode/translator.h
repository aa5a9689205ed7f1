// Text in, text out: a model, its segmenter, and threads that take batches of sentences.
#pragma once
#include <cjson/cJSON.h>

#include "decode/search.h"
#include "text/segmenter.h"

typedef struct Translator {
    const Model *model;
    const Segmenter *segmenter;
    const GemmBackend *gemm;
    SearchOptions search;
    int threads, mini_batch;  // sentences a thread takes at once
} Translator;

// Opens the segmenter of the model in `folder`, and checks that its vocabularies have the model's sizes. extra: our part of
// config.json, or NULL. On failure *segmenter may be open all the same: the caller closes it.
Status dm_segmenter_of(Segmenter **segmenter, const ModelConfig *config, const cJSON *extra, const char *folder,
                       Error *error);

// As dm_translate: in the order of the lines.
void dm_translator_run(const Translator *translator, const char *const *lines, size_t count, dm_translation *out);
// As dm_rescore.
void dm_translator_rescore(const Translator *translator, const char *const *sources, const char *const *targets,
                           size_t count, dm_rescored *out);

// The text that pieces spell, on one line, whatever pieces the vocabulary holds. The caller frees it.
char *dm_one_line(const Segmenter *segmenter, const int *ids, int count);

// As dm_attend: what the heads see while the decoder writes what the search has found.
void dm_translator_attend(const Translator *translator, const char *line, dm_attended *out);
