// The catalogue: what has to be true of every command and of every option, and what is made of all of them.
#include <ctype.h>

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
            CU_ASSERT(words == ((row->choices != NULL) != (row->choice != NULL)));
            CU_ASSERT(!row->fixed || row->free_on_resume);
            char rule[256] = "";
            CU_ASSERT(!row->rule || (!row->initial && !row->required && *row->rule(row->name, rule)));
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

// What `instead` names; alternatives have no default, which would always be there.
static void alternatives_are_options_of_the_same_commands(void)
{
    for (const Command *command = dm_catalogue.commands; command->name; command++)
        for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) {
            const Option *row = at.row, *other = row->instead ? dm_option_find(command, row->instead) : NULL;
            CU_ASSERT(!row->instead || (other && !other->required && !other->initial && !row->initial));
        }
}

// ---- What options need ----------------------------------------------------------------------------------------------

// Some value of an option that is not the default, or word number `index` of a choice; NULL: no more.
static const char *some_value(const Option *row, char *buffer)
{
    const double value = row->low > 2 ? row->low : row->high < 3 ? row->high : 3;
    char *words, *rest = NULL;
    switch (row->type) {
    case DM_INTEGER:
    case DM_REAL: snprintf(buffer, 64, "%g", value); return buffer;
    case DM_CHOICE:
    case DM_WEIGHTED:
        words = dm_option_words(row, " ");
        snprintf(buffer, 64, "%s", strtok_r(words, " ", &rest));
        dm_free(words);
        return buffer;
    case DM_DURATION: return "3u";
    case DM_FLAG: return "true";
    case DM_TEXT: break;
    }
    return "full";
}

static void give(dm_options *options, const Option *row, const char *said)
{
    char buffer[64];
    const char *values[8];
    const int count = row->values_min ? row->values_min : 1;
    for (int i = 0; i < count; i++) values[i] = said ? said : some_value(row, buffer);
    CU_ASSERT_EQUAL(dm_options_set(options, row->name, count, values, NULL), DM_OK);
}

typedef struct Condition {
    char name[32], words[48];
    bool opposite, several;
} Condition;

// Reads the row's needs in a way of its own: the next alternative.
static bool next_condition(const char **at, Condition *c)
{
    *at += strspn(*at, " |");
    if (!**at) return false;
    char one[96];
    snprintf(one, sizeof one, "%.*s", (int)strcspn(*at, " |"), *at);
    *at += strlen(one);
    *c = (Condition){.opposite = strchr(one, '!') != NULL, .several = strchr(one, '+') != NULL};
    const char *name = one + (one[0] == '!'), *equals = strchr(one, '=');
    snprintf(c->name, sizeof c->name, "%.*s", (int)strcspn(name, "+!="), name);
    if (equals) snprintf(c->words, sizeof c->words, "%s", equals + 1);
    return true;
}

// Gives the options so that this alternative holds, or does not.
static void bring_about(dm_options *options, const Command *command, const Condition *c, bool hold)
{
    const Option *row = dm_option_find(command, c->name);
    char buffer[64];
    if (*c->words && hold != c->opposite) {
        snprintf(buffer, sizeof buffer, "%.*s", (int)strcspn(c->words, ","), c->words);
        give(options, row, buffer);
    } else if (*c->words) {
        char *words = row->type == DM_CHOICE ? dm_option_words(row, " ") : dm_copy_string("7"), *rest = NULL;
        for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
            if (!strstr(c->words, word)) give(options, row, word);
        dm_free(words);
    } else if (c->several) {
        dm_options_set(options, c->name, hold != c->opposite ? 2 : 1, (const char *[]){"a", "b"}, NULL);
    } else if (hold != c->opposite) {
        give(options, row, NULL);
    } else {
        dm_options_unset(options, c->name, NULL);
    }
}

// The others come from a file: they are not refused.
static bool counts(dm_options *options, const Option *row, dm_error *error)
{
    for (int i = 0; i < options->rows; i++) options->settings[i].from_file = options->settings[i].row != row;
    const bool refused = dm_options_count_all(options, error) == DM_USAGE;
    char *start = dm_format("--%s has no effect ", row->name);
    const bool this_one = refused && strncmp(error->message, start, strlen(start)) == 0;
    // Recorded where it counts, and nowhere else.
    cJSON *json = dm_options_json(options, true);
    CU_ASSERT_EQUAL(cJSON_HasObjectItem(json, row->name), !this_one);
    cJSON_Delete(json);
    dm_free(start);
    return !this_one;
}

