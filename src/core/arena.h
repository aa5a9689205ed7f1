// Arena: memory that is handed out in order and given back all at once, or back to a mark.
// Activations of a shard live in one; after the first shards it owns all it needs and a step allocates nothing.
#pragma once
#include <stddef.h>

typedef struct ArenaBlock ArenaBlock;
typedef struct Arena {
    ArenaBlock *first, *current;
    const void *owner;  // its blocks belong where this memory does (core/scope.h); NULL: to whoever takes
} Arena;

typedef struct ArenaMark {
    ArenaBlock *block;
    size_t used;
} ArenaMark;

// bytes, aligned to 64, uninitialised; never NULL (core/memory.h). They live until the arena is released past this
// point.
void *dm_arena_take(Arena *arena, size_t bytes);
ArenaMark dm_arena_mark(const Arena *arena);
void dm_arena_release(Arena *arena, ArenaMark mark);  // all that was taken since the mark
void dm_arena_reset(Arena *arena);                    // all; the blocks stay for the next round
void dm_arena_destroy(Arena *arena);                  // gives the blocks back to the system
