// Calls that find no memory: each is made again and again while the first allocation fails, then the second, and so on,
// until none fails any more. What fails is one of ours (core/memory.h) or, where no sanitizer has the C library's
// functions already, a malloc of this program or of cJSON.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE  // dl_iterate_phdr
#endif
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/memory.h"
#include "dragoman/dragoman.h"
#include "test.h"

typedef dm_status Call(void *context, dm_error *error);
typedef void Check(void *context);  // that all is as if nothing had been tried

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define C_LIBRARY_CAN_FAIL 1
enum { SLOWER = 1 };

static atomic_long until_no_memory;  // of the callers below; 0: never
static atomic_bool had_no_memory;
static struct {
    uintptr_t from, to;
} callers[16];
static int caller_count;

static int find_callers(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size, (void)context;
    if (*object->dlpi_name && !strstr(object->dlpi_name, "libcjson")) return 0;
    for (int i = 0; i < object->dlpi_phnum && caller_count < 16; i++) {
        if (object->dlpi_phdr[i].p_type != PT_LOAD) continue;
        callers[caller_count].from = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
        callers[caller_count].to = callers[caller_count].from + object->dlpi_phdr[i].p_memsz;
        caller_count++;
    }
    return 0;
}

static bool finds_no_memory(const void *caller)
{
    if (atomic_load(&until_no_memory) <= 0) return false;
    bool ours = false;
    for (int i = 0; i < caller_count && !ours; i++)
        ours = (uintptr_t)caller >= callers[i].from && (uintptr_t)caller < callers[i].to;
    if (!ours || atomic_fetch_sub(&until_no_memory, 1) != 1) return false;
    atomic_store(&had_no_memory, true);
    return true;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    return finds_no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return finds_no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return finds_no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(memory, size);
}

static void fail_c_library(long n)
{
    if (!caller_count) dl_iterate_phdr(find_callers, NULL);
    atomic_store(&had_no_memory, false);
    atomic_store(&until_no_memory, n);
}

static bool c_library_has_failed(void)
{
    return atomic_load(&had_no_memory);
}
#else
#define C_LIBRARY_CAN_FAIL 0
enum { SLOWER = 7 };  // sanitizers take their time

static void fail_c_library(long n)
{
    (void)n;
}

static bool c_library_has_failed(void)
{
    return false;
}
#endif

// step: of those that fail in turn, every so manieth is tried.
static void fail_in_turn(Call *call, Check *check, void *context, int step)
{
    int tried = 0, bad = 0;
    step *= SLOWER;
    for (int own = 1; own >= !C_LIBRARY_CAN_FAIL; own--)
        for (long n = 1;; n += step, tried++) {
            dm_error error = {"nothing was said"};
            if (own)
                dm_fail_allocation(n);
            else
                fail_c_library(n);
            const dm_status status = call(context, &error);
            const bool failed = own ? dm_allocation_has_failed() : c_library_has_failed();
            dm_fail_allocation(0);
            fail_c_library(0);
            const bool good = status == (failed ? DM_FAILURE : DM_OK);
            if (!good || (failed && strncmp(error.message, "out of memory", 13) != 0)) {
                const char *what = own ? "allocation" : "malloc";
                if (bad++ < 10) printf("\n  %s %ld: status %d, %s\n", what, n, status, error.message);
            }
            if (check) check(context);
            if (!failed) break;
        }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT(tried > 0);
}
