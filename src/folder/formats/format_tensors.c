// Names of tensors: ours against those of another program, by patterns.
#include <stdlib.h>
#include <string.h>

#include "folder/formats/format.h"

// What a name has where its pattern has # or *.
typedef struct Match {
    const char *number[2], *rest;
    int digits[2], numbers;
} Match;

static bool matches(const char *pattern, const char *name, Match *match)
{
    *match = (Match){.rest = ""};
    for (; *pattern; pattern++) {
        if (*pattern == '*') {
            match->rest = name;
            return true;
        }
        if (*pattern != '#') {
            if (*pattern != *name++) return false;
            continue;
        }
        const int digits = (int)strspn(name, "0123456789");
        if (!digits) return false;
        match->number[match->numbers] = name;
        match->digits[match->numbers++] = digits;
        name += digits;
    }
    return !*name;
}

static Name filled(const char *pattern, const Match *match, int layers)
{
    Name name = {""};
    size_t used = 0;
    for (int number = 0; *pattern && used + 1 < sizeof name.text; pattern++) {
        const size_t room = sizeof name.text - used;
        if (*pattern == '*') {
            used += (size_t)snprintf(name.text + used, room, "%s", match->rest);
        } else if (*pattern == '#') {
            used += (size_t)snprintf(name.text + used, room, "%.*s", match->digits[number], match->number[number]);
            number++;
        } else if (*pattern == '+') {
            used += (size_t)snprintf(name.text + used, room, "%d", layers + atoi(match->number[0]));
        } else {
            name.text[used++] = *pattern;
        }
    }
    return name;
}

const FormatTensor *dm_format_tensor(const Format *format, const ModelConfig *config, const char *parameter,
                                     Name *theirs)
{
    const ShapeRow *depth = dm_shape_row(config->architecture, "decoder_layers");
    const int layers = depth ? dm_shape_value(config, depth) : 0;
    Match match;
    for (const FormatTensor *tensor = format->tensors; tensor->theirs; tensor++) {
        if (!tensor->ours || !matches(tensor->ours, parameter, &match)) continue;
        *theirs = filled(tensor->theirs, &match, layers);
        return tensor;
    }
    return NULL;
}

bool dm_format_ignores(const Format *format, const char *tensor)
{
    Match match;
    const size_t prefix = format->prefix ? strlen(format->prefix) : 0;
    for (const FormatTensor *row = format->tensors; row && row->theirs; row++) {
        if (row->ours) continue;
        if (matches(row->theirs, tensor, &match) || matches(row->theirs + prefix, tensor, &match)) return true;
    }
    return false;
}
