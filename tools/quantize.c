// dragoman quantize: the same model in fewer bits.
#include "tools.h"

int quantize_command(const dm_options *options)
{
    dm_error error;
    dm_status status = dm_quantize(options, &error);
    if (!status) fprintf(stderr, "Wrote %s: a model folder as the other is\n", dm_options_text(options, "output", 0));
    return status ? complain(status, &error) : 0;
}
