// Text in, text out: models, their segmenter, and threads that take batches of sentences. Models of text alone go on
// with a line; others translate it.
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
    const Model *drafter;          // or NULL
    AlignmentHeads heads;          // of the first model
    const int *stops;              // pieces with which a text ends
    int stop_count;
    int window;                    // pieces: what a longer line of text alone is cut into
    dm_translate_options options;  // with beam_size and threads above 0
} Translator;

static inline bool dm_translator_copies(const Translator *translator)  // pieces of the source
{
    return translator->models[0]->output.kind->copies;
}

static inline bool dm_translator_goes_on(const Translator *translator)  // with text; else it translates
{
    return dm_is_text_model(&translator->models[0]->config);
}

// Puts what the folder says of its model in the place of what is left open: of fields that are 0 or below 0, as
// dm_translate_options tells.
void dm_take_search_defaults(dm_translate_options *options, const SearchDefaults *search);

// Lines of a batch: as many as asked for, or where that is 0, what pays with such a beam and so many lines; never what
// depends on the threads, for their number must not show in the result.
int dm_mini_batch(int asked, int beam, size_t lines);

// A batch holds at most so many lines and, so that a batch of very long ones does not ask for very much memory,
// about this many pieces (a longer line is a batch of its own).
enum { DM_BATCH_PIECES = 4096 };
// Cuts sequences of these lengths, as they lie, into batches of at most `most`; returns how many batches there are.
// start: [count + 1], where each begins.
int dm_cut_batches(int *start, const int *lengths, int count, int most);

// Ids of a line of text alone, or of nothing, that is to be gone on with: they have no end of sentence. The caller frees
// them.
Ids dm_beginning(const Segmenter *segmenter, const char *line);
// The line, and behind it what these pieces go on with; the caller frees it.
char *dm_go_on_with(const Segmenter *segmenter, const char *line, const int *ids, int count);

// The text of pieces that were written for a line, some of which may be copied from it; the caller frees it.
char *dm_text_of(const Translator *translator, const char *line, const int *ids, int count);
// Tells the caller what a line has come to so far.
void dm_tell_partial(const Translator *translator, const char *line, size_t number, const int *ids, int count);

// As dm_translate or dm_generate: in the order of the lines. False: stopped, and `out` holds nothing.
bool dm_translator_run(const Translator *translator, const char *const *lines, size_t count, dm_translation *out);
// The same of one of several that share out the lines, by batches, so that together they have what one alone would: `out`
// has nothing (a count of 0) of lines that are another's.
bool dm_translator_run_share(const Translator *translator, const char *const *lines, size_t count, int rank, int ranks,
                             dm_translation *out);
// As dm_rescore.
void dm_translator_rescore(const Translator *translator, const char *const *sources, const char *const *targets,
                           size_t count, dm_rescored *out);
void dm_translator_rescore_text(const Translator *translator, const char *const *lines, size_t count, dm_rescored *out);

// A sentence's hypotheses as text, words and alignment. looks: what each hypothesis looks at; NULL: nobody asks.
dm_translation dm_put_into_words(const Translator *translator, const char *line, const Found *found, Look *looks);

// As dm_attend: what the heads see while the decoder writes what the search has found. False: stopped.
bool dm_translator_attend(const Translator *translator, const char *line, dm_attended *out);

// As dm_expert_uses: an object that the caller deletes, of a model that has experts. False: stopped.
bool dm_translator_routes(const Translator *translator, const char *const *lines, size_t count, cJSON **json);
