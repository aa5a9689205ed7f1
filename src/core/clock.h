// The clock: how long something took.
#pragma once

double dm_clock(void);  // seconds, never going back
