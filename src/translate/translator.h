// Text in, text out: models, their segmenter, and threads that take batches of sentences.
#pragma once
#include "core/cjson.h"

#include "search/search.h"
#include "translate/look.h"
#include "text/segmenter.h"

typedef struct Translator {
    const Model *const *models;  // an ensemble, of which the first says what a piece is and where to look
    int model_count;
    const Segmenter *segmenter;
    const GemmBackend *gemm;
    Packs *packs;
    const Shortlist *shortlist;    // or NULL
    AlignmentHeads heads;          // of the first model
    dm_translate_options options;  // with beam_size and threads above 0
} Translator;

// Puts what the folder says of its model in the place of what is left open: of fields that are 0 or below 0, as
// dm_translate_options tells.
void dm_take_search_defaults(dm_translate_options *options, const SearchDefaults *search);

// Lines of a batch: as many as asked for, or where that is 0, what pays with such a beam and so many lines; never what
// depends on the threads, for their number must not show in the result.
int dm_mini_batch(int asked, int beam, size_t lines);

// A batch holds at most so many lines and, so that a batch of very long ones does not ask for very much memory,
// about this many pieces (a longer line is a batch of its own).
enum { DM_BATCH_PIECES = 4096 };

// As dm_translate: in the order of the lines. False: stopped, and `out` holds nothing.
bool dm_translator_run(const Translator *translator, const char *const *lines, size_t count, dm_translation *out);
// As dm_rescore.
void dm_translator_rescore(const Translator *translator, const char *const *sources, const char *const *targets,
                           size_t count, dm_rescored *out);

// A sentence's hypotheses as text, words and alignment. looks: what each hypothesis looks at; NULL: nobody asks.
dm_translation dm_put_into_words(const Translator *translator, const char *line, const Found *found, Look *looks);

// As dm_attend: what the heads see while the decoder writes what the search has found. False: stopped.
bool dm_translator_attend(const Translator *translator, const char *line, dm_attended *out);

// As dm_expert_uses: an object that the caller deletes, of a model that has experts. False: stopped.
bool dm_translator_routes(const Translator *translator, const char *const *lines, size_t count, cJSON **json);
