// A conversation with a model on a terminal: a line that is typed is answered by its translation, or by what a text
// goes on with, or is a command.
#include "conversation.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "talk.h"

// Characters are UTF-8 whatever the system says: where LANG is not set Chinese could not be typed otherwise. Numbers
// stay as they are written in C.
static void speak_utf8(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
}

// Standard output, or where that is no terminal, standard error. NO_COLOR: see https://no-color.org.
static Screen find_screen(void)
{
    const char *kind = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    FILE *stream = isatty(STDOUT_FILENO) ? stdout : stderr;
    const bool able = kind && *kind && strcmp(kind, "dumb") != 0 && isatty(fileno(stream));
    return (Screen){.stream = stream, .styles = able && !(no_colour && *no_colour), .blocks = able};
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// ---- A sentence -----------------------------------------------------------------------------------------------------

static void show_list(const Talk *talk)
{
    const dm_translation *t = &talk->translation;
    for (int i = 0; i < t->count; i++)
        fprintf(talk->output, "%2d  %s  %s%.4f%s\n", i + 1, t->hypotheses[i].text, talk_style(&talk->screen, talk_dim),
                t->hypotheses[i].score, talk_style(&talk->screen, talk_plain));
}

// A terminal gets what eyes like to see; a file, or who asks for a format, what lines of a file get. False: out of
// memory.
static bool write_translation(Talk *talk, Stream *stream)
{
    const Format *f = &talk->settings.format;
    const bool format = f->json || f->hard || f->soft || f->word_scores || !isatty(fileno(talk->output));
    bool good = true;
    if (talk->settings.stream) {
        stream_text(stream, talk->translation.hypotheses[0].text);
        putc('\n', talk->output);
    } else if (format) {
        good = print_translation(talk->output, f, talk->asked.first_line, &talk->translation);
    } else if (talk->translation.count > 1) {
        show_list(talk);
    } else {
        fprintf(talk->output, "%s\n", talk->translation.hypotheses[0].text);
    }
    return good;
}

static void show_speed(const Talk *talk, double seconds)
{
    const dm_hypothesis *best = &talk->translation.hypotheses[0];
    if (!best->pieces) return;
    fprintf(talk->screen.stream, "%sscore %.4f, %.0f tokens/s%s\n", talk_style(&talk->screen, talk_dim), best->score,
            best->pieces / (seconds > 1e-6 ? seconds : 1e-6), talk_style(&talk->screen, talk_plain));
}

// A line and what is answered to it.
typedef struct Turn {
    Talk *talk;
    Keyboard *keyboard;
    Stream stream;
    double before;  // the clock
    bool failed;    // the output cannot be written
} Turn;

// Takes the line.
static dm_translate_options begin_turn(Turn *turn, char *line)
{
    Talk *talk = turn->talk;
    talk_forget(talk);
    talk->line = line;
    talk->prefix = cut_prefix(&talk->settings, line);
    talk->asked = talk->settings.search;
    talk->asked.first_line = talk->sentences++;
    dm_translate_options search = talk_search(talk);
    turn->stream = (Stream){.file = talk->output};
    if (talk->settings.stream) search.context = &turn->stream, search.partial = stream_part;
    turn->before = seconds_now();
    return search;
}

// Takes the answer; NULL: why there is none.
static void end_turn(void *context, dm_status status, const dm_translation *answer, const dm_error *error)
{
    Turn *turn = context;
    Talk *talk = turn->talk;
    const double seconds = seconds_now() - turn->before;
    if (answer) {
        talk->translation = *answer;
        turn->failed = !write_translation(talk, &turn->stream) || fflush(talk->output) != 0 || ferror(talk->output);
        show_speed(talk, seconds);
    } else {
        if (turn->stream.shown) putc('\n', talk->output);
        talk_complain(talk, status, error);
        talk_forget(talk);
    }
    free(turn->stream.shown);
    turn->stream.shown = NULL;
}

// ---- The conversation -----------------------------------------------------------------------------------------------

// "::)" is the sentence ":)".
static bool is_command(char *line)
{
    if (line[0] != ':') return false;
    if (line[1] != ':') return true;
    memmove(line, line + 1, strlen(line));
    return false;
}

static void close_spent(Talk *talk)
{
    dm_model_close(talk->spent);
    talk->spent = NULL;
}

// The next line that is no command; NULL: there is none, or commands have changed what it would be asked of. Blank
// lines say something only where a text grows: the model goes on by itself.
static char *next_sentence(Turn *turn)
{
    Talk *talk = turn->talk;
    while (!talk->over && !talk->ended) {
        keyboard_tabs(turn->keyboard, talk->settings.prefix_tab);
        char *line = keyboard_ask(turn->keyboard);
        const bool blank = line && !line[strspn(line, " \t")];
        if (!line)
            talk->over = true;
        else if (!is_command(line) && (!blank || talk->settings.goes_on))
            return line;
        else if (!blank)
            talk_command(talk, line);
        free(line);
        if (!talk->settings.goes_on) close_spent(talk);
    }
    return NULL;
}

static void translate_sentences(Turn *turn)
{
    for (char *line; !turn->failed && (line = next_sentence(turn));) {
        dm_error error = {.message = ""};
        dm_translation found;
        const dm_translate_options search = begin_turn(turn, line);
        const char *const *lines = (const char *const *)&turn->talk->line;
        const dm_status status = dm_translate(turn->talk->model, lines, 1, &search, &found, &error);
        end_turn(turn, status, status ? NULL : &found, &error);
    }
}

static const char *next_line(void *context, dm_translate_options *options)
{
    Turn *turn = context;
    char *line = turn->failed ? NULL : next_sentence(turn);
    if (line) *options = begin_turn(turn, line);
    return line;
}

// One text after the other; in each the model remembers what stands before.
static dm_status write_texts(Turn *turn, dm_error *error)
{
    Talk *talk = turn->talk;
    dm_status status = DM_OK;
    while (!talk->over && !turn->failed && !status) {
        talk->ended = false;
        status = dm_converse(talk->model, &(dm_conversation){turn, next_line, end_turn}, error);
        close_spent(talk);
    }
    return status;
}

static dm_status converse(Talk *talk, Keyboard *keyboard, dm_error *error)
{
    Turn turn = {.talk = talk, .keyboard = keyboard};
    const bool goes_on = talk->settings.goes_on;
    dm_status status = DM_OK;
    fprintf(talk->screen.stream, "%s :help says what else there is. Ctrl-D or :quit leaves.\n",
            goes_on ? "Type how a text begins, and then how it goes on; Enter alone leaves that to the model, :new "
                      "begins another."
                    : "Type a sentence.");
    if (goes_on)
        status = write_texts(&turn, error);
    else
        translate_sentences(&turn);
    if (!turn.failed) return status;
    return failure(error, "cannot write the %s: %s", goes_on ? "text" : "translation", strerror(errno));
}

dm_status hold_conversation(const dm_options *options, FILE *output, dm_error *error)
{
    Talk talk = {.options = copy_options(options), .screen = find_screen(), .output = output, .prefix = ""};
    char *history = history_path();
    Keyboard *keyboard = NULL;
    dm_status status = talk_settings(&talk.settings, options, error);
    Completer *completer = talk.settings.goes_on ? talk_complete_text : talk_complete;
    speak_utf8();
    if (!status && !(keyboard = keyboard_open(&talk.screen, history, completer))) {
        status = failure(error, "this terminal cannot be used for typing: give the sentences through a pipe or with "
                                "--input FILE");
    }
    if (!status) status = open_models(&talk.model, options, error);
    if (!status) status = fit_settings(&talk.settings, talk.model, error);
    if (!status) status = converse(&talk, keyboard, error);
    keyboard_close(keyboard);
    talk_forget(&talk);
    dm_model_close(talk.model);
    dm_options_free(talk.options);
    free(history);
    return status;
}
