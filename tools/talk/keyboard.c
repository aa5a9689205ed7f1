// What is typed in a conversation: line editing and history by libedit, and a terminal that keeps what is typed while
// the program is at work, without showing it, until it is asked for.
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "keys.h"
#include "output.h"
#include "talk.h"
#include "tools.h"

enum { MOST_LINES = 1000 };  // of the history

// Signals that end or stop the program find the terminal as it must be left, and whether libedit, which sees to the
// terminal itself, is reading.
static struct termios original;
static volatile sig_atomic_t reading;
static atomic_bool interrupted;
static int pastes_from = -1;  // the terminal that was asked to mark pastes; -1: none was

static const int signals[] = {SIGINT, SIGTSTP, SIGTERM, SIGHUP, SIGQUIT};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

struct Keyboard {
    FILE *screen;
    EditLine *editor;
    HistoryW *lines;
    const char *history;
    Keys keys;
    struct sigaction before[SIGNALS], clock_before;
};

// ---- Signals --------------------------------------------------------------------------------------------------------

void keyboard_forget_interrupt(void)
{
    atomic_store(&interrupted, false);
}

bool keyboard_interrupted(void)
{
    return atomic_load(&interrupted);
}

static void by_default(int signal_number)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
}

// A Ctrl-C that comes while libedit is about to read, but does not read yet, interrupts nothing. So the clock goes on
// interrupting until keyboard_ask has noticed.
static void interrupt_until_noticed(bool on)
{
    const struct timeval soon = {.tv_usec = on ? 20000 : 0};
    setitimer(ITIMER_REAL, &(struct itimerval){soon, soon}, NULL);
}

static void on_clock(int signal_number)
{
    (void)signal_number;
}

// Pastes between ESC [ 200 ~ and ESC [ 201 ~. A terminal that was left so would show these to a shell that does not
// know them.
static void mark_pastes(bool on)
{
    static const char asked[] = "\033[?2004h", no_more[] = "\033[?2004l";
    if (pastes_from < 0) return;
    const ssize_t written = write(pastes_from, on ? asked : no_more, sizeof asked - 1);
    (void)written;
}

// Ctrl-C: sets the flag, and interrupts the reading of a line. Ctrl-Z: the shell gets its terminal back, and when it
// goes on it is ours again. What ends the program gives it back as well.
static void on_signal(int signal_number)
{
    const int reason = errno;
    struct termios ours;
    if (signal_number == SIGINT) {
        atomic_store(&interrupted, true);
        if (reading) interrupt_until_noticed(true);
        return;
    }
    tcgetattr(STDIN_FILENO, &ours);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &original);
    mark_pastes(false);
    if (signal_number != SIGTSTP) output_abandon();
    by_default(signal_number);
    mark_pastes(true);
    handle_signal(signal_number, on_signal, SA_RESTART);
    if (!reading) tcsetattr(STDIN_FILENO, TCSADRAIN, &ours);
    errno = reason;
}

// Ctrl-C ends the reading of a line with EINTR, and must end nothing else: a write that it cut short would look as if
// the terminal were gone.
static void let_interrupt_reading(bool reads)
{
    struct sigaction now;
    sigaction(SIGINT, NULL, &now);
    if (now.sa_handler == on_signal) handle_signal(SIGINT, on_signal, reads ? 0 : SA_RESTART);
}

static void take_signals(Keyboard *k)
{
    sigaction(SIGALRM, NULL, &k->clock_before);
    handle_signal(SIGALRM, on_clock, 0);
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &k->before[i]);
        if (k->before[i].sa_handler != SIG_IGN) handle_signal(signals[i], on_signal, SA_RESTART);
    }
}

static void give_signals_back(const Keyboard *k)
{
    sigaction(SIGALRM, &k->clock_before, NULL);
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &k->before[i], NULL);
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

static void remember(Keyboard *k, const char *line)
{
    HistEventW event;
    const size_t room = strlen(line) + 1;
    wchar_t *wide = calloc(room, sizeof *wide);
    if (wide && mbstowcs(wide, line, room) != (size_t)-1) history_w(k->lines, &event, H_ENTER, wide);
    free(wide);
}

static void read_history(Keyboard *k)
{
    char **lines;
    const int count = history_read(k->history, MOST_LINES, &lines);
    for (int i = 0; i < count; i++) {
        remember(k, lines[i]);
        free(lines[i]);
    }
    free(lines);
}

