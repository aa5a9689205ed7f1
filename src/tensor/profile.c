// The stopwatch, and how it finds the account of what runs.
#include "tensor/profile.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/error.h"
#include "tensor/graph.h"

int dm_profile_accounts(void)
{
    int ops = 0;
    while (dm_ops[ops]) ops++;
    return DM_SPENT_OPS + 2 * ops;
}

int dm_profile_of(const Op *op, bool backward)
{
    int index = 0;
    while (dm_ops[index] != op) index++;
    return DM_SPENT_OPS + 2 * index + backward;
}

void dm_profile_create(Profile *profile)
{
    *profile =
        (Profile){.accounts = dm_allocate((size_t)dm_profile_accounts(), sizeof(Account)), .current = DM_SPENT_NOWHERE};
}

void dm_profile_free(Profile *profile)
{
    free(profile->accounts);
    *profile = (Profile){.current = DM_SPENT_NOWHERE};
}

void dm_profile_turn(Profile *p, int account)
{
    if (!p) return;
    const double now = dm_clock();
    const int ended = p->current == DM_SPENT_UNNAMED ? DM_SPENT_OTHERWISE : p->current;  // a tensor of no op
    if (ended >= 0) {
        Account *to = &p->accounts[ended];
        to->seconds += now - p->since;
        to->flops += p->flops;
        to->calls++;
    }
    p->current = account;
    p->since = now;
    p->flops = 0;
}

void dm_profile_begin(Profile *p)
{
    if (p->current != DM_SPENT_UNNAMED) dm_profile_turn(p, DM_SPENT_UNNAMED);
}

void dm_profile_name(Profile *p, const Op *op)
{
    const int account = dm_profile_of(op, false);
    if (p->current == DM_SPENT_UNNAMED)
        p->current = account;
    else
        dm_profile_turn(p, account);
}
