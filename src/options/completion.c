// What the table of options becomes besides help: completion for bash and zsh (here) and the man page (man.c).
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "options/command_table.h"

// ---- What both shells are told --------------------------------------------------------------------------------------

// What stands behind an option, as far as a shell can help with it.
typedef enum ValueKind { ANYTHING, WORDS, FILES, FOLDERS } ValueKind;

static ValueKind kind_of(const Option *row)
{
    if (row->type == DM_CHOICE || row->type == DM_WEIGHTED) return WORDS;
    if (row->type != DM_TEXT) return ANYTHING;
    return row->argument && strncmp(row->argument, "DIR", 3) == 0 ? FOLDERS : FILES;
}

// An option that repeats takes so many values each time.
static int most_values(const Option *row)
{
    return row->repeats && !dm_option_by_itself(row) ? row->values_min : row->values_max;
}

// ---- bash -----------------------------------------------------------------------------------------------------------

static const char bash_begin[] =
    "# Completion for dragoman in bash. Made of the program's table of options: dragoman docs bash\n"
    "\n"
    "# The options of a command: the least and the most values of each, what they are (words to choose from, FILE, "
    "DIR,\n"
    "# or - where nothing is known of them), and its names. What stands by itself has a name without dashes.\n"
    "_dragoman_options()\n"
    "{\n"
    "    case $1 in\n";

static const char bash_scan[] =
    "    esac\n"
    "}\n"
    "\n"
    "_dragoman_fits()  # WORD: whether the option at hand takes it for a value\n"
    "{\n"
    "    ((taken < least)) && return\n"
    "    ((taken < most)) && { [[ $kind == FILE || $kind == DIR || $kind == - ]] || [[ \"|$kind|\" == *\"|$1|\"* ]]; "
    "}\n"
    "}\n"
    "\n"
    "_dragoman_option()  # NAME: makes it the option at hand\n"
    "{\n"
    "    local row\n"
    "    least=0 most=0 kind=- taken=0\n"
    "    for row in \"${rows[@]}\"; do\n"
    "        [[ \"$row \" == *\" $1 \"* ]] && read -r least most kind _ <<< \"$row\"\n"
    "    done\n"
    "}\n"
    "\n"
    "_dragoman_alone()  # makes that the option at hand which the next word by itself belongs to\n"
    "{\n"
    "    local row count what name before=0\n"
    "    least=0 most=0 kind=- taken=0\n"
    "    for row in \"${rows[@]}\"; do\n"
    "        read -r _ count what name <<< \"$row\"\n"
    "        [[ $name == -* ]] && continue\n"
    "        if ((alone < before + count)); then\n"
    "            most=1 kind=$what\n"
    "            return\n"
    "        fi\n"
    "        ((before += count))\n"
    "    done\n"
    "}\n"
    "\n"
    "_dragoman_offer()  # what the option at hand takes\n"
    "{\n"
    "    ((taken < most)) || return 0\n"
    "    case $kind in\n"
    "    FILE) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
    "    DIR) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- \"$word\") ;;\n"
    "    -) ;;\n"
    "    *) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W \"${kind//|/ }\" -- \"$word\") ;;\n"
    "    esac\n"
    "    [[ $kind == FILE || $kind == DIR ]] && compopt -o filenames 2> /dev/null\n"
    "    return 0\n"
    "}\n"
    "\n";

static const char bash_end[] =
    "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} rows=() row names=\"\" i\n"
    "    local least=0 most=0 kind=- taken=0 alone=0 ended=\n"
    "    COMPREPLY=()\n"
    "    [[ $word == = ]] && word=\n"
    "    if ((COMP_CWORD == 1)); then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$commands help --help --version\" -- \"$word\")\n"
    "        return\n"
    "    elif [[ $command == help || $command == --help || $command == -h ]]; then\n"
    "        ((COMP_CWORD == 2)) && mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$word\")\n"
    "        return\n"
    "    fi\n"
    "    _dragoman_options \"$command\"\n"
    "    # The words before this one, as the program reads them: an option takes values up to the next option.\n"
    "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
    "        if [[ ${COMP_WORDS[i]} == = ]]; then  # --option=value comes as three words\n"
    "            continue\n"
    "        elif [[ ! $ended && ${COMP_WORDS[i]} == -- ]]; then\n"
    "            ended=yes least=0 most=0 taken=0\n"
    "        elif [[ ! $ended && ${COMP_WORDS[i]} == -[!0-9.]* ]]; then\n"
    "            _dragoman_option \"${COMP_WORDS[i]}\"\n"
    "        elif _dragoman_fits \"${COMP_WORDS[i]}\"; then\n"
    "            ((++taken))\n"
    "        else\n"
    "            ((++alone))\n"
    "            least=0 most=0 taken=0\n"
    "        fi\n"
    "    done\n"
    "    _dragoman_offer\n"
    "    ((taken < least)) && return\n"
    "    if [[ ! $ended && $word == -* ]]; then\n"
    "        for row in \"${rows[@]}\"; do\n"
    "            read -r _ _ _ row _ <<< \"$row\"\n"
    "            [[ $row == --* ]] && names+=\" $row\"\n"
    "        done\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$word\")\n"
    "    else\n"
    "        _dragoman_alone\n"
    "        _dragoman_offer\n"
    "    fi\n"
    "}\n"
    "\n"
    "complete -F _dragoman dragoman\n";

