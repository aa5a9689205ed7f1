// dragoman quantize: the same model in fewer bits.
#include "tools.h"

int quantize_command(const dm_options *options)
{
    dm_error error;
    dm_status status = dm_quantize(options, &error);
    return status ? complain(status, &error) : 0;
}
