// What else can be typed in a conversation: the commands that begin with a colon.
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "talk.h"

enum { MOST_WORDS = 32, MOST_PIECES = 300 };  // a larger picture cannot be read, and takes very much memory

typedef struct Words {  // behind a command's name
    int count;
    const char *word[MOST_WORDS];
} Words;

// ---- Options --------------------------------------------------------------------------------------------------------

static void run_set(Talk *talk, const Words *words)
{
    if (words->count)
        talk_set_option(talk, words->word[0], words->count - 1, words->word + 1);
    else
        talk_show_options(talk);
}

static void run_unset(Talk *talk, const Words *words)
{
    talk_unset_option(talk, words->word[0]);
}

static void run_beam(Talk *talk, const Words *words)
{
    talk_set_option(talk, "beam-size", words->count, words->word);
}

static void run_nbest(Talk *talk, const Words *words)
{
    talk_set_option(talk, "n-best", words->count, words->word);
}

// ---- The last sentence ----------------------------------------------------------------------------------------------

// The translation that a command is about: the best one, or that of a number.
static const dm_hypothesis *chosen(const Talk *talk, const Words *words)
{
    if (!talk->line) {
        talk_refuse("this model has not %s yet: type one first",
                    talk->settings.goes_on ? "gone on with a text" : "translated a sentence");
        return NULL;
    }
    char *end = "";
    const long number = words->count ? strtol(words->word[0], &end, 10) : 1;
    if (*end || number < 1 || number > talk->translation.count) {
        talk_refuse("there is no translation %s of the last sentence: %s", words->word[0],
                    talk->translation.count > 1 ? "the numbers stand before them"
                                                : "it has one (:nbest N asks for more)");
        return NULL;
    }
    const dm_hypothesis *h = &talk->translation.hypotheses[number - 1];
    if (h->pieces && h->pieces <= MOST_PIECES) return h;
    if (h->pieces)
        talk_refuse("a translation of %d pieces is too long for a picture", h->pieces);
    else
        talk_refuse("the translation is empty: there is nothing to show");
    return NULL;
}

// The alignment takes time that not every sentence needs: the search is run again, and finds the same.
static bool align(Talk *talk)
{
    dm_translation aligned;
    dm_error error = {.message = ""};
    if (talk->asked.alignment) return true;
    dm_translate_options search = talk_search(talk);
    search.alignment = true;
    dm_status status = dm_translate(talk->model, (const char *const *)&talk->line, 1, &search, &aligned, &error);
    if (status) {
        talk_complain(talk, status, &error);
        return false;
    }
    dm_translations_free(&talk->translation, 1);
    talk->translation = aligned;
    return talk->asked.alignment = true;
}

static void run_align(Talk *talk, const Words *words)
{
    if (!chosen(talk, words) || !align(talk)) return;
    draw_alignment(&talk->screen, &talk->translation, chosen(talk, words));
}

static void run_score(Talk *talk, const Words *words)
{
    const dm_hypothesis *h = chosen(talk, words);
    if (h) draw_scores(&talk->screen, h);
}

// A path as a shell would have it: ~/ is the home folder. The caller frees it.
static char *path_of(const char *word)
{
    const char *home = getenv("HOME");
    return home && word[0] == '~' && word[1] == '/' ? format_text("%s%s", home, word + 1) : format_text("%s", word);
}

static void write_attention(Talk *talk, const char *path)
{
    dm_error error = {.message = ""};
    dm_attended seen = {0};
    const char *name = dm_options_text(talk->options, "model", 0);
    dm_translate_options search = talk_search(talk);
    dm_status status = dm_attend(talk->model, talk->line, &search, &seen, &error);
    if (!status) status = report_write(path, report_attention_figures(name, talk->line, &seen), &error);
    if (status)
        talk_complain(talk, status, &error);
    else
        fprintf(talk->screen.stream, "Wrote %s: open it in a browser\n", path);
    dm_attended_free(&seen);
}

// A name that ends otherwise may be that of a file one would like to keep.
static void run_attention(Talk *talk, const Words *words)
{
    const char *name = words->word[0], *ending = strrchr(name, '.');
    if (!ending || (strcmp(ending, ".html") != 0 && strcmp(ending, ".htm") != 0)) {
        talk_refuse("%s would be a page for the browser: give it a name that ends in .html", name);
        return;
    }
    if (!chosen(talk, &(Words){0})) return;
    char *path = path_of(name);
    write_attention(talk, path);
    free(path);
}

