// Telling an observer. Its functions are the user's: they are called outside of all scopes (core/scope.h).
#pragma once
#include "core/error.h"

// What there is nobody for, or no function for, is not said.
void dm_observer_line(const dm_observer *observer, const char *line);
void dm_observer_progress(const dm_observer *observer, const char *status);
