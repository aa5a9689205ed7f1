// Numbers as people read them.
#pragma once
#include <cjson/cJSON.h>

typedef struct Text {
    char text[64];
} Text;

Text grouped(double number, int decimals);  // (64000, 0) -> "64,000"; (1234.56, 1) -> "1,234.6"; NAN -> "-"
Text grouped_of(const cJSON *object, const char *name);  // the number of that name, without decimals

// What stands behind a noun where so many are meant: "%zu line%s".
static inline const char *plural(double number)
{
    return number > 1 || number < 1 ? "s" : "";
}
