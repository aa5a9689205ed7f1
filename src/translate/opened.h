// A dm_model: the models of an ensemble, with all that text in and text out needs. What the files of public functions
// share.
#pragma once
#include "translate/translator.h"

enum { DM_MOST_MODELS = 16 };  // of an ensemble

struct dm_model {
    Model *models[DM_MOST_MODELS];
    int count;
    Segmenter *segmenter;
    const GemmBackend *gemm;
    Packs *packs;          // of all of them
    Shortlist *shortlist;  // or NULL
    Model *drafter;        // that guesses how a text goes on; or NULL
    AlignmentHeads heads;
    int window;  // pieces: what a longer line of text alone is cut into
};

bool dm_goes_on(const dm_model *model);  // it has learnt from text alone; else it translates
// DM_OK, or a sentence that names the command for models like this one.
Status dm_opened_is_for(const dm_model *model, bool text_alone, Error *error);
int dm_opened_reads(const dm_model *model);  // pieces at most
Status dm_opened_check_lines(const dm_model *model, const char *const *lines, size_t count, Error *error);
// given: a caller's, or NULL. What it leaves open is filled in, what cannot be is refused.
Status dm_opened_options(dm_translate_options *options, const dm_model *model, const dm_translate_options *given,
                         Error *error);
Status dm_opened_check_draft(const dm_model *model, const dm_translate_options *options, Error *error);
// How long translations are, and of a model that writes in any order in how many passes (order_options.c): what the
// options of translate say, where it has them, and what is left open or cannot be. usual: where nobody says anything.
Status dm_order_options_read(dm_translate_options *read, const dm_options *options, Error *error);
Status dm_order_options_settle(dm_translate_options *options, const dm_model *model, const dm_translate_options *usual,
                               Error *error);
Translator dm_opened_translator(const dm_model *model, const dm_translate_options *options);
