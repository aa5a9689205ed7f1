// Facts about work in a child process.
#include "core/apart.h"

#include "core/failing.h"
#include "core/scope.h"

enum { MUCH = 300000 };

static void write_much(void *context, FILE *result)
{
    for (int i = 0; i < MUCH; i++) putc(*(const char *)context, result);
}

static void ask_for_too_much(void *context, FILE *result)
{
    (void)context, (void)result;
    dm_allocate(SIZE_MAX, SIZE_MAX);
}

static void end_early(void *context, FILE *result)
{
    (void)context, (void)result;
    _Exit(0);
}

static void never_end(void *context, FILE *result)
{
    (void)context, (void)result;
    for (;;) continue;
}

static bool say_yes(void *context)
{
    (void)context;
    return true;
}

static Status have_much(ApartWork *work, Error *error)
{
    char *bytes;
    size_t size;
    Status status = dm_work_apart(work, "x", NULL, "a test", &bytes, &size, error);
    CU_ASSERT_EQUAL(bytes == NULL, status != DM_OK);
    if (!status) CU_ASSERT(size == MUCH && bytes[0] == 'x' && bytes[MUCH - 1] == 'x');
    dm_free(bytes);
    return status;
}

static dm_status in_scope(void *work, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, have_much(*(ApartWork **)work, error));
    return status;
}

static void all_of_a_long_result_comes_back(void)
{
    ApartWork *work = write_much;
    Error error;
    CU_ASSERT_EQUAL(in_scope(&work, &error), DM_OK);
    fail_in_turn(in_scope, NULL, &work, 1);
}

static void memory_that_the_child_lacks_is_lacking_here(void)
{
    ApartWork *work = ask_for_too_much;
    Error error = {""};
    CU_ASSERT_EQUAL(in_scope(&work, &error), DM_FAILURE);
    CU_ASSERT(strncmp(error.message, "out of memory", 13) == 0);
}

static void a_child_that_ends_early_has_no_result(void)
{
    ApartWork *work = end_early;
    Error error = {""};
    CU_ASSERT_EQUAL(in_scope(&work, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "ended without a result"));
}

static void a_stop_gives_the_child_up(void)
{
    Stop stop;
    char *bytes;
    size_t size;
    Error error;
    dm_stop_begin(&stop, say_yes, NULL);
    CU_ASSERT_EQUAL(dm_work_apart(never_end, NULL, &stop, "a test", &bytes, &size, &error), DM_STOPPED);
    CU_ASSERT_PTR_NULL(bytes);
}

const Fact facts[] = {
    FACT(all_of_a_long_result_comes_back),
    FACT(memory_that_the_child_lacks_is_lacking_here),
    FACT(a_child_that_ends_early_has_no_result),
    FACT(a_stop_gives_the_child_up),
    {NULL, NULL},
};
