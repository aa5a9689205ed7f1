// The table of sources of drafts.
#include "search/drafts.h"

#include <string.h>

const DraftSource *const dm_draft_sources[] = {&dm_draft_by_model, &dm_draft_by_self, &dm_draft_by_lookup,
                                               &dm_draft_by_source, NULL};

const DraftSource *dm_draft_source(const char *name)
{
    const DraftSource *const *source = dm_draft_sources;
    while (*source && strcmp((*source)->name, name) != 0) source++;
    return *source;
}

const char *dm_draft_misfit(const DraftSource *source, const ModelConfig *config)
{
    return source->misfit ? source->misfit(config) : NULL;
}