// ---- Models ---------------------------------------------------------------------------------------------------------

static void open_other(Talk *talk, int count, const char *const *folders)
{
    dm_error error = {.message = ""};
    dm_model *model = NULL;
    dm_options *changed = copy_options(talk->options);
    Settings settings;
    dm_status status = dm_options_set(changed, "model", count, folders, &error);
    if (!status) status = open_models(&model, changed, &error);
    if (!status) status = talk_settings(&settings, changed, &error);
    if (!status) status = fit_settings(&settings, model, &error);
    if (status) {
        complain(status, &error);
        dm_model_close(model);
        fprintf(talk->screen.stream, "The model is still %s\n", dm_options_text(talk->options, "model", 0));
        dm_options_free(changed);
        return;
    }
    talk_forget(talk);
    dm_model_close(talk->spent);
    dm_options_free(talk->options);
    talk->spent = talk->model;
    talk->ended = talk->settings.goes_on;
    talk->model = model;
    talk->options = changed;
    talk->settings = settings;
    talk_show_option(talk, "model");
}

static void run_model(Talk *talk, const Words *words)
{
    char *paths[MOST_WORDS];
    if (!words->count) talk_show_option(talk, "model");
    for (int i = 0; i < words->count; i++) paths[i] = path_of(words->word[i]);
    if (words->count) open_other(talk, words->count, (const char *const *)paths);
    for (int i = 0; i < words->count; i++) free(paths[i]);
}

// ---- A text that grows ----------------------------------------------------------------------------------------------

static void run_new(Talk *talk, const Words *words)
{
    (void)words;
    talk_forget(talk);
    talk->ended = true;
    fprintf(talk->screen.stream, "%sA new text%s\n", talk_style(&talk->screen, talk_dim),
            talk_style(&talk->screen, talk_plain));
}

// ---- The table ------------------------------------------------------------------------------------------------------

static void run_quit(Talk *talk, const Words *words)
{
    (void)words;
    talk->over = true;
}

static void run_help(Talk *talk, const Words *words);

enum { OF_SENTENCES = 1, OF_TEXTS = 2, OF_BOTH = 3 };  // conversations

