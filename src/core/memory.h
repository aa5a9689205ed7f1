// Memory: what everything but activations (core/arena.h) is allocated by.
#pragma once
#include <stddef.h>

// malloc and friends that abort with a message when memory runs out: they never return NULL.
// dm_allocate gives zeroed memory; dm_reallocate leaves what it adds uninitialised.
void *dm_allocate(size_t count, size_t size);
void *dm_reallocate(void *memory, size_t count, size_t size);
void dm_free(void *memory);  // what the functions of this file gave, or NULL
// Memory that nobody has touched yet: it is to come in huge pages, as far as it holds any and the system has them. One
// page fault instead of 512, and fewer misses of the TLB.
enum { DM_HUGE_PAGE = 1 << 21 };  // bytes
void dm_use_huge_pages(void *memory, size_t bytes);
char *dm_copy_string(const char *text);
char *dm_format(const char *format, ...) __attribute__((format(printf, 1, 2)));  // the caller frees it
