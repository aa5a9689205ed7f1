// Numbers as people read them.
#include "numbers.h"

#include <math.h>
#include <stdio.h>

#include "json_values.h"

Text grouped(double number, int decimals)
{
    Text out = {"-"};
    char digits[32], *to = out.text;
    if (!(fabs(number) <= 1e15)) return out;
    const int length = snprintf(digits, sizeof digits, "%.*f", decimals, number);
    const int whole = length - (decimals ? decimals + 1 : 0);
    for (int i = 0; i < length; i++) {
        if (i && i < whole && (whole - i) % 3 == 0 && digits[i - 1] != '-') *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

Text grouped_of(const cJSON *object, const char *name)
{
    return grouped(json_number(object, name), 0);
}
