// dragoman average: one model of several checkpoints.
#include "tools.h"

int average_command(const dm_options *options)
{
    dm_error error;
    dm_observer observer = {.line = say_line};
    dm_status status = dm_average(options, &observer, &error);
    return status ? complain(status, &error) : 0;
}
