// The table: what is made of any table of commands and options, here of a small one. Its --rig takes the words of a
// table of names, to which one is added on the way.
#include "core/memory.h"
#include "test.h"

#include "options/option_set.h"

enum { SAIL = 1, MOOR = 2 };

static const char *rigs[] = {"lugger", "ketch", NULL, NULL};

static Choice rig(int index)
{
    return (Choice){.name = rigs[index]};
}

static const char *rule_of(const char *option, char *buffer)
{
    sprintf(buffer, "by how %s", option);
    return buffer;
}

static bool is_ketch(const dm_options *run)
{
    return strcmp(dm_options_text(run, "rig", 0), "ketch") == 0;
}

// clang-format off
static const Option crew = {.name = "crew", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "2", .low = 1, .high = 40,
    .argument = "N", .help = "hands on board"};

static const OptionRow ship[] = {
    {SAIL | MOOR, &(const Option){.name = "rig", .type = DM_CHOICE, DM_ONE_VALUE, .initial = "lugger",
     .choice = rig, .argument = "NAME", .free_on_resume = true,
     .help = "its masts and sails"}},
    {SAIL, &(const Option){.name = "wind", .type = DM_CHOICE, DM_ONE_VALUE, .choices = "fair|foul", .argument = "NAME",
     .help = "where it comes from"}},
    {SAIL, &crew},
    {SAIL, &(const Option){.name = "reefs", .type = DM_INTEGER, DM_ONE_VALUE, .rule = rule_of, .high = 3,
     .argument = "N", .may_change = true,
     .help = "taken in"}},
    {MOOR, &(const Option){.name = "buoy", .type = DM_FLAG,
     .help = "not at a quay"}},
    {0, NULL},
};

static const OptionRow general[] = {
    {SAIL, &(const Option){.name = "knots", .type = DM_INTEGER, DM_ONE_VALUE, .initial = "5", .high = 9,
     .argument = "N", .free_on_resume = true, .fixed = is_ketch,
     .help = "speed"}},
    {SAIL | MOOR, &dm_option_config},
    {SAIL | MOOR, &dm_option_help},
    {0, NULL},
};

static const CommandTable table;
static const Command commands[] = {
    {"sail", &table, SAIL, "[options]", "go out", "Goes out.", "dragoman sail"},
    {"moor", &table, MOOR, "[options]", "come in", "Comes in.", "dragoman moor"},
    {.name = NULL},
};
static bool no_file(int index, Meaning *file)
{
    (void)index, (void)file;
    return false;
}

static const CommandTable table = {
    .commands = commands,
    .groups = (const OptionGroup[]){{"Ship", ship}, {"General", general}, {NULL, NULL}},
    .other_names = (const OtherName[]){{"hands sailors", SAIL, "crew", NULL},
                                         {"sails", SAIL | MOOR, NULL, "the rig has them"}, {.there = NULL}},
    .other_commands = (const Meaning[]){{"cruise", "sail"}, {NULL, NULL}},
    .summary = "sail", .about = "Sails.", .next_steps = "Sail on.", .configuration = "{\"crew\": 3}",
    .exit_statuses = (const Meaning[]){{NULL, NULL}},
    .file_of_models = no_file,
};
// clang-format on

static const Command *const sail = &commands[0], *const moor = &commands[1];

static void write_help(const CommandTable *of, FILE *stream)
{
    dm_help_of_command(&of->commands[0], stream);
}

static bool says(void (*write)(const CommandTable *table, FILE *stream), const char *part)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    write(&table, stream);
    fclose(stream);
    const bool found = strstr(text, part) != NULL;
    if (!found) printf("\n  no '%s' in:\n%s\n", part, text);
    free(text);
    return found;
}

static bool set(dm_options *options, const char *name, const char *value)
{
    return dm_options_set(options, name, 1, &value, NULL) == DM_OK;
}

static bool refuses(const Command *command, const char *name, const char *value, const char *message)
{
    dm_options *options = dm_options_create(command);
    dm_error error = {""};
    const bool refused =
        dm_options_set(options, name, 1, &value, &error) == DM_USAGE && strcmp(error.message, message) == 0;
    if (!refused) printf("\n  --%s %s: %s\n", name, value, error.message);
    dm_options_free(options);
    return refused;
}

static void words_of_a_table_are_shown_and_checked_as_they_are(void)
{
    dm_options *options = dm_options_create(sail);
    CU_ASSERT(set(options, "rig", "ketch"));
    CU_ASSERT(refuses(sail, "rig", "yawl", "--rig: there is no 'yawl'; it must be one of lugger, ketch"));
    CU_ASSERT(refuses(sail, "rig", "ket", "--rig: there is no 'ket'; it must be one of lugger, ketch"));
    CU_ASSERT(says(write_help, "its masts and sails [lugger, ketch; default lugger]"));
    CU_ASSERT(says(dm_docs_man, "its masts and sails [lugger, ketch; default lugger]"));
    CU_ASSERT(says(dm_docs_bash, "'1 1 lugger|ketch --rig'"));
    CU_ASSERT(says(dm_docs_zsh, ":NAME:(lugger ketch)'"));

    rigs[2] = "yawl";
    CU_ASSERT(set(options, "rig", "yawl"));
    CU_ASSERT(refuses(sail, "rig", "sloop", "--rig: there is no 'sloop'; it must be one of lugger, ketch, yawl"));
    CU_ASSERT(says(write_help, "[lugger, ketch, yawl; default lugger]"));
    CU_ASSERT(says(dm_docs_man, "[lugger, ketch, yawl; default lugger]"));
    CU_ASSERT(says(dm_docs_bash, "'1 1 lugger|ketch|yawl --rig'"));
    CU_ASSERT(says(dm_docs_zsh, ":NAME:(lugger ketch yawl)'"));
    rigs[2] = NULL;
    dm_options_free(options);
}

