// What is typed in a conversation: line editing and history by libedit, and a terminal that keeps what is typed while
// the program is at work, without showing it, until it is asked for.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "keys.h"
#include "output.h"
#include "talk.h"
#include "tools.h"
#include "typed_line.h"

enum { MOST_LINES = 1000 };  // of the history

// Signals that end or stop the program find the terminal as it must be left.
static struct termios original;
static atomic_bool interrupted, resumed;
static int bell[2] = {-1, -1};  // a pipe that signals write to: whoever waits for a key hears of them, none is missed
static int pastes_from = -1;    // the terminal that was asked to mark pastes; -1: none was

static const int signals[] = {SIGINT, SIGTSTP, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

struct Keyboard {
    FILE *screen, *nowhere;  // where libedit writes, where the line is drawn here
    EditLine *editor;
    HistoryW *lines;
    const char *history;
    Keys keys;
    TypedLine *line;  // NULL: libedit draws it, on a terminal of which little is known
    // Bytes become characters: what has come of one, a byte that has to be read again, and one that is no UTF-8.
    mbstate_t begun;
    int again, bad;  // -1: none
    struct sigaction before[SIGNALS];
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

static void ring(void)
{
    const ssize_t written = write(bell[1], "", 1);
    (void)written;
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
// goes on it is ours again. What ends the program gives it back as well. A window of another size is looked at.
static void on_signal(int signal_number)
{
    const int reason = errno;
    struct termios ours;
    if (signal_number == SIGINT) atomic_store(&interrupted, true);
    if (signal_number != SIGINT && signal_number != SIGWINCH) {
        tcgetattr(STDIN_FILENO, &ours);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &original);
        mark_pastes(false);
        if (signal_number != SIGTSTP) output_abandon();
        by_default(signal_number);
        mark_pastes(true);
        handle_signal(signal_number, on_signal, SA_RESTART);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &ours);
        atomic_store(&resumed, true);
    }
    ring();
    errno = reason;
}

static void take_signals(Keyboard *k)
{
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &k->before[i]);
        if (k->before[i].sa_handler != SIG_IGN) handle_signal(signals[i], on_signal, SA_RESTART);
    }
}

static void give_signals_back(const Keyboard *k)
{
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &k->before[i], NULL);
}

// ---- Characters -----------------------------------------------------------------------------------------------------

// libedit would draw the line as well: only its bells are for the screen.
static ssize_t let_bells_through(void *context, const char *bytes, size_t count)
{
    const Keyboard *k = context;
    if (memchr(bytes, '\a', count)) {
        putc('\a', k->screen);
        fflush(k->screen);
    }
    return (ssize_t)count;
}

static void draw(Keyboard *k)
{
    const LineInfoW *line = el_wline(k->editor);
    if (atomic_exchange(&resumed, false)) typed_line_begin(k->line);
    typed_line_draw(k->line, line->buffer, (int)(line->lastchar - line->buffer), (int)(line->cursor - line->buffer));
}

// True: there is a byte, or the end. False: Ctrl-C.
static bool wait_for_byte(Keyboard *k)
{
    struct pollfd both[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = bell[0], .events = POLLIN}};
    char rung[64];
    for (;;) {
        // Of what is typed faster than it is read the last is drawn.
        if (k->line && poll(both, 1, 0) == 0) draw(k);
        if (keyboard_interrupted()) return false;
        if (poll(both, 2, -1) < 0 && errno != EINTR) return true;
        if (both[1].revents) {
            while (read(bell[0], rung, sizeof rung) > 0) continue;
            el_resize(k->editor);
        } else if (both[0].revents) {
            return true;
        }
    }
}

// True: a character is whole. A byte that is no UTF-8 becomes U+FFFD.
static bool take_byte(Keyboard *k, unsigned char byte, wchar_t *c)
{
    const bool inside = !mbsinit(&k->begun);
    const size_t taken = mbrtowc(c, &(char){(char)byte}, 1, &k->begun);
    if (taken == (size_t)-2) return false;
    if (taken != (size_t)-1) return true;
    k->begun = (mbstate_t){0};
    k->bad = byte;
    if (inside) k->again = byte;  // it may begin another
    *c = 0xfffd;
    return true;
}

static Keyboard *keyboard_of(EditLine *editor)
{
    Keys *keys = NULL;
    el_wget(editor, EL_CLIENTDATA, &keys);
    return keys->keyboard;
}

