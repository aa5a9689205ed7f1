// What an option needs to count, as its row says it (options.h): asked of a set of options, said where it is not there,
// shown in the help.
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "options/option_set.h"

// ---- Reading a row --------------------------------------------------------------------------------------------------

typedef struct Alternative {
    char name[32], words[48];
    bool opposite, several;
    bool first;  // of its condition
    bool last;
} Alternative;

// The next alternative of all; false: there is none. *at begins as the row's needs.
static bool next_alternative(const char **at, Alternative *a)
{
    const bool begins = !a->name[0] || a->last;
    *a = (Alternative){.first = begins};
    if (!*at || !**at) return false;
    const char *text = *at + (**at == '!');
    const size_t name = strcspn(text, "+!=| ");
    a->opposite = **at == '!' || text[name] == '!';
    assert(name && name < sizeof a->name);
    memcpy(a->name, text, name);
    text += name;
    a->several = *text == '+';
    text += strspn(text, "+!=");
    const size_t words = strcspn(text, "| ");
    assert(words < sizeof a->words);
    memcpy(a->words, text, words);
    text += words;
    a->last = *text != '|';
    *at = text + (*text != '\0');
    return true;
}

// ---- Asking ---------------------------------------------------------------------------------------------------------

static bool same(const Option *row, const char *value, const char *word, size_t length)
{
    char other[48] = "";
    memcpy(other, word, length);
    if (row->type != DM_INTEGER && row->type != DM_REAL) return strcmp(value, other) == 0;
    const double a = dm_option_number(value), b = dm_option_number(other);
    return a >= b && a <= b;
}

static bool is_off(const Setting *setting)
{
    const Option *row = setting->row;
    const char *off = row->type == DM_FLAG ? "false" : row->off;
    return setting->count == 1 && off && same(row, setting->values[0], off, strlen(off));
}

static bool is_among(const Setting *setting, const char *words)
{
    for (size_t length; *words; words += length + (words[length] == ',')) {
        length = strcspn(words, ",");
        for (int i = 0; i < setting->count; i++)
            if (same(setting->row, setting->values[i], words, length)) return true;
    }
    return false;
}

static bool holds(const dm_options *options, const Alternative *a)
{
    const Option *row = dm_option_find(options->command, a->name);
    if (!row) return a->opposite;
    const Setting *setting = dm_option_setting(options, row);
    bool found = setting->count && !is_off(setting) && (setting->given || !row->initial);
    if (a->several) found = setting->count > 1;
    if (*a->words) found = is_among(setting, a->words);
    return found != a->opposite;
}

// Whether one of the alternatives of a condition holds. *at: where it begins, then where the next one does.
static bool condition_holds(const dm_options *options, const char **at)
{
    Alternative a = {.last = true};
    bool any = false;
    do {
        if (!next_alternative(at, &a)) break;
        any = any || holds(options, &a);
    } while (!a.last);
    return any;
}

// The first condition that does not hold; NULL: all do.
static const char *missing(const dm_options *options, const Setting *setting)
{
    const char *at = setting->row->needs;
    if (!at || is_off(setting)) return NULL;
    while (*at) {
        const char *condition = at;
        if (!condition_holds(options, &at)) return condition;
    }
    return NULL;
}

bool dm_option_counts(const dm_options *options, const Setting *setting)
{
    return !missing(options, setting);
}

bool dm_options_in_vain(const dm_options *options, const char *name)
{
    return dm_options_given(options, name) &&
           missing(options, dm_option_setting(options, dm_option_find(options->command, name)));
}

// ---- Saying ---------------------------------------------------------------------------------------------------------

typedef struct Sentence {
    char text[512];
} Sentence;

