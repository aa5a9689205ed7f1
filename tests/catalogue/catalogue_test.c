// The catalogue: what has to be true of every command and of every option, and what is made of all of them.
#include "core/memory.h"
#include "test.h"

#include "catalogue/catalogue.h"
#include "options/option_set.h"

static void every_default_passes_its_own_check(void)
{
    for (const Command *command = dm_catalogue.commands; command->name; command++) {
        dm_options *options = dm_options_new(command->name);
        for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) {
            const Option *row = at.row;
            int count = dm_options_count(options, row->name);
            CU_ASSERT_FALSE(dm_options_given(options, row->name));
            CU_ASSERT(row->initial ? count >= row->values_min && count <= row->values_max : count == 0);
            for (int i = 0; i < count; i++)
                CU_ASSERT(!dm_option_check(row, row->name, dm_options_text(options, row->name, i), NULL));
        }
        dm_options_free(options);
    }
}

static void no_name_stands_for_two_options_of_a_command(void)
{
    for (const Command *command = dm_catalogue.commands; command->name; command++)
        for (RowWalk one = dm_first_row(command); one.row; dm_next_row(&one)) {
            RowWalk other = one;
            for (dm_next_row(&other); other.row; dm_next_row(&other)) {
                const Option *a = one.row, *b = other.row;
                CU_ASSERT(strcmp(a->name, b->name) != 0);
                CU_ASSERT(!a->aliases || !b->aliases || strcmp(a->aliases, b->aliases) != 0);
                CU_ASSERT(!a->aliases || strcmp(a->aliases, b->name) != 0);
            }
        }
}

static void every_row_is_whole(void)
{
    unsigned every = 0;
    for (const Command *command = dm_catalogue.commands; command->name; command++) {
        CU_ASSERT(command->table == &dm_catalogue && !(every & command->bit));
        CU_ASSERT(dm_option_find(command, "config") == &dm_option_config);
        CU_ASSERT(dm_option_find(command, "help") == &dm_option_help);
        every |= command->bit;
    }
    CU_ASSERT_EQUAL(every, DM_EVERY_COMMAND);
    for (const OptionGroup *group = dm_catalogue.groups; group->heading; group++)
        for (const OptionRow *at = group->rows; at->option; at++) {
            const Option *row = at->option;
            CU_ASSERT(at->commands != 0 && (at->commands & every) == at->commands && *row->help);
            CU_ASSERT((row->type == DM_FLAG || dm_option_by_itself(row)) == !row->argument);
            const bool words = row->type == DM_CHOICE || row->type == DM_WEIGHTED;
            CU_ASSERT(words == ((row->choices != NULL) != (row->word != NULL)));
            CU_ASSERT(!row->fixed || row->free_on_resume);
            // When a run goes on, a row is free, may change, or stays: why is said of the last alone.
            CU_ASSERT(!row->stays || (!row->free_on_resume && !row->may_change));
            CU_ASSERT(!row->may_change || !row->free_on_resume || row->fixed);
        }
}

// The help gives a group one heading.
static void no_two_groups_have_the_same_heading(void)
{
    for (const OptionGroup *a = dm_catalogue.groups; a->heading; a++)
        for (const OptionGroup *b = a + 1; b->heading; b++) CU_ASSERT(strcmp(a->heading, b->heading) != 0);
}

// What `instead` and `only_with` name; alternatives have no default, which would always be there.
static void options_of_the_same_commands_are_named_by_others(void)
{
    for (const Command *command = dm_catalogue.commands; command->name; command++)
        for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) {
            const Option *row = at.row, *other = row->instead ? dm_option_find(command, row->instead) : NULL;
            CU_ASSERT(!row->instead || (other && !other->required && !other->initial && !row->initial));
            char *names = dm_copy_string(row->only_with ? row->only_with : ""), *rest = NULL;
            for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
                CU_ASSERT_PTR_NOT_NULL(dm_option_find(command, name));
            dm_free(names);
        }
}

static void what_other_toolkits_call_it_is_an_option_here(void)
{
    for (const OtherName *other = dm_other_names; other->there; other++) {
        bool found = false;
        for (const Command *command = dm_catalogue.commands; command->name; command++)
            found = found || dm_option_find(command, other->here);
        if (!found) printf("\n  %s is called %s, which no command has\n", other->there, other->here);
        CU_ASSERT(found);
    }
}

