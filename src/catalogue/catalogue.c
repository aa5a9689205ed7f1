// The public functions that need all commands and options.
#include "catalogue/catalogue.h"

#include "core/scope.h"

static Status create(dm_options **options, const Command *command)
{
    *options = dm_options_create(command);
    return DM_OK;
}

dm_options *dm_options_new(const char *name)
{
    const Command *command = dm_command_find(&dm_catalogue, name);
    dm_options *options = NULL;
    Status status;
    Error error;
    if (!command) return NULL;
    DM_SCOPE(status, &error, create(&options, command));
    return status ? NULL : options;
}

static Status help(const char *name, FILE *stream)
{
    const Command *command = name ? dm_command_find(&dm_catalogue, name) : NULL;
    if (command)
        dm_help_of_command(command, stream);
    else
        dm_help_overview(&dm_catalogue, stream);
    return DM_OK;
}

bool dm_options_help(const char *name, FILE *stream)
{
    Status status;
    Error error;
    DM_SCOPE(status, &error, help(name, stream));
    return !status;
}

static Status docs(const char *format, FILE *stream)
{
    return dm_docs_write(&dm_catalogue, format, stream) ? DM_OK : DM_USAGE;
}

bool dm_options_docs(const char *format, FILE *stream)
{
    Status status;
    Error error;
    DM_SCOPE(status, &error, docs(format, stream));
    return !status;
}

dm_status dm_command_check(const char *name, dm_error *error)
{
    return dm_command_find(&dm_catalogue, name) ? DM_OK : dm_command_unknown(&dm_catalogue, name, error);
}
