// The hash is FNV-1a: the fingerprint of a corpus is stored with a run, and another hash would refuse to go on with it.
#include "test.h"

#include "core/error.h"
#include "core/hash.h"

static void the_hash_is_that_of_fowler_noll_and_vo(void)
{
    static const struct {
        const char *text;
        uint64_t hash;
    } cases[] = {
        // from the authors' test vectors
        {"", 0xcbf29ce484222325u},
        {"a", 0xaf63dc4c8601ec8cu},
        {"foobar", 0x85944171f73967e8u},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++)
        CU_ASSERT_EQUAL(dm_hash_text(cases[i].text, strlen(cases[i].text)), cases[i].hash);
}

const Fact facts[] = {
    FACT(the_hash_is_that_of_fowler_noll_and_vo),
    {NULL, NULL},
};
