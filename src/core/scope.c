// Scopes: lists of what was allocated in them, and the way out of them.
#include "core/scope.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/locale.h"

struct Guard {
    Guard *next;
    Undo *undo;
    void *what;
};

static _Thread_local Scope *here;

Scope *dm_scope_here(void)
{
    return here;
}

Scope *dm_scope_pause(void)
{
    Scope *paused = here, *outermost = here;
    while (outermost && outermost->outer) outermost = outermost->outer;
    if (outermost) uselocale(outermost->callers);
    here = NULL;
    return paused;
}

void dm_scope_resume(Scope *paused)
{
    if (paused) dm_locale_enter();
    here = paused;
}

// ---- Lists of blocks ------------------------------------------------------------------------------------------------

BlockList *dm_scope_list(void)
{
    return here ? here->list : NULL;
}

void dm_scope_add(Block *block, BlockList *list)
{
    block->list = list;
    if (!list) return;
    pthread_mutex_lock(&list->lock);
    block->next = list->head.next;
    block->previous = &list->head;
    block->next->previous = block;
    list->head.next = block;
    pthread_mutex_unlock(&list->lock);
}

// A block that nobody owns points at no other, so that those who look for leaks see each by itself.
void dm_scope_remove(Block *block)
{
    BlockList *list = block->list;
    if (!list) return;
    pthread_mutex_lock(&list->lock);
    block->next->previous = block->previous;
    block->previous->next = block->next;
    pthread_mutex_unlock(&list->lock);
    block->next = block->previous = NULL;
    block->list = NULL;
}

void dm_belong(void *memory, const void *owner)
{
    if (!memory) return;
    Block *block = (Block *)memory - 1;
    BlockList *list = owner ? ((const Block *)owner - 1)->list : NULL;
    assert(block->mark == DM_BLOCK_MARK && (!owner || ((const Block *)owner - 1)->mark == DM_BLOCK_MARK));
    dm_scope_remove(block);
    dm_scope_add(block, list);
}

static void free_list(BlockList *list)
{
    for (Block *block = list->head.next, *next; block != &list->head; block = next) {
        next = block->next;
        free((char *)(block + 1) - block->offset);
    }
}

static void pass_on(BlockList *list, BlockList *outer)
{
    for (Block *block = list->head.next; block != &list->head; block = list->head.next) {
        dm_scope_remove(block);
        dm_scope_add(block, outer);
    }
}

// ---- Beginning and ending -------------------------------------------------------------------------------------------

static bool has_lists(const Scope *scope)
{
    return scope->list == scope->lists;
}

static void begin(Scope *scope, BlockList *list, Error *error)
{
    scope->outer = here;
    scope->guards = NULL;
    scope->error = error;
    scope->list = list;
    scope->callers = dm_locale_enter();
    here = scope;
}

void dm_scope_begin(Scope *scope, Error *error)
{
    for (BlockList *list = scope->lists; list < scope->lists + DM_SCOPE_LISTS; list++) {
        pthread_mutex_init(&list->lock, NULL);
        list->head.next = list->head.previous = &list->head;
    }
    begin(scope, scope->lists, error);
}

void dm_scope_begin_job(Scope *scope, Scope *caller, int thread, Error *error)
{
    // Of a caller that is a job itself, its threads have one list.
    BlockList *list = !caller ? NULL : has_lists(caller) ? &caller->lists[thread % DM_SCOPE_LISTS] : caller->list;
    begin(scope, list, error);
}

static void close_lists(Scope *scope)
{
    for (BlockList *list = scope->lists; list < scope->lists + DM_SCOPE_LISTS; list++)
        pthread_mutex_destroy(&list->lock);
}

void dm_scope_end(Scope *scope)
{
    assert(here == scope);
    Scope *outer = here = scope->outer;
    uselocale(scope->callers);
    if (has_lists(scope)) {
        for (BlockList *list = scope->lists; list < scope->lists + DM_SCOPE_LISTS; list++)
            pass_on(list, outer ? outer->list : NULL);
        close_lists(scope);
    }
    Guard **oldest = &scope->guards;
    while (*oldest) {
        Guard *guard = *oldest;
        if (outer) {
            oldest = &guard->next;
        } else {
            *oldest = guard->next;
            free(guard);
        }
    }
    if (!outer) return;
    *oldest = outer->guards;
    outer->guards = scope->guards;
}

// ---- Guards ---------------------------------------------------------------------------------------------------------

void dm_guard(Undo *undo, void *what)
{
    if (!here) return;
    Guard *guard = malloc(sizeof *guard);
    if (!guard) {
        undo(what);
        dm_out_of_memory(sizeof *guard);
    }
    *guard = (Guard){here->guards, undo, what};
    here->guards = guard;
}

void dm_unguard(const void *what)
{
    for (Scope *scope = here; scope; scope = scope->outer)
        for (Guard **at = &scope->guards; *at; at = &(*at)->next) {
            Guard *guard = *at;
            if (guard->what != what) continue;
            *at = guard->next;
            free(guard);
            return;
        }
}

// ---- Leaving --------------------------------------------------------------------------------------------------------

static _Noreturn void leave(void)
{
    Scope *scope = here;
    while (scope->guards) {
        const Guard guard = *scope->guards;
        free(scope->guards);
        scope->guards = guard.next;
        guard.undo(guard.what);
    }
    if (has_lists(scope)) {
        for (BlockList *list = scope->lists; list < scope->lists + DM_SCOPE_LISTS; list++) free_list(list);
        close_lists(scope);
    }
    here = scope->outer;
    uselocale(scope->callers);
    longjmp(scope->escape, 1);
}

// Who allocates outside of all scopes is a public function that should have begun one, or a test.
static void need_scope(const char *reason)
{
    if (here) return;
    fprintf(stderr, "dragoman: outside of any scope: %s\n", reason);
    abort();
}

void dm_give_up(const char *message)
{
    need_scope(message);
    dm_fail(here->error, "%s", message);
    leave();
}

void dm_out_of_memory(size_t bytes)
{
    enum { MB = 1000000 };
    char number[32], asked[64] = "", message[320];
    if (bytes)
        snprintf(asked, sizeof asked, " (%s%s more were asked for)",
                 dm_with_commas(bytes < MB ? bytes : bytes / MB, number), bytes < MB ? " bytes" : " MB");
    snprintf(
        message, sizeof message,
        "out of memory%s: end other programs, or ask for less: smaller batches (--mini-batch, --mini-batch-words), "
        "a smaller --beam-size, fewer --cpu-threads, a smaller model",
        asked);
    dm_give_up(message);
}
