// What all subcommands share: sentences for people, the end of the output, memory, signals.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools.h"

dm_status failure(dm_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return DM_FAILURE;
}

dm_status misuse(dm_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return DM_USAGE;
}

int complain(dm_status status, const dm_error *error)
{
    if (*error->message) fprintf(stderr, "dragoman: %s\n", error->message);  // else another rank says it
    return status == DM_USAGE ? 2 : 1;
}

// ---- The output -----------------------------------------------------------------------------------------------------

// SIGPIPE is ignored, so that a run outlives the reader of its log, and a server its clients. A reader of the output
// that left has what it wanted: there the program ends as filters do, by that signal, unless who started it ignores it.
static bool ends_with_its_reader;

void hold_pipes(void)
{
    ends_with_its_reader = signal(SIGPIPE, SIG_IGN) != SIG_IGN;
}

static void end_with_reader(FILE *stream)
{
    struct pollfd pipe = {.fd = fileno(stream), .events = POLLOUT};
    if (!ends_with_its_reader || poll(&pipe, 1, 0) != 1 || !(pipe.revents & POLLERR)) return;
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

bool flush_output(FILE *stream, const char *name, dm_error *error)
{
    if (fflush(stream) == 0 && !ferror(stream)) return true;
    const int reason = errno;
    end_with_reader(stream);
    failure(error, "cannot write %s: %s", name, reason == EBADF ? "it is closed" : strerror(reason));
    return false;
}

dm_status finish_output(FILE *stream, const char *name, bool sync, dm_error *error)
{
    errno = 0;
    bool good = !ferror(stream);  // of an earlier write, whose reason is gone by now
    good = fflush(stream) == 0 && good && (!sync || fsync(fileno(stream)) == 0);
    int reason = errno;
    if (!good) end_with_reader(stream);
    good = fclose(stream) == 0 && good;
    if (good) return DM_OK;
    if (!reason) reason = errno;
    const char *why = reason == EBADF ? "it is closed" : reason ? strerror(reason) : "not all of it was taken";
    return failure(error, "cannot write %s: %s", name, why);
}

int close_output(FILE *stream)
{
    dm_error error;
    dm_status status = finish_output(stream, "the output", false, &error);
    return status ? complain(status, &error) : 0;
}

void say_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

// ---- Memory ---------------------------------------------------------------------------------------------------------

static _Noreturn void no_memory(void)
{
    fprintf(stderr, "dragoman: out of memory\n");
    exit(1);
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (!memory) no_memory();
    return memory;
}

static dm_options *there(dm_options *options)
{
    if (!options) no_memory();
    return options;
}

dm_options *new_options(const char *command)
{
    return there(dm_options_new(command));
}

dm_options *copy_options(const dm_options *options)
{
    return there(dm_options_copy(options));
}

char *format_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) no_memory();
    va_end(arguments);
    return text;
}

FILE *text_stream(char **text, size_t *size)
{
    FILE *stream = open_memstream(text, size);
    if (!stream) no_memory();
    return stream;
}

dm_status open_folder_file(FILE **file, const char *path, dm_error *error)
{
    struct stat info;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const bool other = descriptor >= 0 && fstat(descriptor, &info) == 0 && !S_ISREG(info.st_mode);
    *file = descriptor < 0 || other ? NULL : fdopen(descriptor, "rb");
    if (*file) return DM_OK;
    const int reason = errno;
    if (descriptor >= 0) close(descriptor);
    if (other) return failure(error, "%s is not an ordinary file, but one is needed", path);
    return reason == ENOENT ? DM_OK : failure(error, "cannot open %s: %s", path, strerror(reason));
}

char *folder_name(const char *folder)
{
    char *path = realpath(folder, NULL);
    const char *slash = path ? strrchr(path, '/') : NULL;
    char *name = format_text("%s", slash && slash[1] ? slash + 1 : folder);
    free(path);
    return name;
}

// ---- Signals --------------------------------------------------------------------------------------------------------

volatile sig_atomic_t caught_signal;

static void on_signal(int number)
{
    caught_signal = number;
    signal(number, SIG_DFL);
}

// The code that oneDNN before 3.11.2 makes for a product keeps its numbers where the stack pointer points (its issue
// 4845): a handler that ran there would write over them, and over the heap.
void hold_signal_stack(void)
{
    static char stack[64 << 10];  // a frame with the registers of AMX takes 11 KiB
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
}

void handle_signal(int number, void (*handler)(int), int flags)
{
    sigaction(number, &(struct sigaction){.sa_handler = handler, .sa_flags = flags | SA_ONSTACK}, NULL);
}

void catch_signal(int number)
{
    struct sigaction now;
    sigaction(number, NULL, &now);
    if (now.sa_handler != SIG_IGN) handle_signal(number, on_signal, SA_RESTART);
}
