// Symmetrization, worked by hand.
#include "data/symmetrize.h"

#include "core/memory.h"
#include "test.h"

enum { MOST = 5 };

typedef struct Case {
    int sources, targets, source[MOST], target[MOST];  // where words of a side come from
    const char *how, *links;
} Case;

static void links_are_those_of_the_paper(void)
{
    static const Case cases[] = {
        // Both ways: 0-0 and 1-1. One of them: 1-2 (the target's words), 2-2 (the source's).
        {3, 3, {0, 1, 2}, {0, 1, 1}, "intersection", "0-0 1-1"},
        {3, 3, {0, 1, 2}, {0, 1, 1}, "union", "0-0 1-1 1-2 2-2"},
        {3, 3, {0, 1, 2}, {0, 1, 1}, "forward", "0-0 1-1 1-2"},
        {3, 3, {0, 1, 2}, {0, 1, 1}, "backward", "0-0 1-1 2-2"},
        {3, 3, {0, 1, 2}, {0, 1, 1}, "grow-diag", "0-0 1-1 1-2 2-2"},  // 1-2 beside 1-1, then 2-2, for 2 has none
        // 2-3 is no neighbour, and both its words are left.
        {4, 4, {0, -1, -1, -1}, {0, -1, -1, 2}, "grow-diag", "0-0"},
        {4, 4, {0, -1, -1, -1}, {0, -1, -1, 2}, "grow-diag-final-and", "0-0 2-3"},
        // Source word 0 is linked already.
        {4, 4, {0, -1, -1, -1}, {0, -1, -1, 0}, "grow-diag-final-and", "0-0"},
        {4, 4, {0, -1, -1, -1}, {0, -1, -1, 0}, "union", "0-0 0-3"},
        // Of two that are left the target words' comes first: then source word 2 is linked.
        {4, 4, {0, -1, 1, -1}, {0, -1, -1, 2}, "grow-diag-final-and", "0-0 2-3"},
        {5, 5, {0, -1, -1, 2, -1}, {0, -1, -1, -1, 3}, "grow-diag-final-and", "0-0 3-4"},
        {5, 5, {0, -1, -1, 2, -1}, {0, -1, -1, -1, 3}, "union", "0-0 3-2 3-4"},
        {2, 2, {0, 1}, {0, 1}, "grow-diag-final-and", "0-0 1-1"},
        {2, 2, {1, 0}, {1, 0}, "grow-diag-final-and", "0-1 1-0"},
        {2, 3, {0, 2}, {0, 0, 1}, "grow-diag-final-and", "0-0 0-1 1-2"},
        // Growing goes on from what has grown.
        {1, 4, {0}, {0, 0, 0, 0}, "grow-diag", "0-0 0-1 0-2 0-3"},
        {4, 1, {0, 0, 0, 0}, {2}, "grow-diag", "0-0 1-0 2-0 3-0"},
        // Nothing is agreed on: what is left grows from nothing.
        {2, 2, {1, -1}, {-1, -1}, "grow-diag", ""},
        {2, 2, {1, -1}, {-1, -1}, "grow-diag-final-and", "0-1"},
        {2, 2, {-1, -1}, {-1, -1}, "union", ""},
        {3, 0, {-1, -1, -1}, {0}, "grow-diag-final-and", ""},
        {0, 2, {0}, {-1, -1}, "union", ""},
    };
    LinkedPairs pairs = {0};
    for (size_t k = 0; k < DM_COUNT(cases); k++) {
        const Case *c = &cases[k];
        dm_symmetrize(&pairs, dm_symmetrization_of(c->how),
                      &(TwoAlignments){{c->source, c->target}, c->sources, c->targets});
        char *line = dm_links_format(dm_links_of(&pairs, k));
        CU_ASSERT_STRING_EQUAL(line, c->links);
        if (strcmp(line, c->links) != 0) fprintf(stderr, "\ncase %zu: %s, not %s\n", k, line, c->links);
        dm_free(line);
    }
    dm_links_free(&pairs);
}

const Fact facts[] = {
    FACT(links_are_those_of_the_paper),
    {NULL, NULL},
};
