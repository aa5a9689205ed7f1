// The man page, in the macros of man(7): every command with its options, defaults, ranges and examples.
#include <ctype.h>
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"
#include "options/command_table.h"

enum { MAN_WIDTH = 72 };  // of the lines of the source; the escapes among them need room

// ---- Text for roff --------------------------------------------------------------------------------------------------

static void put_character(FILE *stream, char c, bool code)
{
    switch (c) {
    case '\\': fputs("\\(rs", stream); break;
    case '\'': fputs("\\(aq", stream); break;
    case '"': fputs("\\(dq", stream); break;
    case '`': fputs("\\(ga", stream); break;
    case '^': fputs("\\(ha", stream); break;
    case '~': fputs("\\(ti", stream); break;
    case '-': fputs(code ? "\\-" : "-", stream); break;  // what is typed has a minus, prose a hyphen
    default: fputc(c, stream);
    }
}

// What is typed as it stands. A line that begins with a dot would be a macro; \& is nothing, and no macro.
static void put_code(FILE *stream, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '.' && (at == text || at[-1] == '\n')) fputs("\\&", stream);
        put_character(stream, *at, true);
    }
}

// Prose, each sentence on lines of its own. Words such as --name and 1e-9 are typed as they stand, and never
// hyphenated.
static void put_prose(FILE *stream, const char *text)
{
    for (size_t column = 0; *text;) {
        const size_t size = strcspn(text, " ");
        const bool code = text[strspn(text, "(`")] == '-' || strcspn(text, "0123456789") < size;
        if (code) fputs("\\%", stream);
        if (*text == '.') fputs("\\&", stream);
        for (const char *at = text; at < text + size;) {
            const uint32_t c = dm_utf8_next(&at);
            if (c < 128)
                put_character(stream, (char)c, code);
            else
                fprintf(stream, "\\[u%04X]", c);
        }
        const bool ended = size && text[size - 1] == '.';
        column += size + 1;
        text += size;
        text += strspn(text, " ");
        if (!*text) break;
        const bool breaks = (ended && isupper((unsigned char)*text)) || column + strcspn(text, " ") > MAN_WIDTH;
        fputc(breaks ? '\n' : ' ', stream);
        if (breaks) column = 0;
    }
    fputc('\n', stream);
}

static void put_bold(FILE *stream, const char *dashes, const char *name)
{
    fputs("\\fB", stream);
    put_code(stream, dashes);
    put_code(stream, name);
    fputs("\\fR", stream);
}

// ---- A command ------------------------------------------------------------------------------------------------------

// "-m, --model DIR", as in the help
static void put_names(FILE *stream, const Option *row)
{
    char *aliases = dm_copy_string(row->aliases ? row->aliases : ""), *rest = NULL;
    char *alias = strtok_r(aliases, " ", &rest);
    if (alias && strlen(alias) == 1) {
        put_bold(stream, "-", alias);
        fputs(", ", stream);
        alias = strtok_r(NULL, " ", &rest);
    }
    put_bold(stream, dm_option_by_itself(row) ? "" : "--", row->name);
    for (; alias; alias = strtok_r(NULL, " ", &rest)) {
        fputs(", ", stream);
        put_bold(stream, "--", alias);
    }
    dm_free(aliases);
    if (row->argument) {
        fputs(" \\fI", stream);
        put_code(stream, row->argument);
        fputs("\\fR", stream);
    }
    fputc('\n', stream);
}

static void put_option(FILE *stream, const Option *row)
{
    char *text = dm_option_text(row);
    fputs(".TP\n", stream);
    put_names(stream, row);
    put_prose(stream, text);
    dm_free(text);
}

static void put_command(FILE *stream, const Command *command)
{
    fprintf(stream, ".SH DRAGOMAN ");
    for (const char *at = command->name; *at; at++) fputc(toupper((unsigned char)*at), stream);
    fputc('\n', stream);
    put_bold(stream, "dragoman ", command->name);
    fputc(' ', stream);
    put_code(stream, command->usage);
    fputs("\n.PP\n", stream);
    put_prose(stream, command->about);
    fputs(".PP\nExamples:\n.PP\n.RS 4\n.EX\n", stream);
    put_code(stream, command->examples);
    fputs("\n.EE\n.RE\n", stream);
    const OptionGroup *group = NULL;
    for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) {
        if (at.group != group) fprintf(stream, ".SS %s\n", at.group->heading);
        group = at.group;
        put_option(stream, at.row);
    }
}

// ---- The page -------------------------------------------------------------------------------------------------------

static void put_synopsis(const CommandTable *table, FILE *stream)
{
    fputs(".SH SYNOPSIS\n", stream);
    for (const Command *command = table->commands; command->name; command++) {
        put_bold(stream, "dragoman ", command->name);
        fputc(' ', stream);
        put_code(stream, command->usage);
        fputs("\n.br\n", stream);
    }
    put_bold(stream, "dragoman ", "--version");
    fputc('\n', stream);
}

static void put_description(const CommandTable *table, FILE *stream)
{
    fputs(".SH DESCRIPTION\n", stream);
    put_prose(stream, table->about);
    fputs(".PP\n", stream);
    put_prose(stream, "The value of an option follows as the next word or behind =. Results go to standard output, all "
                      "else to standard error. All options of a command but --config and --help can stand in a JSON "
                      "file, with comments and without their dashes; the command line wins over it:");
    fputs(".PP\n.RS 4\n.EX\n", stream);
    put_code(stream, table->configuration);
    fputs("\n.EE\n.RE\n.SH COMMANDS\n", stream);
    for (const Command *command = table->commands; command->name; command++) {
        fputs(".TP\n", stream);
        put_bold(stream, "", command->name);
        fputc('\n', stream);
        put_prose(stream, command->summary);
    }
}

void dm_docs_man(const CommandTable *table, FILE *stream)
{
    fprintf(stream,
            ".\\\" Made of the program's table of options: dragoman docs man\n"
            ".TH DRAGOMAN 1 \"\" \"dragoman %s\" \"User Commands\"\n"
            ".SH NAME\ndragoman \\- %s\n",
            dm_version(), table->summary);
    put_synopsis(table, stream);
    put_description(table, stream);
    for (const Command *command = table->commands; command->name; command++) put_command(stream, command);
    fputs(".SH EXIT STATUS\n", stream);
    for (const Meaning *status = table->exit_statuses; status->name; status++) {
        fprintf(stream, ".TP\n%s\n", status->name);
        put_prose(stream, status->meaning);
    }
    fputs(".SH FILES\nA model folder holds:\n", stream);
    Meaning file;
    for (int i = 0; table->file_of_models(i, &file); i++) {
        fputs(".TP\n", stream);
        put_bold(stream, "", file.name);
        fputc('\n', stream);
        put_prose(stream, file.meaning);
    }
}
