// The locale of a call: numbers in options, files, JSON and messages have a decimal point, whatever locale the program
// has chosen that calls the library.
#pragma once
#include <locale.h>

// Scopes (core/scope.h) are in the locale "C". A public function that allocates nothing, and so needs none, but reads a
// number begins with DM_PLAIN_NUMBERS;: until it returns, its thread is in that locale.
locale_t dm_locale_enter(void);
void dm_locale_leave(const locale_t *callers);
#define DM_PLAIN_NUMBERS \
    __attribute__((cleanup(dm_locale_leave), unused)) const locale_t callers_locale = dm_locale_enter()
