// A conversation with a model on a terminal: a line that is typed is answered by its translation, or is a command.
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

// Takes the line. False: the output cannot be written.
static bool answer(Talk *talk, char *line)
{
    Stream stream = {.file = talk->output};
    dm_error error = {.message = ""};
    talk_forget(talk);
    talk->line = line;
    talk->prefix = cut_prefix(&talk->settings, line);
    talk->asked = talk->settings.search;
    talk->asked.first_line = talk->sentences++;
    dm_translate_options search = talk_search(talk);
    if (talk->settings.stream) search.context = &stream, search.partial = stream_part;
    const double before = seconds_now();
    dm_status status =
        dm_translate(talk->model, (const char *const *)&talk->line, 1, &search, &talk->translation, &error);
    const double seconds = seconds_now() - before;
    bool good = true;
    if (!status) {
        good = write_translation(talk, &stream) && fflush(talk->output) == 0 && !ferror(talk->output);
        show_speed(talk, seconds);
    } else {
        if (stream.shown) putc('\n', talk->output);
        talk_complain(talk, status, &error);
        talk_forget(talk);
    }
    free(stream.shown);
    return good;
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

static dm_status converse(Talk *talk, Keyboard *keyboard, dm_error *error)
{
    fprintf(talk->screen.stream, "Type a sentence. :help says what else there is. Ctrl-D or :quit leaves.\n");
    while (!talk->over) {
        keyboard_tabs(keyboard, talk->settings.prefix_tab);
        char *line = keyboard_ask(keyboard);
        if (!line) {
            talk->over = true;
        } else if (!line[strspn(line, " \t")]) {
            free(line);
        } else if (is_command(line)) {
            talk_command(talk, line);
            free(line);
        } else if (!answer(talk, line)) {
            return failure(error, "cannot write the translation: %s", strerror(errno));
        }
    }
    return DM_OK;
}

dm_status translate_conversation(const dm_options *options, FILE *output, dm_error *error)
{
    Talk talk = {.options = copy_options(options), .screen = find_screen(), .output = output, .prefix = ""};
    char *history = history_path();
    Keyboard *keyboard = NULL;
    dm_status status = talk_settings(&talk.settings, options, error);
    speak_utf8();
    if (!status && !(keyboard = keyboard_open(&talk.screen, history, talk_complete))) {
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