static void put_bash_row(FILE *stream, const Option *row)
{
    static const char *const kinds[] = {[ANYTHING] = "-", [FILES] = "FILE", [FOLDERS] = "DIR"};
    const ValueKind kind = kind_of(row);
    char *words = kind == WORDS ? dm_option_words(row, "|") : NULL;
    fprintf(stream, "            '%d %d %s ", row->values_min, most_values(row), words ? words : kinds[kind]);
    dm_free(words);
    fprintf(stream, dm_option_by_itself(row) ? "%s" : "--%s", row->name);
    for (const char *at = row->aliases ? row->aliases : ""; *at;) {
        const int size = (int)strcspn(at, " ");
        fprintf(stream, " %s%.*s", size == 1 ? "-" : "--", size, at);
        at += size + (at[size] == ' ');
    }
    fprintf(stream, "'\n");
}

void dm_docs_bash(const CommandTable *table, FILE *stream)
{
    fputs(bash_begin, stream);
    for (const Command *command = table->commands; command->name; command++) {
        fprintf(stream, "    %s)\n        rows=(\n", command->name);
        for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) put_bash_row(stream, at.row);
        fprintf(stream, "        )\n        ;;\n");
    }
    fputs(bash_scan, stream);
    fprintf(stream, "_dragoman()\n{\n    local commands='");
    for (const Command *command = table->commands; command->name; command++)
        fprintf(stream, "%s%s", command == table->commands ? "" : " ", command->name);
    fprintf(stream, "'\n");
    fputs(bash_end, stream);
}

// ---- zsh ------------------------------------------------------------------------------------------------------------

static const char zsh_begin[] =
    "#compdef dragoman\n"
    "# Completion for dragoman in zsh. Made of the program's table of options: dragoman docs zsh\n"
    "# It stands in a folder of $fpath as _dragoman, or is read by: source <(dragoman docs zsh)\n"
    "\n"
    "_dragoman()\n"
    "{\n"
    "    local curcontext=$curcontext state line result=1\n"
    "    typeset -A opt_args\n"
    "    local -a commands\n"
    "    commands=(\n";

static const char zsh_middle[] = "    )\n"
                                 "    _arguments -C '(- *)'{-h,--help}'[what the commands do]' '(- *)--version[the "
                                 "version, and how it was built]' \\\n"
                                 "        '1:command:->command' '*::argument:->arguments' && result=0\n"
                                 "    case $state in\n"
                                 "    command) _describe -t commands command commands && result=0 ;;\n"
                                 "    arguments)\n"
                                 "        curcontext=${curcontext%:*:*}:dragoman-$words[1]:\n"
                                 "        case $words[1] in\n"
                                 "        help | -h | --help) _describe -t commands command commands && result=0 ;;\n";

static const char zsh_end[] = "        esac\n"
                              "        ;;\n"
                              "    esac\n"
                              "    return result\n"
                              "}\n"
                              "\n"
                              "if [[ $funcstack[1] == _dragoman ]]; then\n"
                              "    _dragoman \"$@\"\n"
                              "else\n"
                              "    compdef _dragoman dragoman\n"
                              "fi\n";

// Inside single quotes, with a backslash before each of these characters.
static void put_quoted(FILE *stream, const char *text, const char *special)
{
    for (; *text; text++) {
        if (strchr(special, *text)) fputc('\\', stream);
        if (*text == '\'')
            fputs("'\\''", stream);
        else
            fputc(*text, stream);
    }
}

