// The table of position kinds, and those of a model.
#include "model/layers/positions.h"

#include "core/memory.h"

enum { KEPT = 512 };  // rows by formula that are made once

static const PositionKind none = {
    .name = "none",
    .about =
        "a decoder can still count what it sees (Haviv et al. 2022), but to an encoder a sentence is a bag of words"};

const PositionKind *const dm_position_kinds[] = {&dm_sine_positions,
                                                 &dm_learned_positions,
                                                 &dm_rotary_positions,
                                                 &dm_alibi_positions,
                                                 &none,
                                                 &dm_timing_positions,
                                                 NULL};

Choice dm_position_choice(int index)
{
    const PositionKind *kind = dm_position_kinds[index];
    return kind ? (Choice){kind->name, kind->about} : (Choice){0};
}

static void make_rows(Positions *p)
{
    p->width = p->kind->rows_of_heads ? p->shape.width / p->shape.heads : p->shape.width;
    p->count = KEPT;
    p->rows = dm_allocate((size_t)KEPT * (size_t)p->width, sizeof(float));
    p->kind->fill(&p->shape, 0, KEPT, p->width, p->rows);
}

static void take_rows(Positions *p, const Positions *from)
{
    p->width = from->width;
    p->count = from->count;
    p->rows = from->rows;
}

void dm_positions_connect(Positions both[2], const PositionKind *kind, const PositionShape shapes[2],
                          const Parameters *p)
{
    static const char *const stacks[2] = {"model.encoder", "model.decoder"};
    const bool alike = !kind->rows_of_heads || shapes[0].heads == shapes[1].heads;
    for (int i = 0; i < 2; i++) {
        Positions *at = both + i;
        *at = (Positions){.kind = kind, .shape = shapes[i]};
        if (!shapes[i].heads) continue;
        if (kind->fill && both->rows && i && alike)
            take_rows(at, both);
        else if (kind->fill)
            make_rows(at);
        if (kind->find) at->table = kind->find(p, stacks[i]);
        if (!kind->slope) continue;
        at->slopes = dm_allocate(2 * (size_t)shapes[i].heads, sizeof(float));
        kind->slope(shapes[i].heads, at->slopes);
    }
}

void dm_positions_free(Positions both[2])
{
    if (both[1].rows != both[0].rows) dm_free(both[1].rows);
    dm_free(both[0].rows);
    for (int i = 0; i < 2; i++) {
        dm_free(both[i].slopes);
        both[i] = (Positions){0};
    }
}

void dm_positions_declare(Parameters *p, const PositionKind *kind, const char *stack, const PositionShape *shape)
{
    if (kind->declare) kind->declare(p, stack, shape);
}

void dm_positions_add(Graph *g, const Positions *positions, Tokens tokens, Embedding *to)
{
    if (positions->kind->add) positions->kind->add(g, positions, tokens, to);
}

Tensor dm_positions_turn(Graph *g, const Positions *positions, Tokens tokens, Tensor x)
{
    return positions->kind->turn ? positions->kind->turn(g, positions, tokens, x) : x;
}
