// Help: the overview, and a page for each command, with the defaults and ranges of the table.
#include <string.h>

#include "core/memory.h"
#include "options/command_table.h"

enum { WIDTH = 98, HELP_COLUMN = 34 };

// Prints words from `column` on, and each further line from `indent` on. The help is ASCII: a byte is a column.
static void wrap(FILE *stream, const char *text, int column, int indent)
{
    bool first = true;
    while (*text) {
        int width = (int)strcspn(text, " ");
        if (!first && column + 1 + width > WIDTH) {
            fprintf(stream, "\n%*s", indent, "");
            column = indent;
            first = true;
        }
        fprintf(stream, "%s%.*s", first ? "" : " ", width, text);
        column += width + !first;
        first = false;
        text += width;
        text += strspn(text, " ");
    }
    fputc('\n', stream);
}

static void print_indented(FILE *stream, const char *lines)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        fprintf(stream, "  %.*s\n", (int)length, lines);
        lines += length + (lines[length] == '\n');
    }
}

// "  -m, --model DIR", with the other names that it has; returns the width.
static int print_name(FILE *stream, const Option *row)
{
    if (dm_option_by_itself(row)) return fprintf(stream, "  %s", row->name);
    const char *aliases = row->aliases ? row->aliases : "";
    int width = strlen(aliases) == 1 ? fprintf(stream, "  -%s, --%s", aliases, row->name)
                                     : fprintf(stream, "      --%s", row->name);
    if (strlen(aliases) > 1) width += fprintf(stream, ", --%s", aliases);
    if (row->argument) width += fprintf(stream, " %s", row->argument);
    return width;
}

// Takes `facts`.
static char *add_fact(char *facts, const char *fact, const char *more)
{
    if (!*fact) return facts;
    char *longer = dm_format("%s%s%s%s", facts, *facts ? "; " : "", fact, more);
    dm_free(facts);
    return longer;
}

char *dm_option_facts(const Option *row)
{
    char range[64] = "", rule[256], company[512], *facts = dm_copy_string("");
    if (row->type == DM_INTEGER || row->type == DM_REAL) dm_option_range(row, range);
    char *limits =
        row->type == DM_CHOICE || row->type == DM_WEIGHTED ? dm_option_words(row, ", ") : dm_copy_string(range);
    facts = add_fact(facts, limits, "");
    if (row->required && row->instead)
        facts = add_fact(facts, "required, or --", row->instead);
    else if (row->required)
        facts = add_fact(facts, "required", "");
    else if (row->initial)
        facts = add_fact(facts, "default ", row->initial);
    else if (row->rule)
        facts = add_fact(facts, "default ", row->rule(row->name, rule));
    facts = add_fact(facts, dm_option_company(row, company), "");
    dm_free(limits);
    return facts;
}

static char *append(char *text, char *more)
{
    char *longer = dm_format("%s%s", text, more);
    dm_free(text);
    dm_free(more);
    return longer;
}

char *dm_option_text(const Option *row)
{
    char *text = dm_copy_string(row->help), *facts = dm_option_facts(row);
    for (int i = 0; row->choice && row->choice(i).about; i++)
        text = append(text, dm_format("%s %s: %s", i ? ";" : "", row->choice(i).name, row->choice(i).about));
    if (*facts) text = append(text, dm_format(" [%s]", facts));
    dm_free(facts);
    return text;
}

static void print_option(FILE *stream, const Option *row)
{
    int width = print_name(stream, row);
    if (width >= HELP_COLUMN - 1) {  // too wide for one line
        fputc('\n', stream);
        width = 0;
    }
    fprintf(stream, "%*s", HELP_COLUMN - width, "");
    char *text = dm_option_text(row);
    wrap(stream, text, HELP_COLUMN, HELP_COLUMN);
    dm_free(text);
}

void dm_help_of_command(const Command *command, FILE *stream)
{
    fprintf(stream, "Usage: dragoman %s %s\n\n", command->name, command->usage);
    wrap(stream, command->about, 0, 0);
    fprintf(stream, "\nExamples:\n");
    print_indented(stream, command->examples);
    const OptionGroup *group = NULL;
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) {
        if (at.group != group) fprintf(stream, "\n%s:\n", at.group->heading);
        group = at.group;
        print_option(stream, at.row);
    }
}

void dm_help_overview(const CommandTable *table, FILE *stream)
{
    fprintf(stream, "Usage: dragoman COMMAND [options]\n\n");
    wrap(stream, table->about, 0, 0);
    fprintf(stream, "\nCommands:\n");
    for (const Command *command = table->commands; command->name; command++)
        fprintf(stream, "  %-11s%s\n             %.*s\n", command->name, command->summary,
                (int)strcspn(command->examples, "\n"), command->examples);
    fprintf(stream, "\n  dragoman COMMAND --help   all options of a command, with their defaults\n"
                    "  dragoman --version        the version, and how it was built\n\n");
    wrap(stream, table->next_steps, 0, 0);
}
