// dragoman docs: the man page, or completion for a shell.
#include "tools.h"

int docs_command(const dm_options *options)
{
    dm_options_docs(dm_options_text(options, "FORMAT", 0), stdout);
    return close_output(stdout);
}
