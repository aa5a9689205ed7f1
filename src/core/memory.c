// Memory that does not run out quietly.
#include "core/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Noreturn void out_of_memory(size_t count, size_t size)
{
    fprintf(stderr, "dragoman: out of memory: %zu times %zu bytes were asked for\n", count, size);
    abort();
}

void *dm_allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory) out_of_memory(count, size);
    return memory;
}

void *dm_reallocate(void *memory, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) out_of_memory(count, size);
    memory = realloc(memory, bytes ? bytes : 1);
    if (!memory) out_of_memory(count, size);
    return memory;
}

void dm_free(void *memory)
{
    free(memory);
}

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

char *dm_copy_string(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(dm_allocate(bytes, 1), text, bytes);
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