static const struct {
    int of;
    const char *name, *arguments;
    int least, most;  // words behind the name
    void (*run)(Talk *talk, const Words *words);
    const char *help;
} commands[] = {
    {OF_TEXTS, "new", "", 0, 0, run_new, "another text: what was read so far is forgotten"},
    {OF_BOTH, "beam", "N", 0, 1, run_beam, "hypotheses kept at each step of the search; 1 is greedy"},
    {OF_BOTH, "nbest", "N", 0, 1, run_nbest, "how many answers to show"},
    {OF_BOTH, "set", "NAME VALUE", 0, MOST_WORDS, run_set,
     "any option of the search and of what is shown; :set lists them"},
    {OF_BOTH, "unset", "NAME", 1, 1, run_unset, "back to its default"},
    {OF_SENTENCES, "align", "[N]", 0, 1, run_align,
     "which words belong together in the last translation, or in the Nth"},
    {OF_BOTH, "score", "[N]", 0, 1, run_score, "the log-probability of each piece of the last answer, or of the Nth"},
    {OF_SENTENCES, "attention", "FILE.html", 1, 1, run_attention,
     "what every attention head looked at, as a page for the browser"},
    {OF_BOTH, "model", "DIR ...", 0, 16, run_model, "open another model"},
    {OF_BOTH, "help", "", 0, 0, run_help, "this list"},
    {OF_BOTH, "quit", "", 0, 0, run_quit, "leave, as Ctrl-D does"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int kind_of(const Talk *talk)
{
    return talk->settings.goes_on ? OF_TEXTS : OF_SENTENCES;
}

static void run_help(Talk *talk, const Words *words)
{
    (void)words;
    FILE *stream = talk->screen.stream;
    for (int i = 0; i < COMMANDS; i++) {
        if (!(commands[i].of & kind_of(talk))) continue;
        const int width = fprintf(stream, "  :%s %s", commands[i].name, commands[i].arguments);
        fprintf(stream, "%*s%s\n", 24 - width, "", commands[i].help);
    }
    fprintf(stream,
            "Beginnings do as well: :q; Tab completes them. A sentence that begins with a colon is typed with\n"
            "two. Pasted lines are answered one by one: they are sentences even where they begin with a colon.\n"
            "Ctrl-C stops an answer, and the rest of a paste; what is typed meanwhile is kept.\n");
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

// How many letters must be put in, taken out or replaced to make b of a.
static int edits(const char *a, const char *b)
{
    enum { LONGEST = 24 };
    int cost[LONGEST + 1];  // of the letters of a so far and the first j of b
    const int columns = (int)strlen(b);
    if (columns > LONGEST || strlen(a) > LONGEST) return LONGEST;
    for (int j = 0; j <= columns; j++) cost[j] = j;
    for (int i = 0; a[i]; i++) {
        int diagonal = cost[0]++;
        for (int j = 1; j <= columns; j++) {
            const int best = smaller(diagonal + (a[i] != b[j - 1]), smaller(cost[j - 1], cost[j]) + 1);
            diagonal = cost[j];
            cost[j] = best;
        }
    }
    return cost[columns];
}

static void refuse_name(int kind, const char *name)
{
    int nearest = -1, fewest = (int)strlen(name) / 3 + 2;
    for (int i = 0; i < COMMANDS; i++) {
        if (!(commands[i].of & kind)) continue;
        const int distance = edits(name, commands[i].name);
        if (distance >= fewest) continue;
        nearest = i;
        fewest = distance;
    }
    if (nearest >= 0 && *name)
        talk_refuse("there is no command :%s: did you mean :%s? (:help lists them all)", name, commands[nearest].name);
    else
        talk_refuse(
            "there is no command :%s; :help lists those that there are (a sentence that begins with a colon is typed "
            "with two)",
            name);
}

static Completion complete(int kind, const char *beginning)
{
    const size_t known = strlen(beginning);
    Completion found = {0};
    for (int i = 0; i < COMMANDS; i++) {
        if (!(commands[i].of & kind) || strncmp(commands[i].name, beginning, known) != 0) continue;
        const char *rest = commands[i].name + known;
        int same = 0;
        while (rest[same] && (!found.rest || (same < found.length && rest[same] == found.rest[same]))) same++;
        found = (Completion){.rest = rest, .length = same, .only = !found.rest};
    }
    return found;
}

Completion talk_complete(const char *beginning)
{
    return complete(OF_SENTENCES, beginning);
}

Completion talk_complete_text(const char *beginning)
{
    return complete(OF_TEXTS, beginning);
}

// The command of this name, or the only one that begins so; -1: that was complained of.
static int find_command(int kind, const char *name)
{
    char list[128] = "";
    int found = -1, beginnings = 0;
    for (int i = 0; i < COMMANDS; i++) {
        if (!(commands[i].of & kind)) continue;
        if (strcmp(commands[i].name, name) == 0) return i;
        if (!*name || strncmp(commands[i].name, name, strlen(name)) != 0) continue;
        found = i;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s:%s", beginnings++ ? " or " : "",
                 commands[i].name);
    }
    if (beginnings == 1) return found;
    if (beginnings)
        talk_refuse("there is no command :%s: did you mean %s?", name, list);
    else
        refuse_name(kind, name);
    return -1;
}

// Words are separated by blanks; quotes keep blanks together: :model "my models/zh-en". False: too many, or a quote is
// missing.
static bool cut_words(char *text, Words *words)
{
    for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
        if (words->count == MOST_WORDS) return false;
        const char quote = *text == '"' || *text == '\'' ? *text : '\0',
                   ends[] = {quote ? quote : ' ', quote ? '\0' : '\t', 0};
        text += quote != '\0';
        words->word[words->count++] = text;
        text += strcspn(text, ends);
        if (quote && !*text) return false;
        if (*text) *text++ = '\0';
    }
    return true;
}

void talk_command(Talk *talk, char *line)
{
    Words words = {0};
    char *name = line + 1, *rest = name + strcspn(name, " \t");
    if (*rest) *rest++ = '\0';
    const int command = find_command(kind_of(talk), name);
    if (command < 0) return;
    if (!cut_words(rest, &words))
        talk_refuse(":%s: a quote is not closed, or there are too many words", commands[command].name);
    else if (words.count < commands[command].least || words.count > commands[command].most)
        talk_refuse("the command is :%s %s", commands[command].name, commands[command].arguments);
    else
        commands[command].run(talk, &words);
}