// ":message:action" once for each value; two colons before what may be left out.
static void put_zsh_values(FILE *stream, const Option *row)
{
    char *names = dm_copy_string(row->argument ? row->argument : row->name), *choices = NULL, *rest = NULL;
    char *facts = dm_option_facts(row), *name = strtok_r(names, " ", &rest);
    if (kind_of(row) == WORDS) choices = dm_option_words(row, " ");
    for (int i = 0; i < most_values(row); i++) {
        fputs(i < row->values_min ? ":" : "::", stream);
        put_quoted(stream, name, ":\\");
        if (*facts && kind_of(row) == ANYTHING) {
            fputs(" (", stream);
            put_quoted(stream, facts, ":\\");
            fputs(")", stream);
        }
        switch (kind_of(row)) {
        case ANYTHING: fputs(": ", stream); break;
        case WORDS: fprintf(stream, ":(%s)", choices); break;
        case FILES: fputs(":_files", stream); break;
        case FOLDERS: fputs(":_files -/", stream); break;
        }
        char *next = strtok_r(NULL, " ", &rest);
        if (next && strcmp(next, "...") != 0) name = next;
    }
    dm_free(facts);
    dm_free(choices);
    dm_free(names);
}

// '(-m --model)'{-m,--model=}'[help]:DIR:_files -/'
static void put_zsh_option(FILE *stream, const Option *row)
{
    const char *equals = row->type == DM_FLAG ? "" : "=";
    char *others = dm_copy_string(row->aliases ? row->aliases : ""), *rest = NULL;
    char *excluded = dm_format("--%s", row->name), *spelt = dm_format("--%s%s", row->name, equals);
    for (char *other = strtok_r(others, " ", &rest); other; other = strtok_r(NULL, " ", &rest)) {
        const bool letter = strlen(other) == 1;
        char *more = dm_format("%s %s%s", excluded, letter ? "-" : "--", other);
        char *longer = dm_format("%s,%s%s%s", spelt, letter ? "-" : "--", other, letter ? "" : equals);
        dm_free(excluded);
        dm_free(spelt);
        excluded = more;
        spelt = longer;
    }
    if (row->repeats)
        fprintf(stream, "'*'");
    else
        fprintf(stream, "'(%s)'", excluded);
    fprintf(stream, strchr(spelt, ',') ? "{%s}'[" : "%s'[", spelt);
    put_quoted(stream, row->help, "[]\\");
    fputs("]", stream);
    put_zsh_values(stream, row);
    fputs("'", stream);
    dm_free(excluded);
    dm_free(spelt);
    dm_free(others);
}

// '1:SRC:_files', or for as many as there are '*:FILE:_files'
static void put_zsh_alone(FILE *stream, const Option *row)
{
    fputs(row->repeats ? "'*" : row->required ? "'" : "':", stream);
    Option one = *row;
    one.values_min = one.values_max = 1;
    put_zsh_values(stream, &one);
    fputs("'", stream);
}

void dm_docs_zsh(const CommandTable *table, FILE *stream)
{
    fputs(zsh_begin, stream);
    for (const Command *command = table->commands; command->name; command++) {
        fprintf(stream, "        '%s:", command->name);
        put_quoted(stream, command->summary, "");
        fprintf(stream, "'\n");
    }
    fputs(zsh_middle, stream);
    for (const Command *command = table->commands; command->name; command++) {
        fprintf(stream, "        %s)\n            _arguments -S", command->name);
        for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) {
            fprintf(stream, " \\\n                ");
            if (dm_option_by_itself(at.row))
                put_zsh_alone(stream, at.row);
            else
                put_zsh_option(stream, at.row);
        }
        fprintf(stream, " && result=0\n            ;;\n");
    }
    fputs(zsh_end, stream);
}

// ---- All of them ----------------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    void (*write)(const CommandTable *table, FILE *stream);
} formats[] = {{"bash", dm_docs_bash}, {"zsh", dm_docs_zsh}, {"man", dm_docs_man}};

Choice dm_docs_format(int index)
{
    return (Choice){.name = (size_t)index < DM_COUNT(formats) ? formats[index].name : NULL};
}

bool dm_docs_write(const CommandTable *table, const char *format, FILE *stream)
{
    for (size_t i = 0; i < DM_COUNT(formats); i++) {
        if (strcmp(formats[i].name, format) != 0) continue;
        formats[i].write(table, stream);
        return true;
    }
    return false;
}
