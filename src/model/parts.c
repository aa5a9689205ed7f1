// Parts of a model: see Architecture.declare for how parameters are named.
#include "model/parts.h"

#include <string.h>

#include "core/error.h"

static const char *const names[] = {"embeddings", "encoder", "decoder", "ahead", "output"};
_Static_assert(DM_COUNT(names) == DM_PARTS, "every part has a name");

const char *dm_part_name(Part part)
{
    return names[part];
}

Part dm_part_of(const Parameter *parameter)
{
    static const struct {
        const char *prefix;
        Part part;
    } prefixes[] = {{"model.shared.", DM_EMBEDDINGS},
                    {"model.encoder.embed_tokens.", DM_EMBEDDINGS},
                    {"model.decoder.embed_tokens.", DM_EMBEDDINGS},
                    {"model.encoder.", DM_ENCODER},
                    {"model.decoder.", DM_DECODER},
                    {"model.ahead.", DM_AHEAD}};
    for (size_t i = 0; i < DM_COUNT(prefixes); i++)
        if (strncmp(parameter->name, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0) return prefixes[i].part;
    return DM_OUTPUT;
}

// The first number in the name is that of the layer.
Name dm_layer_of(const Parameter *parameter)
{
    const char *part = dm_part_name(dm_part_of(parameter)), *number = strpbrk(parameter->name, "0123456789");
    if (!parameter->depth || !number) return dm_name("%s", part);
    return dm_name("%s.%.*s", part, (int)strspn(number, "0123456789"), number);
}
