// Learned positions (Gehring et al. 2017; Devlin et al. 2019): a table with a row for each place, added to the
// embeddings. Behind its last row there is no place. In files it has the name that MarianMTModel and
// PegasusForConditionalGeneration give to theirs.
#include <assert.h>

#include "model/layers/positions.h"

static Name name_of(const char *stack)
{
    return dm_name("%s.embed_positions.weight", stack);
}

static void declare(Parameters *p, const char *stack, const PositionShape *shape)
{
    p->keys = "max_position_embeddings d_model";
    dm_declare_matrix(p, name_of(stack).text, shape->most, shape->width, DM_INIT_EMBEDDING);
}

static Tensor find(const Parameters *p, const char *stack)
{
    return dm_parameters_joined(p, name_of(stack).text, 1);
}

static void add(Graph *g, const Positions *p, Tokens tokens, Embedding *to)
{
    const float **rows = dm_arena_take(g->arena, (size_t)tokens.n * sizeof *rows);
    for (int i = 0; i < tokens.n; i++) {
        assert(tokens.positions[i] < p->table.rows);  // who has longer ones asks before (Architecture.longest)
        rows[i] = dm_row(&p->table, tokens.positions[i]);
    }
    to->position_rows = rows;
    to->positions = &p->table;
}

// A translation has a piece, and an end.
static bool misfit(const PositionShape *shape, Name *why)
{
    if (shape->most >= 2) return false;
    *why = dm_name("learned positions need at least 2 places (max_position_embeddings), not %d", shape->most);
    return true;
}

const PositionKind dm_learned_positions = {
    .name = "learned",
    .about = "a table with a row for each of --max-positions places, added to the embeddings (Gehring et al. 2017, "
             "Devlin et al. 2019); nothing longer can be read or written",
    .added = "learned positions",
    .ends = true,
    .misfit = misfit,
    .declare = declare,
    .find = find,
    .add = add,
};
