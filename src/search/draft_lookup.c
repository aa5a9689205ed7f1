// Drafts by looking up: where the last pieces have stood before, in the text that is gone on with or in what was
// written, what followed them then is guessed to follow again (Saxena 2023, "Prompt lookup decoding"). The longest run
// of pieces that was there counts, and its latest place.
#include <string.h>

#include "core/memory.h"
#include "search/drafts.h"

enum { LONGEST = 3 };  // pieces of a run

typedef struct Lookup {
    const SearchJob *job;
    Tokens before;  // what stands in front of each text; of a model with an encoder nothing does
} Lookup;

static void *begin(Graph *g, const SearchJob *job, const AlreadyRead *before)
{
    (void)before;
    Lookup *lookup = dm_arena_take(g->arena, sizeof *lookup);
    *lookup = (Lookup){.job = job};
    if (job->models[0]->architecture->one_vocabulary) lookup->before = job->text ? *job->text : job->source;
    return lookup;
}

// Where what followed the last pieces begins; 0: nowhere.
static int place_of(const int *ids, int count)
{
    for (int n = LONGEST; n > 0; n--)
        for (int at = count - 1; at >= n; at--)
            if (memcmp(ids + at - n, ids + count - n, (size_t)n * sizeof(int)) == 0) return at;
    return 0;
}

static void guess(Graph *g, void *own, DraftedText *const *texts, int n)
{
    const Lookup *lookup = own;
    for (int i = 0; i < n; i++) {
        DraftedText *text = texts[i];
        const ArenaMark mark = dm_arena_mark(g->arena);
        const Spans spans = lookup->before.spans;
        const int before = spans.n ? spans.length[text->sentence] : 0, count = before + text->count;
        int *ids = dm_arena_take(g->arena, (size_t)(count + text->most) * sizeof(int));
        if (before) memcpy(ids, lookup->before.ids + spans.start[text->sentence], (size_t)before * sizeof(int));
        memcpy(ids + before, text->written, (size_t)text->count * sizeof(int));
        const int at = place_of(ids, count);
        if (at)  // what came last may be guessed once more
            for (int k = 0; k < text->most; k++) text->guess[text->guesses++] = ids[count + k] = ids[at + k];
        dm_arena_release(g->arena, mark);
    }
}

const DraftSource dm_draft_by_lookup = {
    .name = "lookup",
    .begin = begin,
    .guess = guess,
};
