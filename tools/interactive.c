// A conversation with a model on a terminal: prompt, line editing and history by libedit, translation, score and speed.
#include "interactive.h"

#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

// Characters are UTF-8 whatever the system says: where LANG is not set Chinese could not be typed otherwise. Numbers
// stay as they are written in C.
static void speak_utf8(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
}

static wchar_t *prompt(EditLine *editor)
{
    static wchar_t text[] = L"> ";
    (void)editor;
    return text;
}

// Ctrl-C: nothing to do but to interrupt the reading of the line.
static void interrupted(int signal_number)
{
    (void)signal_number;
}

typedef struct Terminal {
    EditLine *editor;
    HistoryW *history;
    struct sigaction before;
} Terminal;

static bool open_terminal(Terminal *terminal)
{
    HistEventW event;
    FILE *screen = isatty(STDOUT_FILENO) ? stdout : stderr;
    *terminal = (Terminal){.editor = el_init("dragoman", stdin, screen, stderr), .history = history_winit()};
    sigaction(SIGINT, &(struct sigaction){.sa_handler = interrupted}, &terminal->before);
    if (!terminal->editor || !terminal->history) return false;
    history_w(terminal->history, &event, H_SETSIZE, 1000);
    history_w(terminal->history, &event, H_SETUNIQUE, 1);
    el_wset(terminal->editor, EL_EDITOR, L"emacs");
    el_wset(terminal->editor, EL_PROMPT, prompt);
    el_wset(terminal->editor, EL_HIST, history_w, terminal->history);
    el_wset(terminal->editor, EL_SIGNAL, 1);  // the window's size, stopping and going on are libedit's affair
    return true;
}

static void close_terminal(Terminal *terminal)
{
    sigaction(SIGINT, &terminal->before, NULL);
    if (terminal->editor) el_end(terminal->editor);
    if (terminal->history) history_wend(terminal->history);
}

// The next line in UTF-8, to be freed; NULL: Ctrl-D. A line that Ctrl-C interrupts is dropped.
static char *ask(Terminal *terminal)
{
    HistEventW event;
    for (;;) {
        int count = 0;
        const wchar_t *typed = el_wgets(terminal->editor, &count);
        if (!typed && count < 0 && errno == EINTR) {
            fputs("\n", stderr);
            el_reset(terminal->editor);
            continue;
        }
        if (!typed || count <= 0) {
            fputs("\n", stderr);
            return NULL;
        }
        size_t room = (size_t)count * MB_CUR_MAX + 1;
        char *line = malloc(room);
        if (!line || wcstombs(line, typed, room) == (size_t)-1) {
            free(line);
            fprintf(stderr, "dragoman: that line holds a character that UTF-8 does not have\n");
            continue;
        }
        line[strcspn(line, "\r\n")] = '\0';
        if (*line) history_w(terminal->history, &event, H_ENTER, typed);
        return line;
    }
}

// Whether standard error is a terminal that knows what dim is.
static bool can_dim(void)
{
    const char *kind = getenv("TERM");
    return kind && *kind && strcmp(kind, "dumb") != 0 && isatty(STDERR_FILENO);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// False: the output cannot be written.
static bool answer(dm_model *model, const dm_translate_options *options, const char *line, FILE *output)
{
    dm_translation translation;
    dm_error error = {.message = ""};
    double before = seconds_now();
    dm_status status = dm_translate(model, &line, 1, options, &translation, &error);
    double seconds = seconds_now() - before;
    if (status) {
        complain(status, &error);
        return true;
    }
    fprintf(output, "%s\n", translation.hypotheses[0].text);
    bool written = fflush(output) == 0 && !ferror(output), dim = can_dim();
    if (translation.hypotheses[0].pieces)
        fprintf(stderr, "%sscore %.4f, %.0f tokens/s%s\n", dim ? "\033[2m" : "", translation.hypotheses[0].score,
                translation.hypotheses[0].pieces / (seconds > 1e-6 ? seconds : 1e-6), dim ? "\033[0m" : "");
    dm_translations_free(&translation, 1);
    return written;
}

static dm_status converse(Terminal *terminal, dm_model *model, const dm_translate_options *options, FILE *output,
                          dm_error *error)
{
    dm_status status = DM_OK;
    fprintf(stderr, "Type a sentence. An empty line or Ctrl-D leaves.\n");
    for (bool more = true; more && !status;) {
        char *line = ask(terminal);
        more = line && *line;
        if (more && !answer(model, options, line, output)) {
            snprintf(error->message, sizeof error->message, "cannot write the translation: %s", strerror(errno));
            status = DM_FAILURE;
        }
        free(line);
    }
    return status;
}

dm_status translate_conversation(dm_model *model, const dm_translate_options *options, FILE *output, dm_error *error)
{
    Terminal terminal;
    dm_status status;
    speak_utf8();
    if (open_terminal(&terminal)) {
        status = converse(&terminal, model, options, output, error);
    } else {
        snprintf(error->message, sizeof error->message,
                 "this terminal cannot be used for typing: give the sentences "
                 "through a pipe or with --input FILE");
        status = DM_FAILURE;
    }
    close_terminal(&terminal);
    return status;
}
