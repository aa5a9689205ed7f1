// Help: the overview, and a page for each command, with the defaults and ranges of the table.
#include <stdlib.h>
#include <string.h>

#include "options/option_parts.h"

enum { WIDTH = 98, HELP_COLUMN = 34 };

const char dm_program_about[] = "Trains translation models (Transformers, in the MarianMT folder format) on a "
                                "processor, translates with them, and scores the result.";
static const char next_steps[] =
    "A first model: train with --train-sets and --model, then translate with the same --model. Results go to standard "
    "output, all else to standard error. Exit status: 0 done, 1 the input or the system failed, 2 the command line is "
    "wrong, 130 Ctrl-C stopped a training run, which can go on.";

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

char *dm_option_facts(const Option *row)
{
    char limits[256] = "";
    if (row->type == DM_INTEGER || row->type == DM_REAL) dm_option_range(row, limits);
    if (row->type == DM_CHOICE) {
        for (size_t i = 0, used = 0; row->choices[i] && used < sizeof limits - 3; i++) {
            limits[used++] = row->choices[i] == '|' ? ',' : row->choices[i];
            if (row->choices[i] == '|') limits[used++] = ' ';
        }
    }
    const char *between = *limits ? "; " : "";
    if (row->required && row->instead) return dm_format("%s%srequired, or --%s", limits, between, row->instead);
    if (row->required) return dm_format("%s%srequired", limits, between);
    if (!row->initial) return dm_copy_string(limits);
    return dm_format("%s%sdefault %s", limits, between, row->initial);
}

static void print_option(FILE *stream, const Option *row)
{
    int width = print_name(stream, row);
    if (width >= HELP_COLUMN - 1) {  // too wide for one line
        fputc('\n', stream);
        width = 0;
    }
    fprintf(stream, "%*s", HELP_COLUMN - width, "");
    char *facts = dm_option_facts(row), *text = dm_format(*facts ? "%s [%s]" : "%s", row->help, facts);
    wrap(stream, text, HELP_COLUMN, HELP_COLUMN);
    free(facts);
    free(text);
}

static void print_command(FILE *stream, const Command *command)
{
    fprintf(stream, "Usage: dragoman %s %s\n\n", command->name, command->usage);
    wrap(stream, command->about, 0, 0);
    fprintf(stream, "\nExamples:\n");
    print_indented(stream, command->examples);
    const char *group = NULL;  // the table has the rows of a group together
    for (const Option *row = dm_option_table; row->name; row++) {
        if (!(row->commands & command->bit)) continue;
        if (row->group != group) fprintf(stream, "\n%s:\n", row->group);
        group = row->group;
        print_option(stream, row);
    }
}

static void print_overview(FILE *stream)
{
    fprintf(stream, "Usage: dragoman COMMAND [options]\n\n");
    wrap(stream, dm_program_about, 0, 0);
    fprintf(stream, "\nCommands:\n");
    for (const Command *command = dm_command_table; command->name; command++)
        fprintf(stream, "  %-11s%s\n             %.*s\n", command->name, command->summary,
                (int)strcspn(command->examples, "\n"), command->examples);
    fprintf(stream, "\n  dragoman COMMAND --help   all options of a command, with their defaults\n"
                    "  dragoman --version        the version, and how it was built\n\n");
    wrap(stream, next_steps, 0, 0);
}

void dm_options_help(const char *name, FILE *stream)
{
    const Command *command = name ? dm_command_find(name) : NULL;
    if (command)
        print_command(stream, command);
    else
        print_overview(stream);
}
