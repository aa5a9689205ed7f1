// Memory: what everything is allocated by. No function returns NULL: where there is no more memory, the innermost scope
// of the thread is left, and the public function in which that happens fails (core/scope.h).
#pragma once
#include <stdbool.h>
#include <stddef.h>

// dm_allocate gives zeroed memory; dm_reallocate leaves what it adds uninitialised, and what there is as it is where
// there is no more.
void *dm_allocate(size_t count, size_t size);
void *dm_reallocate(void *memory, size_t count, size_t size);
char *dm_copy_string(const char *text);
char *dm_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void dm_free(void *memory);  // what the functions of this file gave, or NULL

// For C++, which no scope is left across: NULL where there is no more memory. Uninitialised.
void *dm_try_allocate(size_t bytes);
// Leaves the scope where the system would not give so much now: in front of calls of libraries that do not look whether
// they got their memory. Others may take it meanwhile, so this is to be much more than the library needs.
void dm_need_room(size_t bytes);
// For callers that get to keep it and know only free(): a copy that the C library allocates.
char *dm_copy_for_caller(const char *text);

// Uninitialised, aligned to 64 bytes, in huge pages where it fills any and the system has them: one page fault instead
// of 512, and fewer misses of the TLB. Not to be reallocated.
void *dm_allocate_huge(size_t bytes);
enum { DM_HUGE_PAGE = 1 << 21 };                       // bytes
void dm_use_huge_pages(void *memory, size_t bytes);  // the same for memory that nobody has touched yet

// For tests: the n-th allocation from now on, of whatever thread, finds no memory; 0: none does.
void dm_fail_allocation(long n);
bool dm_allocation_has_failed(void);  // that one
