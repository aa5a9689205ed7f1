// dragoman prepare: a text as ids, for train.
#include "tools.h"

static bool asked_to_stop(void *context)
{
    (void)context;
    return caught_signal != 0;
}

int prepare_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    const dm_observer observer = {.line = say_line, .stop = asked_to_stop};
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);
    signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error of writing like a full disk
    const dm_status status = dm_prepare(options, &observer, &error);
    if (status == DM_STOPPED) return complain(status, &error), 128 + caught_signal;
    return status ? complain(status, &error) : 0;
}
