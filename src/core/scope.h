// Scopes: what happens when memory runs out.
//
// No caller checks an allocation (core/memory.h): one that cannot be had does not return. It leaves the innermost scope
// of its thread, and every public function that allocates runs in one:
//
//     dm_status dm_rescore(..., dm_error *error)
//     {
//         Status status;
//         DM_SCOPE(status, error, rescore(...));
//         return status;
//     }
//
// If memory ends anywhere below rescore(), status is DM_FAILURE, error says so, and all that was allocated in the scope
// and not yet freed is freed. If rescore() returns, in whatever way, its memory passes to the scope around it, or where
// there is none to nobody, and is freed by dm_free as ever. Five rules follow:
// - What is more than memory (a file, a lock, an object of another library) is guarded for as long as memory is asked
//   for: dm_guard(undo, what) says what to call if the scope is left, dm_unguard(what) that there is no need any more.
// - What is stored in something older than the scope belongs where that does: dm_belong(memory, owner). It is stored
//   when it is whole.
// - No scope is left across threads, a user's callback, or a frame of C++: dm_parallel runs jobs in scopes of their own
//   and then leaves its caller's, callbacks are called between dm_scope_pause and dm_scope_resume, and C++ takes memory
//   by dm_try_allocate.
// - Numbers are read and written in the locale "C" within a scope, in callbacks in the caller's.
// - Memory that was allocated in a scope is freed by its thread, by jobs that it runs, or after the scope has ended.
#pragma once
#include <locale.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stddef.h>

#include "core/error.h"

#ifdef __cplusplus
extern "C" {
#endif

// status: what `call` returns, or DM_FAILURE, with the reason in *error (which may be NULL).
#define DM_SCOPE(status, error, call)                                                                                  \
    do {                                                                                                               \
        Scope scope_;                                                                                                  \
        dm_scope_begin(&scope_, error);                                                                                \
        if (setjmp(scope_.escape)) {                                                                                   \
            (status) = DM_FAILURE;                                                                                     \
        } else {                                                                                                       \
            (status) = (call);                                                                                         \
            dm_scope_end(&scope_);                                                                                     \
        }                                                                                                              \
    } while (0)

// ---- Owning ---------------------------------------------------------------------------------------------------------

// `memory` is freed with the scope with which `owner` would be, both from dm_allocate and its like. NULL: with none.
void dm_belong(void *memory, const void *owner);

// Undone are guards of the scope that is left, the newest first, before its memory is freed, and while all functions
// are still on the stack: `what` may be a local variable. An undo asks for no memory.
typedef void Undo(void *what);
void dm_guard(Undo *undo, void *what);  // where there is no memory for the guard, undo is called at once
void dm_unguard(const void *what);      // the newest guard of it that this thread has, if any

// ---- Leaving --------------------------------------------------------------------------------------------------------

void dm_out_of_memory(size_t bytes) __attribute__((noreturn));   // that could not be had; 0: nobody knows how many
void dm_give_up(const char *message) __attribute__((noreturn));  // for another reason, which lies in the system

// ---- Inside ---------------------------------------------------------------------------------------------------------

typedef struct Block Block;
typedef struct BlockList BlockList;
typedef struct Guard Guard;
typedef struct Scope Scope;

struct Block {  // in front of all memory
    Block *next, *previous;
    BlockList *list;        // NULL: nobody's
    unsigned offset, mark;  // where the system's memory begins, before the block's end; and that this is a block
};

enum { DM_SCOPE_LISTS = 8 };
struct BlockList {
    alignas(64) pthread_mutex_t lock;
    Block head;
};

struct Scope {
    jmp_buf escape;
    Scope *outer;       // of this thread
    locale_t callers;   // its locale: within a scope it is "C"
    Guard *guards;
    Error *error;     // where the reason goes, or NULL
    BlockList *list;  // where memory goes: one of its own lists, or of a job, of its caller's; NULL: nowhere
    BlockList lists[DM_SCOPE_LISTS];  // threads that work in one scope do not wait for one another, or seldom
};

void dm_scope_begin(Scope *scope, Error *error);
// Of a job in a thread of dm_parallel, whose caller is in this scope (NULL: in none).
void dm_scope_begin_job(Scope *scope, Scope *caller, int thread, Error *error);
void dm_scope_end(Scope *scope);
Scope *dm_scope_here(void);   // the innermost of this thread, or NULL
Scope *dm_scope_pause(void);  // there is none until it is resumed
void dm_scope_resume(Scope *paused);

enum { DM_BLOCK_MARK = 0xB10C };
BlockList *dm_scope_list(void);                     // where memory goes that this thread asks for; NULL: nowhere
void dm_scope_add(Block *block, BlockList *list);  // NULL: to none
void dm_scope_remove(Block *block);

#ifdef __cplusplus
}
#endif