static void add(Sentence *sentence, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(Sentence *sentence, const char *format, ...)
{
    const size_t used = strlen(sentence->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence->text + used, sizeof sentence->text - used, format, arguments);
    va_end(arguments);
}

// "x, y or z" of "x,y,z"
static void add_words(Sentence *sentence, const char *words)
{
    const char *between = "";
    while (*words) {
        const size_t length = strcspn(words, ",");
        add(sentence, "%s%.*s", between, (int)length, words);
        words += length + (words[length] == ',');
        between = strchr(words, ',') ? ", " : " or ";
    }
}

static const char *dashes_of(const char *name)
{
    return name[0] >= 'A' && name[0] <= 'Z' ? "" : "--";
}

// A phrase about an alternative: what follows the word that is returned is added to `object`.
typedef const char *Phrase(Sentence *object, const dm_options *options, const Alternative *a);

// How things are, so that it does not hold: "without --tsv", "with --optimizer sgd", "in bench gemm".
static const char *state(Sentence *object, const dm_options *options, const Alternative *a)
{
    const char *dashes = dashes_of(a->name);
    const Option *row = dm_option_find(options->command, a->name);
    const Setting *setting = row ? dm_option_setting(options, row) : NULL;
    if (*a->words && setting && setting->count) {
        add(object, "%s%s", dashes, *dashes ? a->name : options->command->name);
        for (int i = 0; i < setting->count; i++) add(object, " %s", setting->values[i]);
        return *dashes ? "with" : "in";
    }
    add(object, "%s%s", dashes, a->name);
    if (a->several) return a->opposite ? "with several" : "with one";
    return a->opposite ? "with" : "without";
}

// What would make it hold.
static const char *remedy(Sentence *object, const dm_options *options, const Alternative *a)
{
    const char *dashes = dashes_of(a->name);
    add(object, "%s%s", dashes, *dashes || !*a->words ? a->name : options->command->name);
    if (*a->words && a->opposite) return "take another";
    if (*a->words) {
        add(object, " ");
        add_words(object, a->words);
        return "take";
    }
    if (a->several) return a->opposite ? "give one" : "give several";
    return a->opposite ? "leave out" : "add";
}

static void add_condition(Sentence *sentence, const dm_options *options, const char *condition, const char *between,
                          Phrase *phrase)
{
    Alternative a = {.last = true};
    const char *before = "";
    do {
        Sentence object = {""};
        if (!next_alternative(&condition, &a)) break;
        const char *word = phrase(&object, options, &a);
        add(sentence, "%s", a.first ? "" : between);
        if (strcmp(word, before) != 0) add(sentence, "%s ", word);
        add(sentence, "%s", object.text);
        before = word;
    } while (!a.last);
}

Status dm_options_count_all(const dm_options *options, Error *error)
{
    for (const Setting *s = options->settings; s < options->settings + options->rows; s++) {
        const char *condition = s->given && !s->from_file ? missing(options, s) : NULL;
        if (!condition) continue;
        Sentence now = {""}, then = {""};
        add_condition(&now, options, condition, " and ", state);
        add_condition(&then, options, condition, " or ", remedy);
        return dm_misuse(error, "--%s has no effect %s: leave it out, or %s", s->row->name, now.text, then.text);
    }
    return DM_OK;
}

// Of two rows' needs, from a condition on.
static bool same_condition(const char *a, const char *b)
{
    const size_t length = strcspn(a, " ");
    return length == strcspn(b, " ") && memcmp(a, b, length) == 0;
}

// Names that lack the same follow each other in the table, mostly: what they lack is said behind the last of them.
bool dm_options_remark(const dm_options *options, dm_error *remark)
{
    Sentence said = {""};
    const char *lacked = NULL;
    for (int i = 0; i <= options->rows; i++) {
        const Setting *s = i < options->rows ? &options->settings[i] : NULL;
        const char *condition = s && s->given && s->from_file ? missing(options, s) : NULL;
        if (s && !condition) continue;
        if (lacked && (!s || !same_condition(condition, lacked))) {
            add(&said, " ");
            add_condition(&said, options, lacked, " and ", state);
        }
        if (s) add(&said, "%s%s", lacked ? ", " : "", s->row->name);
        lacked = condition;
    }
    if (options->passed_over) add(&said, "%s%s (of other models)", said.text[0] ? ", " : "", options->passed_over);
    if (options->elsewhere) add(&said, "%s%s (of other commands)", said.text[0] ? ", " : "", options->elsewhere);
    if (!said.text[0]) return false;
    snprintf(remark->message, sizeof remark->message, "%s: without effect here: %s", options->file, said.text);
    return true;
}

// ---- Showing --------------------------------------------------------------------------------------------------------

const char *dm_option_company(const Option *row, char *buffer)
{
    Sentence shown = {""};
    Alternative a = {.last = true};
    const char *at = row->needs, *before = "";
    while (next_alternative(&at, &a)) {
        const char *preposition = !a.opposite ? "with" : *a.words ? "not with" : "without";
        if (!a.first) add(&shown, " or ");
        if (a.first) add(&shown, "%s", shown.text[0] ? ", " : "");
        if (!*dashes_of(a.name) && *a.words)
            add(&shown, "if %s is ", a.name);
        else if (a.several)
            add(&shown, "with %s ", a.opposite ? "one" : "several");
        else if (a.first || strcmp(preposition, before) != 0)
            add(&shown, "%s ", preposition);
        before = a.several ? "" : preposition;
        if (*dashes_of(a.name)) add(&shown, "--%s%s", a.name, *a.words ? " " : "");
        add_words(&shown, a.words);
    }
    return memcpy(buffer, shown.text, sizeof shown.text);
}
