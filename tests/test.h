// What every test program shares: a table of facts, run by CUnit; the exit status is the number of broken ones.
// A test program defines `const Fact facts[]`, ending with {NULL, NULL}, and includes this file once.
#pragma once
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Fact {
    const char *name;  // a sentence: beam_one_equals_greedy
    void (*check)(void);
} Fact;
extern const Fact facts[];

static const char *test_backend = "openblas";  // the matrix library this run is about
#define FACT(name) {#name, name}

int main(int argc, char **argv)
{
    if (argc > 1) test_backend = argv[1];
    (void)test_backend;
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite(argv[0], NULL, NULL);
    for (const Fact *fact = facts; fact->name; fact++) CU_add_test(suite, fact->name, fact->check);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned broken = CU_get_number_of_failures() + CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    return broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
