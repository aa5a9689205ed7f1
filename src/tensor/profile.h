// Profile: what a thread spends its time on, op by op. It is a stopwatch that runs on one account at a time; to begin
// another account reads the clock once, so the accounts sum to the time for which the watch ran.
#pragma once
#include <stdbool.h>

typedef struct Op Op;

// The accounts. Behind the last of these come two for every op that has run (dm_profile_of).
enum {
    DM_SPENT_NOWHERE = -2,  // the watch stands
    DM_SPENT_UNNAMED,       // on an op whose name dm_record is going to say
    DM_SPENT_OTHERWISE,     // between ops: making batches
    DM_SPENT_WAITING,       // for the turn at a lane
    DM_SPENT_LANE_SUMS,
    DM_SPENT_STEP,  // of the optimizer
    DM_SPENT_OPS
};

typedef struct Account {
    double seconds, flops;  // flops: of the products that went through the seam to the matrix libraries
    long calls;
} Account;

typedef struct Profile {
    Account *accounts;
    const Op **ops;  // that have accounts, in the order in which they came
    int op_count;
    int current;
    double since, flops;  // of the current account: when it began, and the flops since then
} Profile;

void dm_profile_create(Profile *profile);
void dm_profile_free(Profile *profile);
void dm_profile_forget(Profile *profile);                          // what was spent until now
int dm_profile_accounts(const Profile *profile);                   // how many there are
int dm_profile_of(Profile *profile, const Op *op, bool backward);  // the account of an op; a new one is empty

// From now on the time goes to this account. profile may be NULL: nobody asks.
void dm_profile_turn(Profile *profile, int account);

// How the graph finds out what runs without asking every op: an op makes its tensor first and leaves its record
// sometime before it returns, so time belongs from one tensor to the next to the op that has left the record between
// them. (The loss makes none: it begins with its record.)
void dm_profile_begin(Profile *profile);
void dm_profile_name(Profile *profile, const Op *op);
