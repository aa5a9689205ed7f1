// The table of sources of drafts.
#include "search/drafts.h"

#include <string.h>

const DraftSource *const dm_draft_sources[] = {&dm_draft_by_model,  &dm_draft_by_self,   &dm_draft_by_chain,
                                               &dm_draft_by_lookup, &dm_draft_by_source, NULL};

const char *dm_draft_misfit(const DraftSource *source, const ModelConfig *config)
{
    return source->misfit ? source->misfit(config) : NULL;
}

const DraftSource *dm_draft_source(const char *name, const ModelConfig *config)
{
    const DraftSource *first = NULL;
    for (const DraftSource *const *source = dm_draft_sources; *source; source++) {
        if (strcmp((*source)->name, name) != 0) continue;
        if (!config || !dm_draft_misfit(*source, config)) return *source;
        if (!first) first = *source;
    }
    return first;
}
