// Drafts: where search by drafts (speculative.c) takes its guesses from of how a text goes on. A source of drafts is a file
// and a row of dm_draft_sources.
#pragma once
#include "search/search_parts.h"

// A text that is being written, and what is guessed of it.
typedef struct DraftedText {
    int sentence, sample;
    const int *written;  // pieces so far ...
    int count;
    int most;            // ... and how many may be guessed
    int *guess, guesses;  // [most]
    // Of each guess that was drawn the probabilities [dm_search_reach] that it was drawn by, NULL where nothing was;
    // [most], in the graph's arena
    double **odds;
    int slot, read;     // of a source that reads along: where, and how many pieces, the first of them the start
    int place, placed;  // of a source that follows another text: where it was when so many pieces were written
} DraftedText;

typedef struct DraftSource {
    const char *name;    // of --draft
    bool reads_a_model;  // SearchJob.drafter
    bool reads_the_beginning;  // what the first model had read before the search, and made of it
    // As dm_draft_misfit; NULL: it always can.
    const char *(*misfit)(const ModelConfig *config);
    // before: it lives as the search does. NULL: where the source does not read it.
    void *(*begin)(Graph *g, const SearchJob *job, const AlreadyRead *before);
    // Of all texts that are still open, in the order that they had before. What odds there are it leaves in the arena.
    void (*guess)(Graph *g, void *own, DraftedText *const *texts, int n);
    // After each pass, of the texts that go on: `decoded` is what the first model has made of it, and in row rows[i] it has
    // chosen the last piece of text i. NULL: it need not see that.
    void (*look)(Graph *g, void *own, const Decoded *decoded, DraftedText *const *texts, const int *rows, int n);
    void (*end)(void *own);  // NULL: all is in the graph's arena
} DraftSource;

extern const DraftSource dm_draft_by_model, dm_draft_by_self, dm_draft_by_chain, dm_draft_by_lookup, dm_draft_by_source;
extern const DraftSource *const dm_draft_sources[];    // ends with NULL
// Why nothing can be guessed so of what this model writes; NULL: it can.
const char *dm_draft_misfit(const DraftSource *source, const ModelConfig *config);
// Of several of a name, the one for this model, or where none is, the first. config NULL: the first. NULL: no such name.
const DraftSource *dm_draft_source(const char *name, const ModelConfig *config);