static void words_that_the_row_has_itself_are_no_different(void)
{
    CU_ASSERT(refuses(sail, "wind", "fair|foul", "--wind: there is no 'fair|foul'; it must be one of fair, foul"));
    CU_ASSERT(refuses(sail, "wind", "", "--wind: there is no ''; it must be one of fair, foul"));
    CU_ASSERT(says(write_help, "where it comes from [fair, foul]"));
    CU_ASSERT(says(dm_docs_bash, "'1 1 fair|foul --wind'"));
    CU_ASSERT(says(dm_docs_zsh, ":NAME:(fair foul)'"));
}

static void a_command_has_the_rows_that_name_it(void)
{
    static const struct {
        const char *name, *heading;
    } of_moor[] = {{"rig", "Ship"}, {"buoy", "Ship"}, {"config", "General"}, {"help", "General"}};
    size_t count = 0;
    for (RowWalk at = dm_first_row(moor); at.row; dm_next_row(&at), count++) {
        CU_ASSERT_FATAL(count < DM_COUNT(of_moor));
        CU_ASSERT_STRING_EQUAL(at.row->name, of_moor[count].name);
        CU_ASSERT_STRING_EQUAL(at.group->heading, of_moor[count].heading);
    }
    CU_ASSERT_EQUAL(count, DM_COUNT(of_moor));
    CU_ASSERT(dm_option_find(sail, "rig") == dm_option_find(moor, "rig"));
    CU_ASSERT(dm_option_find(sail, "crew") == &crew && !dm_option_find(moor, "crew"));
    CU_ASSERT(
        refuses(moor, "crew", "3", "--crew is an option of sail, not of moor (dragoman moor --help lists those)"));
    CU_ASSERT(refuses(sail, "hands", "3", "--hands is called --crew here"));
    CU_ASSERT(says(write_help, "\nShip:\n      --rig NAME") && says(write_help, "\nGeneral:\n      --knots N"));
}

static void a_row_says_in_which_runs_it_is_fixed(void)
{
    static const char *const rig[] = {"lugger", "ketch"};
    for (size_t i = 0; i < DM_COUNT(rig); i++) {
        dm_options *options = dm_options_create(sail);
        CU_ASSERT(set(options, "rig", rig[i]));
        cJSON *stored = dm_options_json(options, false);
        CU_ASSERT_EQUAL(cJSON_HasObjectItem(stored, "knots"), strcmp(rig[i], "ketch") == 0);
        CU_ASSERT(cJSON_HasObjectItem(stored, "crew") && !cJSON_HasObjectItem(stored, "rig"));
        CU_ASSERT(set(options, "knots", "6"));
        CU_ASSERT_EQUAL(dm_options_match(options, stored, "ship", NULL, NULL), i ? DM_USAGE : DM_OK);
        cJSON_Delete(stored);
        dm_options_free(options);
    }
}

// Nothing until it is settled, what is recorded then, and given in a run that goes on.
static void a_row_with_a_rule_has_a_value_when_it_is_settled(void)
{
    CU_ASSERT(says(write_help, "taken in [from 0 to 3; default by how reefs]"));
    CU_ASSERT(says(dm_docs_man, "default by how reefs]"));
    CU_ASSERT(says(dm_docs_zsh, "(from 0 to 3; default by how reefs)"));
    dm_options *begun = dm_options_create(sail), *now = dm_options_create(sail);
    cJSON *before = dm_options_json(begun, true);
    CU_ASSERT(!cJSON_HasObjectItem(before, "reefs") && !dm_options_text(begun, "reefs", 0));
    CU_ASSERT_EQUAL(dm_options_set_default(begun, "reefs", "2", NULL), DM_OK);
    CU_ASSERT(!dm_options_given(begun, "reefs") && dm_options_number(begun, "reefs") == 2);
    cJSON *stored = dm_options_json(begun, true), *changes = cJSON_CreateArray();
    static const char *const none[] = {NULL};
    char *recalled = NULL;
    CU_ASSERT_EQUAL(dm_options_recall(now, stored, none, "ship", &recalled, NULL), DM_OK);
    CU_ASSERT_STRING_EQUAL(recalled, "--reefs 2");
    CU_ASSERT(dm_options_given(now, "reefs") && dm_options_number(now, "reefs") == 2);
    CU_ASSERT_EQUAL(dm_options_match(now, stored, "ship", NULL, NULL), DM_OK);
    CU_ASSERT(set(now, "reefs", "3"));
    CU_ASSERT_EQUAL(dm_options_match(now, stored, "ship", NULL, NULL), DM_USAGE);
    CU_ASSERT_EQUAL(dm_options_match(now, stored, "ship", changes, NULL), DM_OK);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(changes), 1);
    cJSON_Delete(before), cJSON_Delete(stored), cJSON_Delete(changes);
    dm_free(recalled);
    dm_options_free(begun), dm_options_free(now);
}

const Fact facts[] = {
    FACT(words_of_a_table_are_shown_and_checked_as_they_are),
    FACT(words_that_the_row_has_itself_are_no_different),
    FACT(a_command_has_the_rows_that_name_it),
    FACT(a_row_says_in_which_runs_it_is_fixed),
    FACT(a_row_with_a_rule_has_a_value_when_it_is_settled),
    {NULL, NULL},
};