// For every row of every command that needs something: with what it needs it counts, and without, it is refused in a
// sentence that names what is missing, and not recorded; the help says what it needs.
static void options_without_what_they_need_are_refused(void)
{
    int walked = 0;
    for (const Command *command = dm_catalogue.commands; command->name; command++)
        for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) {
            const Option *row = at.row;
            if (!row->needs) continue;
            char company[512], all[256];
            const char *rest = row->needs;
            Condition c;
            snprintf(all, sizeof all, "%s", row->needs);
            char *conditions = NULL;
            dm_options *whole = dm_options_create(command);
            give(whole, row, NULL);
            for (char *one = strtok_r(all, " ", &conditions); one; one = strtok_r(NULL, " ", &conditions)) {
                const char *first = one;
                CU_ASSERT(next_condition(&first, &c));
                bring_about(whole, command, &c, true);
            }
            dm_error error = {""};
            const bool with = counts(whole, row, &error);
            if (!with) printf("\n  %s: %s\n", command->name, error.message);
            CU_ASSERT(with);
            while (next_condition(&rest, &c)) {
                if (!dm_option_find(command, c.name))
                    printf("\n  %s: --%s needs %s\n", command->name, row->name, c.name);
                CU_ASSERT_PTR_NOT_NULL_FATAL(dm_option_find(command, c.name));
                CU_ASSERT_PTR_NOT_NULL(strstr(dm_option_company(row, company), c.name));
            }
            // Each condition broken in turn, with all its alternatives.
            snprintf(all, sizeof all, "%s", row->needs);
            for (char *one = strtok_r(all, " ", &conditions); one; one = strtok_r(NULL, " ", &conditions), walked++) {
                dm_options *broken = dm_options_copy(whole);
                rest = one;
                while (next_condition(&rest, &c)) bring_about(broken, command, &c, false);
                const bool without = !counts(broken, row, &error);
                if (!without || !strstr(error.message, "leave it out, or "))
                    printf("\n  %s: --%s without %s: %s\n", command->name, row->name, one, error.message);
                CU_ASSERT(without);
                rest = one;
                while (without && next_condition(&rest, &c))
                    CU_ASSERT(strstr(error.message, c.name) || isupper((unsigned char)c.name[0]));
                dm_options_free(broken);
            }
            dm_options_free(whole);
        }
    CU_ASSERT(walked > 50);
}

// What is switched off needs nothing.
static void what_is_switched_off_is_not_refused(void)
{
    for (const Command *command = dm_catalogue.commands; command->name; command++)
        for (RowWalk at = dm_first_row(command); at.row; dm_next_row(&at)) {
            if (!at.row->needs || (!at.row->off && at.row->type != DM_FLAG)) continue;
            dm_options *options = dm_options_create(command);
            give(options, at.row, at.row->off ? at.row->off : "false");
            CU_ASSERT_EQUAL(dm_options_count_all(options, NULL), DM_OK);
            dm_options_free(options);
        }
}

// ---- What others call them ------------------------------------------------------------------------------------------

static bool any_command_has(const char *option, size_t length)
{
    char *name = dm_format("%.*s", (int)length, option);
    bool found = false;
    for (const Command *command = dm_catalogue.commands; command->name; command++)
        found = found || dm_option_find(command, name);
    dm_free(name);
    return found;
}

