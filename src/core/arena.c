// Arena: a chain of blocks; taking moves a pointer, releasing moves it back.
#include "core/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "core/memory.h"
#include "core/scope.h"

// BEFORE: what stands in huge pages before the bytes, our own header and that of core/memory.h.
enum { ALIGNMENT = 64, SMALLEST_BLOCK = 1 << 24, BEFORE = 4 * ALIGNMENT };

struct ArenaBlock {
    ArenaBlock *next;
    size_t size, used;
    alignas(ALIGNMENT) unsigned char bytes[];
};

static ArenaBlock *new_block(size_t bytes)
{
    size_t size = SMALLEST_BLOCK;
    while (size - BEFORE < bytes) {
        if (size > SIZE_MAX / 4) dm_out_of_memory(bytes);
        size *= 2;
    }
    ArenaBlock *block = dm_allocate_huge(size - BEFORE + sizeof(ArenaBlock));
    *block = (ArenaBlock){.size = size - BEFORE};
    return block;
}

void *dm_arena_take(Arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 4) dm_out_of_memory(bytes);
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ArenaBlock *block = arena->current;
    while (block && block->size - block->used < bytes &&
           block->next) {  // later blocks are empty: take the first that fits
        block = block->next;
        block->used = 0;
    }
    if (!block || block->size - block->used < bytes) {
        ArenaBlock *fresh = new_block(bytes);
        if (arena->owner) dm_belong(fresh, arena->owner);
        if (block)
            block->next = fresh;
        else
            arena->first = fresh;
        block = fresh;
    }
    arena->current = block;
    void *taken = block->bytes + block->used;
    block->used += bytes;
    return taken;
}

ArenaMark dm_arena_mark(const Arena *arena)
{
    return (ArenaMark){arena->current, arena->current ? arena->current->used : 0};
}

void dm_arena_release(Arena *arena, ArenaMark mark)
{
    arena->current = mark.block ? mark.block : arena->first;
    if (arena->current) arena->current->used = mark.used;
}

void dm_arena_reset(Arena *arena)
{
    dm_arena_release(arena, (ArenaMark){NULL, 0});
}

void dm_arena_destroy(Arena *arena)
{
    for (ArenaBlock *block = arena->first, *next; block; block = next) {
        next = block->next;
        dm_free(block);
    }
    *arena = (Arena){.owner = arena->owner};
}
