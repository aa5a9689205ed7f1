// Arena: a chain of blocks; taking moves a pointer, releasing moves it back.
#include "core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/memory.h"

enum { ALIGNMENT = 64, SMALLEST_BLOCK = 1 << 24 };

struct ArenaBlock {
    ArenaBlock *next;
    size_t size, used;
    alignas(ALIGNMENT) unsigned char bytes[];
};

static ArenaBlock *new_block(size_t bytes)
{
    size_t size = SMALLEST_BLOCK;
    while (size - sizeof(ArenaBlock) < bytes) size *= 2;
    ArenaBlock *block = aligned_alloc(DM_HUGE_PAGE, size);
    if (!block) {
        fprintf(stderr, "dragoman: out of memory: an arena asked for %zu bytes\n", size);
        abort();
    }
    dm_use_huge_pages(block, size);
    *block = (ArenaBlock){.size = size - sizeof(ArenaBlock)};
    return block;
}

void *dm_arena_take(Arena *arena, size_t bytes)
{
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ArenaBlock *block = arena->current;
    while (block && block->size - block->used < bytes &&
           block->next) {  // later blocks are empty: take the first that fits
        block = block->next;
        block->used = 0;
    }
    if (!block || block->size - block->used < bytes) {
        ArenaBlock *fresh = new_block(bytes);
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
    *arena = (Arena){NULL, NULL};
}
