// Drafts by the source, where a task copies most of it: plurals, numbers, text of one language ("aggressive decoding",
// Sun et al. 2021, "Instantaneous grammatical error correction with shallow aggressive decoding"). The text is taken to
// go on as the source does behind the place that it has come to: where its last pieces stand in the source, as many of
// them as possible and as near as possible to where it was, a piece for a piece; at first the beginning.
#include <stdlib.h>

#include "search/drafts.h"

enum { LONGEST = 8 };  // pieces that are compared

typedef struct SourceDraft {
    Spans spans;
    const int *ids;  // what pieces of the source are as pieces of the target; -1: none
} SourceDraft;

static void *begin(Graph *g, const SearchJob *job, const AlreadyRead *before)
{
    (void)before;
    SourceDraft *d = dm_arena_take(g->arena, sizeof *d);
    *d = (SourceDraft){job->source.spans, job->copies ? job->copies : job->alike};
    return d;
}

// How many of the last pieces stand in front of this place of the source.
static int same_before(const DraftedText *text, const int *source, int at)
{
    int same = 0;
    while (same < LONGEST && same < at && same < text->count &&
           source[at - 1 - same] == text->written[text->count - 1 - same])
        same++;
    return same;
}

static int place_of(const DraftedText *text, const int *source, int length)
{
    const int expected = text->place + text->count - text->placed;
    int place = expected, most = 0;
    for (int at = 1; at <= length; at++) {
        const int same = same_before(text, source, at);
        if (same < most || !same || (same == most && abs(at - expected) >= abs(place - expected))) continue;
        place = at;
        most = same;
    }
    return place;
}

static void guess(Graph *g, void *own, DraftedText *const *texts, int n)
{
    (void)g;
    const SourceDraft *d = own;
    for (int i = 0; i < n; i++) {
        DraftedText *text = texts[i];
        const int *source = d->ids + d->spans.start[text->sentence], length = d->spans.length[text->sentence];
        text->place = place_of(text, source, length);
        text->placed = text->count;
        for (int at = text->place; at < length && text->guesses < text->most && source[at] >= 0; at++)
            text->guess[text->guesses++] = source[at];
    }
}

static const char *misfit(const ModelConfig *config)
{
    return dm_is_text_model(config) ? "a model of text alone has none: take --draft lookup" : NULL;
}

const DraftSource dm_draft_by_source = {
    .name = "source",
    .misfit = misfit,
    .begin = begin,
    .guess = guess,
};
