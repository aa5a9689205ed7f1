// Memory in blocks: a header that scopes know it by, and then what was asked for.
#include "core/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/scope.h"

_Static_assert(sizeof(Block) % alignof(max_align_t) == 0, "what follows a block is aligned as malloc does it");

// ---- A failure on purpose -------------------------------------------------------------------------------------------

static atomic_long until_failure;  // 0: never; then -1: it is over
static atomic_bool fails_at_all;   // so that all others read what nobody writes

void dm_fail_allocation(long n)
{
    atomic_store(&until_failure, n);
    atomic_store(&fails_at_all, n > 0);
}

bool dm_allocation_has_failed(void)
{
    return atomic_load(&until_failure) < 0;
}

static bool fails_on_purpose(void)
{
    if (!atomic_load_explicit(&fails_at_all, memory_order_relaxed)) return false;
    if (atomic_fetch_sub(&until_failure, 1) != 1) return false;
    atomic_store(&fails_at_all, false);
    atomic_store(&until_failure, -1);
    return true;
}

// ---- Blocks ---------------------------------------------------------------------------------------------------------

// Of bytes from the system, or NULL.
static void *make_block(unsigned char *start, size_t offset)
{
    if (!start) return NULL;
    Block *block = (Block *)(void *)(start + offset) - 1;
    *block = (Block){.offset = (unsigned)offset, .mark = DM_BLOCK_MARK};
    dm_scope_add(block, dm_scope_list());
    return block + 1;
}

static Block *block_of(void *memory)
{
    Block *block = (Block *)memory - 1;
    assert(block->mark == DM_BLOCK_MARK && "memory that dm_allocate or its like gave");
    return block;
}

// Bytes with a block before them; too many for a number are more than there are.
static size_t with_block(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) dm_out_of_memory(SIZE_MAX / 2);
    return sizeof(Block) + (bytes ? bytes : 1);
}

void *dm_allocate(size_t count, size_t size)
{
    const size_t bytes = with_block(count, size);
    void *memory = fails_on_purpose() ? NULL : make_block(calloc(1, bytes), sizeof(Block));
    if (!memory) dm_out_of_memory(bytes);
    return memory;
}

void *dm_try_allocate(size_t bytes)
{
    return fails_on_purpose() ? NULL : make_block(malloc(sizeof(Block) + bytes), sizeof(Block));
}

void *dm_reallocate(void *memory, size_t count, size_t size)
{
    const size_t bytes = with_block(count, size);
    if (!memory) {
        memory = fails_on_purpose() ? NULL : make_block(malloc(bytes), sizeof(Block));
        if (!memory) dm_out_of_memory(bytes);
        return memory;
    }
    Block *block = block_of(memory);
    assert(block->offset == sizeof(Block) && "no memory in huge pages");
    if (fails_on_purpose()) dm_out_of_memory(bytes);
    BlockList *owner = block->list;
    dm_scope_remove(block);
    Block *moved = realloc(block, bytes);
    dm_scope_add(moved ? moved : block, owner);
    if (!moved) dm_out_of_memory(bytes);
    return moved + 1;
}

void dm_free(void *memory)
{
    if (!memory) return;
    Block *block = block_of(memory);
    dm_scope_remove(block);
    block->mark = 0;
    free((char *)memory - block->offset);
}

// ---- Huge pages -----------------------------------------------------------------------------------------------------

void dm_use_huge_pages(void *memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t from = (uintptr_t)memory, begin = (from + DM_HUGE_PAGE - 1) / DM_HUGE_PAGE * DM_HUGE_PAGE,
                    end = (from + bytes) / DM_HUGE_PAGE * DM_HUGE_PAGE;
    if (begin < end) madvise((char *)memory + (begin - from), end - begin, MADV_HUGEPAGE);
#else
    (void)memory, (void)bytes;
#endif
}

void *dm_allocate_huge(size_t bytes)
{
    enum { ALIGNMENT = 64 };
    const size_t page = bytes < DM_HUGE_PAGE ? ALIGNMENT : DM_HUGE_PAGE;
    const size_t whole = (with_block(bytes, 1) + ALIGNMENT + page - 1) / page * page;
    void *start = fails_on_purpose() ? NULL : aligned_alloc(page, whole);
    if (!start) dm_out_of_memory(bytes);
    dm_use_huge_pages(start, whole);
    return make_block(start, ALIGNMENT);
}

// ---- Text -----------------------------------------------------------------------------------------------------------

char *dm_copy_string(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(dm_allocate(bytes, 1), text, bytes);
}

char *dm_copy_for_caller(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = fails_on_purpose() ? NULL : malloc(bytes);
    if (!copy) dm_out_of_memory(bytes);
    return memcpy(copy, text, bytes);
}

// From the system itself: malloc would ask it as well for so much, but under AddressSanitizer also fill as many megabytes
// of shadow, every time.
void dm_need_room(size_t bytes)
{
    void *room = MAP_FAILED;
    if (!fails_on_purpose()) room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) dm_out_of_memory(bytes);
    munmap(room, bytes);
}

char *dm_format(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = dm_allocate((size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
