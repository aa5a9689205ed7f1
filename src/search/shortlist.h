// A shortlist of pieces: search looks only at those that may translate what stands in the batch, some hundred instead
// of all (Jean et al. 2015, "On using very large target vocabulary for neural machine translation", section 3.2). Which
// those are is said by a file that CTranslate2 reads too: a line has a source piece, a tab, and target pieces with
// spaces between them; those of the line whose source piece is empty are always looked at. A list of ours begins with a
// line that says how many bytes there are behind it, so that one which was cut is noticed; to CTranslate2 it is a
// source piece that never comes and has no targets.
#pragma once
#include "model/model.h"
#include "text/segmenter.h"

typedef struct Shortlist Shortlist;

#define DM_SHORTLIST_BYTES "dragoman:bytes="  // and a number, a tab

// An error names the line that has a piece unknown to the model. A list that is cut short or has nothing for the model
// is an error too: search would look at next to nothing. The caller frees what it gets.
Status dm_shortlist_read(Shortlist **shortlist, const char *path, const Segmenter *segmenter, Error *error);
void dm_shortlist_free(Shortlist *shortlist);

// The output layer of a batch, in the graph's arena. NULL: the list would be no shorter than the vocabulary.
OutputLayer *dm_shortlist_output(const Shortlist *shortlist, Graph *g, const Model *model, Tokens source);
void dm_short_output_free(OutputLayer *output);  // or NULL
