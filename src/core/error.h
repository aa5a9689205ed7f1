// Errors: what the input or the system can cause. A function that can fail returns a Status and writes
// one sentence into the caller's Error; what only a programmer can cause is an assertion.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "dragoman/dragoman.h"

typedef dm_status Status;  // DM_OK is 0, so `if (status)` reads "if it failed"
typedef dm_error Error;

// Writes the message (printf form, cut at the size of Error) and returns DM_FAILURE or DM_USAGE, so that a caller
// can say `return dm_fail(error, "%s: ...", path)`. error may be NULL.
Status dm_fail(Error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
Status dm_misuse(Error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

// malloc and friends that abort with a message when memory runs out: they never return NULL.
// dm_allocate gives zeroed memory; dm_reallocate leaves what it adds uninitialised.
void *dm_allocate(size_t count, size_t size);
void *dm_reallocate(void *memory, size_t count, size_t size);
// Memory that nobody has touched yet: it is to come in huge pages, as far as it holds any and the system has them. One
// page fault instead of 512, and fewer misses of the TLB.
enum { DM_HUGE_PAGE = 1 << 21 };  // bytes
void dm_use_huge_pages(void *memory, size_t bytes);
char *dm_copy_string(const char *text);
char *dm_format(const char *format, ...) __attribute__((format(printf, 1, 2)));  // the caller frees it

// 20000 -> "20,000", as messages write large numbers; returns text.
const char *dm_with_commas(size_t number, char text[32]);

#define DM_COUNT(array) (sizeof(array) / sizeof((array)[0]))
