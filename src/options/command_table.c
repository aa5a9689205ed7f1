// Walking the table of commands, and finding commands and options in it.
#include "options/command_table.h"

#include <string.h>

const Option dm_option_config = {.name = "config",
                                 .aliases = "c",
                                 .type = DM_TEXT,
                                 DM_ONE_VALUE,
                                 .argument = "FILE",
                                 .free_on_resume = true,
                                 .help = "JSON object of options, comments allowed; the command line wins over it"};
const Option dm_option_help = {
    .name = "help", .aliases = "h", .type = DM_FLAG, .free_on_resume = true, .help = "this text"};

RowWalk dm_first_row(const Command *command)
{
    RowWalk at = {.group = command->table->groups, .bit = command->bit};
    at.next = at.group->rows;
    dm_next_row(&at);
    return at;
}

void dm_next_row(RowWalk *at)
{
    at->row = NULL;
    while (at->group->heading && !at->row) {
        if (!at->next->option)
            at->next = (++at->group)->rows;
        else if (at->next->commands & at->bit)
            at->row = at->next++->option;
        else
            at->next++;
    }
}

const Command *dm_command_find(const CommandTable *table, const char *name)
{
    for (const Command *command = table->commands; command->name; command++)
        if (strcmp(command->name, name) == 0) return command;
    return NULL;
}

bool dm_option_by_itself(const Option *row)
{
    return row->name[0] >= 'A' && row->name[0] <= 'Z';
}

static bool is_alias(const char *aliases, const char *name, size_t length)
{
    while (aliases && *aliases) {
        size_t word = strcspn(aliases, " ");
        if (word == length && strncmp(aliases, name, length) == 0) return true;
        aliases += word + strspn(aliases + word, " ");
    }
    return false;
}

const Option *dm_option_find(const Command *command, const char *name)
{
    const size_t length = strlen(name);
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at))
        if (strcmp(at.row->name, name) == 0 || (length > 1 && is_alias(at.row->aliases, name, length))) return at.row;
    return NULL;
}

const Option *dm_option_letter(const Command *command, char letter)
{
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at))
        if (is_alias(at.row->aliases, &letter, 1)) return at.row;
    return NULL;
}