// Every --option and every command that an answer speaks of.
static bool speaks_of_what_there_is(const char *answer)
{
    bool good = true;
    for (const char *at = answer; (at = strstr(at, "--")); at += 2)
        good = good && any_command_has(at + 2, strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-"));
    for (const char *at = answer; (at = strstr(at, "dragoman ")); at++) {
        char *name = dm_format("%.*s", (int)strspn(at + 9, "abcdefghijklmnopqrstuvwxyz"), at + 9);
        good = good && (dm_command_find(&dm_catalogue, name) || strcmp(name, "computes") == 0);
        dm_free(name);
    }
    return good;
}

static void check_other_name(const OtherName *other, const Command *command, const char *name)
{
    bool good = !dm_option_find(command, name) && (strlen(name) > 1 || !dm_option_letter(command, *name));
    good = good && (!other->here || dm_option_find(command, other->here));
    dm_options *options = dm_options_create(command);
    dm_error error = {""};
    const dm_status status = dm_options_set(options, name, 1, (const char *[]){"1"}, &error);
    good = good && status == DM_USAGE && (!other->here || strstr(error.message, other->here)) &&
           (!other->answer || strstr(error.message, other->answer)) && !strstr(error.message, "unknown option");
    if (!good) printf("\n  %s: %s: %s\n", command->name, name, error.message);
    CU_ASSERT(good);
    dm_options_free(options);
}

static void what_other_toolkits_call_it_leads_to_what_is_there(void)
{
    int names = 0;
    for (const OtherName *other = dm_other_names; other->there; other++) {
        CU_ASSERT(other->commands && !(other->commands & ~(unsigned)DM_EVERY_COMMAND) &&
                  (other->here || other->answer));
        CU_ASSERT(!other->answer || speaks_of_what_there_is(other->answer));
        char *list = dm_copy_string(other->there), *rest = NULL;
        for (char *name = strtok_r(list, " ", &rest); name; name = strtok_r(NULL, " ", &rest), names++)
            for (const Command *command = dm_catalogue.commands; command->name; command++)
                if (other->commands & command->bit) check_other_name(other, command, name);
        dm_free(list);
    }
    CU_ASSERT(names > 200);
}

static void defaults_are_those_of_the_table(void)
{
    dm_options *options = dm_options_new("train");
    CU_ASSERT_EQUAL(dm_options_number(options, "dim-emb"), 256);
    CU_ASSERT_EQUAL(dm_options_number(options, "label-smoothing"), 0.1);
    CU_ASSERT_EQUAL(dm_options_number(options, "lr"), 0.001);
    CU_ASSERT_PTR_NULL(dm_options_text(options, "dropout", 0));  // there is no text yet
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

// As if it had one line.
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (!isspace((unsigned char)*from) || (to > text && to[-1] != ' '))
            *to++ = isspace((unsigned char)*from) ? ' ' : *from;
    *to = '\0';
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
        free(help);
        free(overview);
    }
    char *help = help_of("train");
    squeeze(help);
    CU_ASSERT_PTR_NOT_NULL(strstr(help, "[from 0 to 0.95; default 0.1]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(help, "[from 0 to 0.95; default by the text: "));
    free(help);
}

static void a_command_that_is_not_there_is_explained(void)
{
    static const struct {
        const char *name, *part;
    } cases[] = {
        {"trian", "did you mean train?"},
        {"Translate", "did you mean translate?"},
        {"average-", "did you mean average?"},
        {"scorer", "it is called rescore here"},
        {"prepare_data", "it is called prepare here"},
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
    for (const Meaning *other = dm_other_commands; other->name; other++)
        CU_ASSERT(!dm_command_check(other->meaning, &error));
}

static void docs_are_written_in_the_formats_that_there_are(void)
{
    char *text;
    size_t size;
    CU_ASSERT_PTR_NOT_NULL(dm_docs_format(0).name);
    for (int i = 0; dm_docs_format(i).name; i++) {
        FILE *stream = open_memstream(&text, &size);
        CU_ASSERT(dm_options_docs(dm_docs_format(i).name, stream));
        fclose(stream);
        CU_ASSERT(size > 1000);
        free(text);
    }
    FILE *stream = open_memstream(&text, &size);
    CU_ASSERT_FALSE(dm_options_docs("fish", stream));
    fclose(stream);
    CU_ASSERT_EQUAL(size, 0);
    free(text);
}

const Fact facts[] = {
    FACT(every_default_passes_its_own_check),
    FACT(no_name_stands_for_two_options_of_a_command),
    FACT(every_row_is_whole),
    FACT(no_two_groups_have_the_same_heading),
    FACT(alternatives_are_options_of_the_same_commands),
    FACT(options_without_what_they_need_are_refused),
    FACT(what_is_switched_off_is_not_refused),
    FACT(what_other_toolkits_call_it_leads_to_what_is_there),
    FACT(defaults_are_those_of_the_table),
    FACT(help_shows_every_option_with_its_default),
    FACT(a_command_that_is_not_there_is_explained),
    FACT(docs_are_written_in_the_formats_that_there_are),
    {NULL, NULL},
};
