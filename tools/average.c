// dragoman average: one model of several checkpoints.
#include "tools.h"

static void print_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

int average_command(const dm_options *options)
{
    dm_error error;
    dm_observer observer = {.line = print_line};
    dm_status status = dm_average(options, &observer, &error);
    return status ? complain(status, &error) : 0;
}
