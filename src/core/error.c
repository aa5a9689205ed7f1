// Errors: a message that is cut where the room ends, and numbers as messages write them.
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>

static void write_message(Error *error, const char *format, va_list arguments)
{
    if (error) vsnprintf(error->message, sizeof error->message, format, arguments);
}

Status dm_fail(Error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_message(error, format, arguments);
    va_end(arguments);
    return DM_FAILURE;
}

Status dm_misuse(Error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_message(error, format, arguments);
    va_end(arguments);
    return DM_USAGE;
}

const char *dm_with_commas(size_t number, char text[32])
{
    char plain[24], *to = text;
    int digits = snprintf(plain, sizeof plain, "%zu", number);
    for (int i = 0; i < digits; i++) {
        if (i > 0 && (digits - i) % 3 == 0) *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
    return text;
}
