// Memory and scopes: what is allocated in a scope goes with it when memory runs out, and stays when it does not.
#include "test.h"

#include <stdatomic.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/cjson.h"
#include "core/memory.h"
#include "core/scope.h"
#include "core/threads.h"

static int undone;
static char order[16];

static void note(void *what)
{
    order[undone++] = *(char *)what;
}

// A function of its own, as public functions are: what a scope is left to has no variables that change.
typedef Status Body(char **text);

static Status in_scope(Body *body, char **text, Error *error)
{
    Status status;
    DM_SCOPE(status, error, body(text));
    return status;
}

// ---- One thread -----------------------------------------------------------------------------------------------------

static Status allocate_some(char **kept)
{
    char first = '1', second = '2', third = '3';
    dm_guard(note, &first);
    dm_guard(note, &second);
    dm_guard(note, &third);
    char *text = dm_copy_string("one");
    text = dm_reallocate(text, 1000, 1);
    dm_unguard(&second);
    char *more = dm_format("%s and two", text);
    dm_free(text);
    float *huge = dm_allocate_huge(3 << 20);
    dm_free(huge);
    dm_unguard(&third);
    dm_unguard(&first);
    *kept = more;
    return DM_OK;
}

static void whatever_fails_nothing_is_left_and_guards_are_called_in_turn(void)
{
    enum { ALLOCATIONS = 4 };
    static const char *const expected[] = {"321", "321", "31", "31", ""};
    for (int n = 1; n <= ALLOCATIONS + 1; n++) {
        Error error = {""};
        char *kept = NULL;
        undone = 0;
        memset(order, 0, sizeof order);
        dm_fail_allocation(n);
        const Status status = in_scope(allocate_some, &kept, &error);
        CU_ASSERT_EQUAL(dm_allocation_has_failed(), n <= ALLOCATIONS);
        CU_ASSERT_STRING_EQUAL(order, expected[n - 1]);
        CU_ASSERT_EQUAL(status, n <= ALLOCATIONS ? DM_FAILURE : DM_OK);
        CU_ASSERT_EQUAL(strncmp(error.message, "out of memory (", 15) == 0, n <= ALLOCATIONS);
        CU_ASSERT_PTR_NULL(dm_scope_here());
        if (!status) dm_free(kept);
    }
    dm_fail_allocation(0);
}

static Status inner_fails(char **outer)
{
    *outer = dm_copy_string("outer");
    dm_fail_allocation(1);
    char *never = NULL, *passed = NULL;
    CU_ASSERT_EQUAL(in_scope(allocate_some, &never, NULL), DM_FAILURE);
    CU_ASSERT_STRING_EQUAL(*outer, "outer");
    CU_ASSERT_EQUAL(in_scope(allocate_some, &passed, NULL), DM_OK);
    CU_ASSERT_STRING_EQUAL(passed, "one and two");  // it is the outer scope's now, and goes with it
    dm_out_of_memory(0);
}

static void an_inner_scope_fails_alone_and_hands_on_what_it_made(void)
{
    Error error;
    char *outer = NULL;
    CU_ASSERT_EQUAL(in_scope(inner_fails, &outer, &error), DM_FAILURE);
    CU_ASSERT_STRING_EQUAL(error.message, "out of memory: end other programs, or ask for less: smaller batches "
                                          "(--mini-batch, --mini-batch-words), a smaller --beam-size, fewer "
                                          "--cpu-threads, a smaller model");
}

static Status store_in(char **slots)
{
    slots[0] = dm_copy_string("stored");
    dm_belong(slots[0], slots);
    slots[1] = NULL;
    dm_out_of_memory(1234567890);
}

static void what_belongs_to_something_older_outlives_the_scope(void)
{
    Error error;
    char **slots = dm_allocate(2, sizeof *slots);
    CU_ASSERT_EQUAL(in_scope(store_in, slots, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "(1,234 MB more were asked for)"));
    CU_ASSERT_STRING_EQUAL(slots[0], "stored");
    dm_free(slots[0]);
    dm_free(slots);
}

#ifdef __SANITIZE_ADDRESS__
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#endif

static size_t wanted;

static Status allocate_wanted(char **memory)
{
    *memory = dm_allocate(wanted, 8);
    return DM_OK;
}

static Status take_wanted(char **memory)
{
    Arena arena = {0};
    *memory = dm_arena_take(&arena, wanted);
    dm_arena_destroy(&arena);
    return DM_OK;
}

