// dragoman shortlist: which pieces search has to look at.
#include "tools.h"

int shortlist_command(const dm_options *options)
{
    dm_error error;
    dm_observer observer = {.line = say_line};
    dm_status status = dm_shortlist(options, &observer, &error);
    if (!status)
        fprintf(stderr, "Wrote %s/vmap.txt: translate --shortlist reads it\n", dm_options_text(options, "model", 0));
    return status ? complain(status, &error) : 0;
}