static void defaults_are_those_of_the_table(void)
{
    dm_options *options = dm_options_new("train");
    CU_ASSERT_EQUAL(dm_options_number(options, "dim-emb"), 256);
    CU_ASSERT_EQUAL(dm_options_number(options, "dropout"), 0.1);
    CU_ASSERT_EQUAL(dm_options_number(options, "label-smoothing"), 0.1);
    CU_ASSERT_EQUAL(dm_options_number(options, "early-stopping"), 10);
    CU_ASSERT_EQUAL(dm_options_number(options, "lr"), 0.001);
    CU_ASSERT_STRING_EQUAL(dm_options_text(options, "optimizer-params", 2), "1e-9");
    CU_ASSERT_PTR_NULL(dm_options_text(options, "optimizer-params", 3));
    CU_ASSERT_PTR_NULL(dm_options_text(options, "pretrained-model", 0));
    CU_ASSERT_FALSE(dm_options_flag(options, "overwrite"));
    dm_options_free(options);
    CU_ASSERT_PTR_NULL(dm_options_new("trian"));
}

static char *help_of(const char *command)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    dm_options_help(command, stream);
    fclose(stream);
    return text;
}

static void help_shows_every_option_with_its_default(void)
{
    for (const Command *command = dm_catalogue.commands; command->name; command++) {
        char *help = help_of(command->name), *overview = help_of(NULL);
        CU_ASSERT_PTR_NOT_NULL(strstr(overview, command->summary));
        CU_ASSERT_PTR_NOT_NULL(strstr(help, "Examples:\n  dragoman "));
        for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) {
            char *name = dm_format("%s%s", dm_option_by_itself(at.row) ? "  " : "--", at.row->name);
            CU_ASSERT_PTR_NOT_NULL(strstr(help, name));
            dm_free(name);
        }
        for (const char *line = help; *line; line += strcspn(line, "\n") + 1) CU_ASSERT(strcspn(line, "\n") <= 100);
        dm_free(help);
        dm_free(overview);
    }
    char *help = help_of("train");
    CU_ASSERT_PTR_NOT_NULL(strstr(help, "[from 0 to 0.95; default 0.1]"));
    dm_free(help);
}

static void a_command_that_is_not_there_is_explained(void)
{
    static const struct {
        const char *name, *part;
    } cases[] = {
        {"trian", "did you mean train?"},
        {"Translate", "did you mean translate?"},
        {"average-", "did you mean average?"},
        {"x", "there are train, "},
        {"", "there are train, "},
        {"training data", " and "},
        {"a name of more than forty letters that no command has, and no option either, whatever it was that was meant",
         "there are train, "},
    };
    dm_error error;
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        CU_ASSERT_EQUAL(dm_command_check(cases[i].name, &error), DM_USAGE);
        if (!strstr(error.message, cases[i].part)) printf("\n  %s: %s\n", cases[i].name, error.message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[i].part));
    }
    for (const Command *command = dm_catalogue.commands; command->name; command++)
        CU_ASSERT(!dm_command_check(command->name, &error));
}

static void docs_are_written_in_the_formats_that_there_are(void)
{
    char *text;
    size_t size;
    CU_ASSERT_PTR_NOT_NULL(dm_docs_format(0));
    for (int i = 0; dm_docs_format(i); i++) {
        FILE *stream = open_memstream(&text, &size);
        CU_ASSERT(dm_options_docs(dm_docs_format(i), stream));
        fclose(stream);
        CU_ASSERT(size > 1000);
        dm_free(text);
    }
    FILE *stream = open_memstream(&text, &size);
    CU_ASSERT_FALSE(dm_options_docs("fish", stream));
    fclose(stream);
    CU_ASSERT_EQUAL(size, 0);
    dm_free(text);
}

const Fact facts[] = {
    FACT(every_default_passes_its_own_check),
    FACT(no_name_stands_for_two_options_of_a_command),
    FACT(every_row_is_whole),
    FACT(no_two_groups_have_the_same_heading),
    FACT(options_of_the_same_commands_are_named_by_others),
    FACT(what_other_toolkits_call_it_is_an_option_here),
    FACT(defaults_are_those_of_the_table),
    FACT(help_shows_every_option_with_its_default),
    FACT(a_command_that_is_not_there_is_explained),
    FACT(docs_are_written_in_the_formats_that_there_are),
    {NULL, NULL},
};