static void sizes_that_no_machine_has_are_refused(void)
{
    static const size_t sizes[] = {SIZE_MAX / 2, SIZE_MAX / 4, SIZE_MAX - 4, (size_t)1 << 50};
    char *memory;
    for (size_t i = 0; i < DM_COUNT(sizes); i++) {
        wanted = sizes[i];
        CU_ASSERT_EQUAL(in_scope(allocate_wanted, &memory, NULL), DM_FAILURE);
        CU_ASSERT_EQUAL(in_scope(take_wanted, &memory, NULL), DM_FAILURE);
    }
}

// ---- Threads --------------------------------------------------------------------------------------------------------

enum { JOBS = 200 };

typedef struct Work {
    char **made;  // [JOBS]
    atomic_int turn, begun;
    int failing;
} Work;

// Takes its turn, as shards do.
static void job(void *context, int index, int thread)
{
    (void)thread;
    Work *work = context;
    atomic_fetch_add(&work->begun, 1);
    work->made[index] = dm_format("%d", index);
    if (index == work->failing) dm_out_of_memory(77);
    while (atomic_load(&work->turn) != index) dm_wait_for_others();
    atomic_store(&work->turn, index + 1);
}

static Status run_jobs(Work *work, int threads)
{
    work->made = dm_allocate(JOBS, sizeof *work->made);
    dm_parallel(threads, JOBS, job, work);
    for (int i = 0; i < JOBS; i++) {
        CU_ASSERT_EQUAL(atoi(work->made[i]), i);
        dm_free(work->made[i]);
    }
    dm_free(work->made);
    return DM_OK;
}

static Status run_jobs_in_a_scope(Work *work, int threads, Error *error)
{
    Status status;
    DM_SCOPE(status, error, run_jobs(work, threads));
    return status;
}

static void a_job_that_fails_ends_those_that_wait_for_it_and_the_caller(void)
{
    for (int threads = 1; threads <= 12; threads += threads == 4 ? 8 : 1)
        for (int failing = -1; failing < JOBS; failing += 67) {
            Work work = {.failing = failing};
            Error error = {""};
            const Status status = run_jobs_in_a_scope(&work, threads, &error);
            CU_ASSERT_EQUAL(status, failing < 0 ? DM_OK : DM_FAILURE);
            CU_ASSERT_EQUAL(strstr(error.message, "(77 bytes more were asked for)") != NULL, failing >= 0);
            CU_ASSERT(failing < 0 || atomic_load(&work.begun) <= failing + threads);
        }
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

static Status make_tree(char **printed)
{
    cJSON *tree = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(tree, "list");
    for (int i = 0; i < 20; i++) cJSON_AddItemToArray(list, cJSON_CreateNumber(i));
    cJSON *part = cJSON_Parse("{\"a\": [1, -2.5e3, true, null, \"\\u00e9\\n\"], \"b\": {}}");
    char *kept = dm_copy_string("between");
    cJSON_AddItemToObject(tree, "part", part);
    cJSON *apart = cJSON_DetachItemFromObjectCaseSensitive(tree, "list");
    cJSON_Delete(apart);
    *printed = cJSON_PrintUnformatted(tree);
    dm_free(kept);
    cJSON_Delete(tree);
    return DM_OK;
}

static void trees_go_with_the_scope(void)
{
    int failures = 0;
    for (int n = 1;; n++) {
        Error error;
        char *printed = NULL;
        dm_fail_allocation(n);
        const Status status = in_scope(make_tree, &printed, &error);
        if (!status) {
            CU_ASSERT_STRING_EQUAL(printed, "{\"part\":{\"a\":[1,-2500,true,null,\"é\\n\"],\"b\":{}}}");
            dm_free(printed);
            break;
        }
        failures++;
    }
    dm_fail_allocation(0);
    CU_ASSERT_EQUAL(failures, 2);  // the copy, and the text that is printed
}

const Fact facts[] = {
    FACT(whatever_fails_nothing_is_left_and_guards_are_called_in_turn),
    FACT(an_inner_scope_fails_alone_and_hands_on_what_it_made),
    FACT(what_belongs_to_something_older_outlives_the_scope),
    FACT(sizes_that_no_machine_has_are_refused),
    FACT(a_job_that_fails_ends_those_that_wait_for_it_and_the_caller),
    FACT(trees_go_with_the_scope),
    {NULL, NULL},
};
