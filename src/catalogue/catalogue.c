// The public functions that need all commands and options.
#include "catalogue/catalogue.h"

#include "core/locale.h"

dm_options *dm_options_new(const char *name)
{
    const Command *command = dm_command_find(&dm_catalogue, name);
    return command ? dm_options_create(command) : NULL;
}

void dm_options_help(const char *name, FILE *stream)
{
    DM_PLAIN_NUMBERS;
    const Command *command = name ? dm_command_find(&dm_catalogue, name) : NULL;
    if (command)
        dm_help_of_command(command, stream);
    else
        dm_help_overview(&dm_catalogue, stream);
}

bool dm_options_docs(const char *format, FILE *stream)
{
    DM_PLAIN_NUMBERS;
    return dm_docs_write(&dm_catalogue, format, stream);
}

dm_status dm_command_check(const char *name, dm_error *error)
{
    return dm_command_find(&dm_catalogue, name) ? DM_OK : dm_command_unknown(&dm_catalogue, name, error);
}