static unsigned char clear_screen(EditLine *editor, wint_t last)
{
    (void)last;
    typed_line_clear_screen(keyboard_of(editor)->line);
    return CC_NORM;
}

// What libedit asks for the next character by: 1, 0 at the end, -1 with errno.
static int next_character(EditLine *editor, wchar_t *c)
{
    Keyboard *k = keyboard_of(editor);
    for (;;) {
        unsigned char byte = (unsigned char)k->again;
        if (k->again < 0) {
            if (!wait_for_byte(k)) return errno = EINTR, -1;
            const ssize_t count = read(STDIN_FILENO, &byte, 1);
            if (count <= 0) return (int)count;
        }
        k->again = -1;
        if (take_byte(k, byte, c)) return 1;
    }
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

// The line is drawn here from now on. False: out of memory.
static bool draws(Keyboard *k)
{
    k->line = typed_line_new(k->screen);
    k->nowhere = fopencookie(k, "w", (cookie_io_functions_t){.write = let_bells_through});
    if (!k->line || !k->nowhere) return false;
    el_wset(k->editor, EL_SETFP, 1, k->nowhere);
    return true;
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
                    .keys = {.complete = complete, .keyboard = k},
                    .again = -1,
                    .bad = -1};
    const bool piped = pipe2(bell, O_CLOEXEC | O_NONBLOCK) == 0;
    take_signals(k);
    if (!k->editor || !k->lines || !piped || (screen->blocks && edits(k->editor) && !draws(k))) {
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
    el_wset(k->editor, EL_GETCFN, next_character);
    keys_bind(k->editor, &k->keys);
    if (k->line) {
        pastes_from = fileno(k->screen);
        el_wset(k->editor, EL_ADDFN, L"clear-the-screen", L"clear the screen", clear_screen);
        el_wset(k->editor, EL_BIND, L"^L", L"clear-the-screen", NULL);
    }
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
    if (k->nowhere) fclose(k->nowhere);
    typed_line_free(k->line);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &original);
    give_signals_back(k);
    for (int i = 0; i < 2; i++) {
        if (bell[i] >= 0) close(bell[i]);
        bell[i] = -1;
    }
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

// The line as libedit has it; NULL: the end, or Ctrl-C.
static const wchar_t *read_line(Keyboard *k, int *count)
{
    k->bad = -1;
    if (k->line) typed_line_begin(k->line);
    const wchar_t *typed = el_wgets(k->editor, count);
    if (!typed || *count <= 0) return NULL;
    if (k->line) typed_line_end(k->line, typed, *count - 1);  // Enter is its last character
    return typed;
}

static void break_off(Keyboard *k)
{
    if (k->line)
        typed_line_break_off(k->line);
    else
        fputs("^C\n", k->screen);
    el_reset(k->editor);
    if (k->keys.drop) k->keys.pasting = false;  // the second time: its end seems not to come
}

// Why it cannot be taken. False: it can.
static bool refuse(const Keyboard *k, const wchar_t *typed, const char *line)
{
    const bool bad = k->bad >= 0 && wcschr(typed, 0xfffd);  // and it was not deleted
    if (bad)
        fprintf(stderr,
                "dragoman: that line is not valid UTF-8 (it has a byte 0x%02x): set the terminal to UTF-8, or turn the "
                "text into it (iconv -t UTF-8)\n",
                (unsigned)k->bad);
    else if (!line)
        fprintf(stderr, "dragoman: that line holds a character that UTF-8 does not have\n");
    return bad || !line;
}

char *keyboard_ask(Keyboard *k)
{
    for (;;) {
        int count = 0;
        k->keys.drop = k->keys.pasting && keyboard_interrupted();  // Ctrl-C was for all of the paste
        keyboard_forget_interrupt();
        keys_before_line(k->editor, &k->keys);
        const wchar_t *typed = read_line(k, &count);
        if (!typed && keyboard_interrupted()) {
            break_off(k);
            continue;
        }
        if (!typed) {
            fputs("\n", k->screen);
            return NULL;
        }
        char *line = in_utf8(typed, count, k->keys.pasted);
        if (refuse(k, typed, line)) {
            free(line);
            continue;
        }
        if (*line) {
            remember(k, line);
            if (k->history) history_add(k->history, line);
        }
        return line;
    }
}