static wchar_t *prompt(EditLine *editor)
{
    static wchar_t text[] = L"> ";
    (void)editor;
    return text;
}

static bool edits(EditLine *editor)
{
    int on = 0;
    el_wget(editor, EL_EDITMODE, &on);
    return on;
}

// What libedit sets where nothing is being read. Input is neither echoed nor put together to lines by the system: a
// Ctrl-D in it stays a Ctrl-D. And Ctrl-C does not throw it away. (On a terminal that libedit does not edit on, inside
// Emacs, the system has to do both.)
static void keep_what_is_typed(EditLine *editor)
{
    if (!edits(editor)) return;
    el_wset(editor, EL_SETTY, L"-x", L"-echo", L"-icanon", L"+noflsh", NULL);
    el_wset(editor, EL_SETTY, L"-d", L"+noflsh", NULL);
}

void keyboard_tabs(Keyboard *k, bool tabs)
{
    k->keys.tabs = tabs;
    el_wset(k->editor, EL_BIND, L"^I", tabs ? L"ed-insert" : L"complete-command", NULL);
}

Keyboard *keyboard_open(const Screen *screen, const char *history, Completer *complete)
{
    HistEventW event;
    Keyboard *k = calloc(1, sizeof *k);
    if (!k || tcgetattr(STDIN_FILENO, &original)) return free(k), NULL;
    *k = (Keyboard){.screen = screen->stream,
                    .editor = el_init("dragoman", stdin, screen->stream, stderr),
                    .lines = history_winit(),
                    .history = history,
                    .keys.complete = complete};
    take_signals(k);
    if (!k->editor || !k->lines) {
        keyboard_close(k);
        return NULL;
    }
    keep_what_is_typed(k->editor);
    history_w(k->lines, &event, H_SETSIZE, MOST_LINES);
    history_w(k->lines, &event, H_SETUNIQUE, 1);
    if (history) read_history(k);
    el_wset(k->editor, EL_EDITOR, L"emacs");
    el_wset(k->editor, EL_PROMPT, prompt);
    el_wset(k->editor, EL_HIST, history_w, k->lines);
    el_wset(k->editor, EL_SIGNAL, 1);  // the window's size, stopping and going on are libedit's affair while it reads
    keys_bind(k->editor, &k->keys);
    if (screen->blocks && edits(k->editor)) pastes_from = fileno(k->screen);
    mark_pastes(true);
    return k;
}

void keyboard_close(Keyboard *k)
{
    if (!k) return;
    mark_pastes(false);
    pastes_from = -1;
    if (k->editor) {
        el_wset(k->editor, EL_EDITMODE, 0);  // el_end would throw away what is typed for the shell
        el_end(k->editor);
    }
    if (k->lines) history_wend(k->lines);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &original);
    give_signals_back(k);
    free(k);
}

// A line that a paste ended is a sentence, and one that begins with a colon has two of them then, in the history as
// well. NULL: it holds what UTF-8 has no bytes for.
static char *in_utf8(const wchar_t *typed, int count, bool pasted)
{
    const size_t room = (size_t)count * MB_CUR_MAX + 2, colon = pasted && typed[0] == L':';
    char *line = malloc(room);
    if (line && wcstombs(line + colon, typed, room - colon) != (size_t)-1) {
        if (colon) line[0] = ':';
        line[strcspn(line, "\r\n")] = '\0';
        return line;
    }
    free(line);
    return NULL;
}

char *keyboard_ask(Keyboard *k)
{
    for (;;) {
        int count = 0;
        k->keys.drop = k->keys.pasting && keyboard_interrupted();  // it was a line of the paste that Ctrl-C stopped
        keys_before_line(k->editor, &k->keys);
        reading = 1;
        let_interrupt_reading(true);
        const wchar_t *typed = el_wgets(k->editor, &count);
        const int reason = errno;
        let_interrupt_reading(false);
        reading = 0;
        interrupt_until_noticed(false);
        if (!typed && count < 0 && reason == EINTR) {
            fputs("^C\n", k->screen);
            el_reset(k->editor);
            k->keys.pasting = false;
            continue;
        }
        if (!typed || count <= 0) {
            fputs("\n", k->screen);
            return NULL;
        }
        char *line = in_utf8(typed, count, k->keys.pasted);
        if (!line) {
            fprintf(stderr, "dragoman: that line holds a character that UTF-8 does not have\n");
            continue;
        }
        if (*line) {
            remember(k, line);
            if (k->history) history_add(k->history, line);
        }
        return line;
    }
}
