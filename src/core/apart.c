// Work in a child process. The child is a fork that executes nothing else: it has the text that it works on, and the
// result comes back through a pipe, with a byte behind it that says that it is whole.
#include "core/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/scope.h"

enum { WHOLE = 1, ASK_EVERY = 100 };  // milliseconds
enum { FAILED = 1, NO_MEMORY = 2 };   // exit statuses of the child

// The child ends with its parent, and is not the one that Ctrl-C is for. It keeps no file open but the pipe: a lock of
// the parent's would live on in it.
static _Noreturn void be_the_child(ApartWork *work, void *context, int pipe, pid_t parent)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(FAILED);
    enum { FIRST_FREE = 3 };
    if (pipe != FIRST_FREE && dup2(pipe, FIRST_FREE) < 0) _exit(FAILED);
    closefrom(FIRST_FREE + 1);
    FILE *result = fdopen(FIRST_FREE, "wb");
    if (!result) _exit(FAILED);
    Status status;  // of memory alone; the child must not leave a scope that its parent has begun
    DM_SCOPE(status, NULL, (work(context, result), DM_OK));
    if (status) _exit(NO_MEMORY);
    _exit(putc(WHOLE, result) == WHOLE && fflush(result) == 0 ? 0 : FAILED);
}

typedef struct Child {
    pid_t process;
    int pipe;  // what it says
} Child;

static int await(const Child *child)
{
    int how = 0;
    while (waitpid(child->process, &how, 0) < 0 && errno == EINTR) continue;  // the program may have reaped it already
    return how;
}

static void give_child_up(void *what)
{
    const Child *child = what;
    close(child->pipe);
    kill(child->process, SIGKILL);
    await(child);
}

// Reads to the end; false: asked to stop.
static bool read_result(int pipe, Stop *stop, char **bytes, size_t *size)
{
    size_t room = 0;
    for (;;) {
        if (dm_stop_asked(stop)) return false;
        struct pollfd waiting = {.fd = pipe, .events = POLLIN};
        if (poll(&waiting, 1, ASK_EVERY) <= 0) continue;  // nothing yet, or a signal, whose reason `stop` knows
        if (room - *size < 1 << 16) *bytes = dm_reallocate(*bytes, room = 2 * room + (1 << 17), 1);
        const ssize_t got = read(pipe, *bytes + *size, room - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return true;
        *size += (size_t)got;
    }
}

Status dm_work_apart(ApartWork *work, void *context, Stop *stop, const char *what, char **bytes, size_t *size,
                     Error *error)
{
    int ends[2];  // of no program that another thread starts meanwhile: it would hold the pipe open
    *bytes = NULL;
    *size = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) return dm_fail(error, "%s: cannot make a pipe: %s", what, strerror(errno));
    const pid_t parent = getpid(), child = fork();
    if (child == 0) be_the_child(work, context, ends[1], parent);
    const int reason = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return dm_fail(error, "%s: cannot start a process for it: %s", what, strerror(reason));
    }
    Child running = {child, ends[0]};
    dm_guard(give_child_up, &running);
    const bool ended = read_result(ends[0], stop, bytes, size);
    dm_unguard(&running);
    close(ends[0]);
    if (!ended) kill(child, SIGKILL);
    const int how = await(&running);
    if (ended && *size && (*bytes)[*size - 1] == WHOLE) {
        --*size;
        return DM_OK;
    }
    if (ended && WIFEXITED(how) && WEXITSTATUS(how) == NO_MEMORY) dm_out_of_memory(0);
    dm_free(*bytes);
    *bytes = NULL;
    if (!ended) {
        dm_fail(error, "%s: stopped", what);
        return DM_STOPPED;
    }
    return dm_fail(error, "%s: the process that did it has ended without a result%s%s", what,
                   WIFSIGNALED(how) ? ": " : "", WIFSIGNALED(how) ? strsignal(WTERMSIG(how)) : "");
}
