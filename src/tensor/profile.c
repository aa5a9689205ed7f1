// The stopwatch, and how it finds the account of what runs.
#include "tensor/profile.h"

#include <string.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/memory.h"

int dm_profile_accounts(const Profile *profile)
{
    return DM_SPENT_OPS + 2 * profile->op_count;
}

static void add_op(Profile *p, const Op *op)
{
    const int before = dm_profile_accounts(p);
    p->ops = dm_reallocate(p->ops, (size_t)p->op_count + 1, sizeof(Op *));
    p->ops[p->op_count++] = op;
    p->accounts = dm_reallocate(p->accounts, (size_t)before + 2, sizeof(Account));
    p->accounts[before] = p->accounts[before + 1] = (Account){0};
}

int dm_profile_of(Profile *p, const Op *op, bool backward)
{
    int index = 0;
    while (index < p->op_count && p->ops[index] != op) index++;
    if (index == p->op_count) add_op(p, op);
    return DM_SPENT_OPS + 2 * index + backward;
}

void dm_profile_create(Profile *profile)
{
    *profile = (Profile){.accounts = dm_allocate(DM_SPENT_OPS, sizeof(Account)), .current = DM_SPENT_NOWHERE};
}

void dm_profile_free(Profile *profile)
{
    dm_free(profile->accounts);
    dm_free(profile->ops);
    *profile = (Profile){.current = DM_SPENT_NOWHERE};
}

void dm_profile_forget(Profile *profile)
{
    memset(profile->accounts, 0, (size_t)dm_profile_accounts(profile) * sizeof(Account));
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
    const int account = dm_profile_of(p, op, false);
    if (p->current == DM_SPENT_UNNAMED)
        p->current = account;
    else
        dm_profile_turn(p, account);
}
