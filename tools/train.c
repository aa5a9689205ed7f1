// dragoman train: the log and the progress bar on standard error, and Ctrl-C.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tools.h"

typedef struct Screen {
    bool quiet;
    bool terminal;
    bool drawn;   // a bar stands on the last line
    double last;  // when the bar was drawn
} Screen;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void clear_bar(Screen *screen)
{
    if (screen->drawn) fputs("\r\033[K", stderr);
    screen->drawn = false;
}

static void print_line(void *context, const char *line)
{
    Screen *screen = context;
    if (screen->quiet) return;
    clear_bar(screen);
    fprintf(stderr, "%s\n", line);
    screen->last = 0;  // the bar comes back below it at once
}

static int terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// "42.0% : Ep. 3 : ..." -> "[#####-------] 42.0% : Ep. 3 : ...", at most ten times a second
static void draw_bar(void *context, const char *status)
{
    enum { MOST_CELLS = 30, FEWEST_CELLS = 5 };
    Screen *screen = context;
    double time = now();
    if (!screen->terminal || time - screen->last < 0.1) return;
    screen->last = time;
    char bar[MOST_CELLS];
    int room = terminal_width() - 1, cells = room - (int)strlen(status) - 3;
    if (cells > MOST_CELLS) cells = MOST_CELLS;
    int done = (int)(strtod(status, NULL) / 100 * cells);
    for (int i = 0; i < cells; i++) bar[i] = i < done ? '#' : '-';
    if (cells >= FEWEST_CELLS)
        fprintf(stderr, "\r[%.*s] %s\033[K", cells, bar, status);
    else
        fprintf(stderr, "\r%.*s\033[K", room, status);
    fflush(stderr);
    screen->drawn = true;
}

static bool asked_to_stop(void *context)
{
    (void)context;
    return caught_signal != 0;
}

int train_command(const dm_options *options)
{
    Screen screen = {.quiet = dm_options_flag(options, "quiet")};
    screen.terminal = !screen.quiet && isatty(STDERR_FILENO);
    dm_observer observer = {&screen, print_line, draw_bar, asked_to_stop};
    dm_error error;
    bool stopped = false;
    catch_signal(SIGINT);  // a second one ends the program at once; the last checkpoint stays good
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);      // the terminal, or the connection to it, is gone
    signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error of writing like a full disk
    dm_status status = dm_train(options, &observer, &stopped, &error);
    clear_bar(&screen);
    if (status) return complain(status, &error);
    return stopped ? 128 + caught_signal : 0;  // as shells say it of a program that a signal ended: 130 after Ctrl-C
}
