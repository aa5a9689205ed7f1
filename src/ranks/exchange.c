// Finding the other ranks, and what is made of single messages. What moves these is a plug-in, libdragoman-mpi.so,
// which is loaded only where there are other ranks: nobody else waits for MPI to be read, or needs to have it.
#include "ranks/exchange.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/memory.h"
#include "core/scope.h"
#include "ranks/driver.h"

struct dm_exchange {
    const ExchangeDriver *driver;
    int rank, ranks;
    Traffic traffic;
};

static Exchange exchange_of_process;  // MPI is there once

// ---- What mpirun has started ----------------------------------------------------------------------------------------

// How Open MPI, MPICH and those that go by it, and Slurm say who one is among how many.
static const struct Starter {
    const char *size, *rank;
} starters[] = {
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
    {"PMI_SIZE", "PMI_RANK"},
    {"SLURM_STEP_NUM_TASKS", "PMIX_RANK"},
};

static int number(const char *variable)
{
    const char *text = getenv(variable);
    return text ? atoi(text) : -1;
}

static const struct Starter *starter(void)
{
    for (size_t i = 0; i < DM_COUNT(starters); i++)
        if (number(starters[i].size) > 1 && number(starters[i].rank) >= 0) return &starters[i];
    return NULL;
}

// ---- The plug-in ----------------------------------------------------------------------------------------------------

// It lies in the folder of a file, or in the folder of libraries that belongs to it.
static void *load_beside(const char *file)
{
    static const char *const places[] = {"/", "/../" DM_LIBRARY_FOLDER "/"};
    const char *end = file ? strrchr(file, '/') : NULL;
    void *plug_in = NULL;
    for (size_t i = 0; end && i < DM_COUNT(places) && !plug_in; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%.*s%slibdragoman-mpi.so", (int)(end - file), file, places[i]);
        plug_in = dlopen(path, RTLD_NOW | RTLD_GLOBAL);  // Open MPI's own plug-ins look for its symbols
    }
    return plug_in;
}

// Beside the library, or the program that this is a part of, which may have been called by a name without a folder.
static void *load_plug_in(void)
{
    Dl_info here;
    char program[4096];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    void *plug_in = dladdr(&exchange_of_process, &here) ? load_beside(here.dli_fname) : NULL;
    if (!plug_in) plug_in = load_beside(program);
    return plug_in ? plug_in : dlopen("libdragoman-mpi.so", RTLD_NOW | RTLD_GLOBAL);
}

static const ExchangeDriver *load_driver(void)
{
    void *plug_in = load_plug_in();
    void *function = plug_in ? dlsym(plug_in, DM_EXCHANGE_DRIVER) : NULL;
    const ExchangeDriver *(*get)(void);
    memcpy(&get, &function, sizeof get);
    const ExchangeDriver *driver = function ? get() : NULL;
    return driver && driver->version == DM_EXCHANGE_VERSION ? driver : NULL;
}

// ---- Beginning and end ----------------------------------------------------------------------------------------------

// That of rank 0 is right: memory is handed over as it lies.
static Status check_version(Exchange *x, Error *error)
{
    char version[64] = "";
    snprintf(version, sizeof version, "%s", dm_version());
    for (int i = 1; i < x->ranks && !x->rank; i++) x->driver->send(i, version, sizeof version);
    if (x->rank) x->driver->receive(0, version, sizeof version);
    const char *why = x->driver->wait();
    if (why) return dm_fail(error, "%s", why);
    if (strcmp(version, dm_version()) == 0) return DM_OK;
    return dm_fail(error, "this is dragoman %s, and rank 0 is dragoman %.63s: install the same on all machines",
                   dm_version(), version);
}

Status dm_exchange_open(Exchange **exchange, double patience, Error *error)
{
    Exchange *x = &exchange_of_process;
    const struct Starter *started = starter();
    *exchange = NULL;
    if (!started) return DM_OK;
    if (x->ranks) return dm_fail(error, "this process works with other ranks already: one thing at a time");
    x->driver = load_driver();
    if (!x->driver)
        return dm_fail(
            error,
            number(started->rank)
                ? ""
                : "this is one of %d processes that mpirun or srun has started "
                  "(%s), and dragoman was built without MPI, or cannot load it (libdragoman-mpi.so): build it where "
                  "MPI is installed (libopenmpi-dev, then cmake anew), or run it without mpirun",
            number(started->size), started->size);
    const char *why = x->driver->begin(patience, &x->rank, &x->ranks);
    if (why) return dm_fail(error, "%s", why);
    if (x->ranks < 2) return DM_OK;
    *exchange = x;
    return check_version(x, error);
}

Status dm_exchange_close(Exchange *x, Status status, Error *error)
{
    if (!x) return status;
    const char *why = NULL;
    if (!status) {
        char sign = 0;  // that all are here: to rank 0, and back
        for (int i = 1; i < x->ranks && !x->rank; i++) x->driver->receive(i, &sign, 1);
        if (x->rank) x->driver->send(0, &sign, 1);
        why = x->driver->wait();
        for (int i = 1; i < x->ranks && !x->rank; i++) x->driver->send(i, &sign, 1);
        if (x->rank) x->driver->receive(0, &sign, 1);
        if (!why) why = x->driver->wait();
        if (why) status = dm_fail(error, "%s", why);
    }
    int code = status;
    why = x->driver->end(status ? error->message : NULL, &code);
    if (status) dm_fail(error, "%s", why);
    status = (Status)code;
    *x = (Exchange){0};
    return status;
}

int dm_rank(const Exchange *x)
{
    return x ? x->rank : 0;
}

int dm_ranks(const Exchange *x)
{
    return x ? x->ranks : 1;
}

const char *dm_rank_name(const Exchange *x, int rank)
{
    return x->driver->name(rank);
}

Traffic dm_exchange_traffic(const Exchange *x)
{
    return x ? x->traffic : (Traffic){0};
}

// ---- Messages -------------------------------------------------------------------------------------------------------

void dm_exchange_send(Exchange *x, int to, const void *bytes, size_t size)
{
    if (!size) return;
    x->driver->send(to, bytes, size);
    x->traffic.sent += size;
}

void dm_exchange_receive(Exchange *x, int from, void *bytes, size_t size)
{
    if (!size) return;
    x->driver->receive(from, bytes, size);
    x->traffic.received += size;
}

void dm_exchange_wait(Exchange *x)
{
    if (!x) return;
    const double begun = dm_clock();
    const char *why = x->driver->wait();
    x->traffic.seconds += dm_clock() - begun;
    if (why) dm_give_up(why);
}

void dm_exchange_broadcast(Exchange *x, void *bytes, size_t size)
{
    for (int i = 1; i < dm_ranks(x) && !x->rank; i++) dm_exchange_send(x, i, bytes, size);
    if (dm_rank(x)) dm_exchange_receive(x, 0, bytes, size);
    dm_exchange_wait(x);
}

static size_t size_of(const size_t *start, int rank)
{
    return start[rank + 1] - start[rank];
}

// Everyone begins with its neighbour, so that no rank is sent everything at once.
void dm_exchange_gather(Exchange *x, void *bytes, const size_t *start)
{
    const int ranks = dm_ranks(x), rank = dm_rank(x);
    for (int i = 1; i < ranks; i++) {
        const int to = (rank + i) % ranks, from = (rank + ranks - i) % ranks;
        dm_exchange_receive(x, from, (char *)bytes + start[from], size_of(start, from));
        dm_exchange_send(x, to, (char *)bytes + start[rank], size_of(start, rank));
    }
    dm_exchange_wait(x);
}

void dm_exchange_gather_each(Exchange *x, void *items, size_t size)
{
    const int ranks = dm_ranks(x);
    size_t *start = dm_allocate((size_t)ranks + 1, sizeof *start);
    for (int i = 0; i <= ranks; i++) start[i] = (size_t)i * size;
    dm_exchange_gather(x, items, start);
    dm_free(start);
}

void dm_exchange_collect(Exchange *x, const void *own, void *all, const size_t *start)
{
    if (dm_rank(x)) {
        dm_exchange_send(x, 0, own, size_of(start, x->rank));
    } else {
        for (int i = 1; i < dm_ranks(x); i++) dm_exchange_receive(x, i, (char *)all + start[i], size_of(start, i));
        memcpy(all, own, size_of(start, 0));
    }
    dm_exchange_wait(x);
}

void dm_exchange_deal(Exchange *x, const void *all, void *own, const size_t *start)
{
    if (dm_rank(x)) {
        dm_exchange_receive(x, 0, own, size_of(start, x->rank));
    } else {
        for (int i = 1; i < dm_ranks(x); i++) dm_exchange_send(x, i, (const char *)all + start[i], size_of(start, i));
        memcpy(own, all, size_of(start, 0));
    }
    dm_exchange_wait(x);
}

bool dm_exchange_any(Exchange *x, bool mine)
{
    char any = mine, theirs;
    for (int i = 1; i < dm_ranks(x) && !x->rank; i++) {
        dm_exchange_receive(x, i, &theirs, 1);
        dm_exchange_wait(x);
        any |= theirs;
    }
    if (dm_rank(x)) dm_exchange_send(x, 0, &any, 1);
    dm_exchange_wait(x);
    dm_exchange_broadcast(x, &any, 1);
    return any;
}

// ---- For programs ---------------------------------------------------------------------------------------------------

static Status hand(Exchange *x, int to, const char *bytes, size_t size)
{
    dm_exchange_send(x, to, &size, sizeof size);
    dm_exchange_send(x, to, bytes, size);
    dm_exchange_wait(x);
    return DM_OK;
}

static Status take(Exchange *x, int from, char **bytes, size_t *size)
{
    dm_exchange_receive(x, from, size, sizeof *size);
    dm_exchange_wait(x);
    *bytes = dm_allocate(*size + 1, 1);
    dm_exchange_receive(x, from, *bytes, *size);
    dm_exchange_wait(x);
    return DM_OK;
}

dm_status dm_exchange_hand(dm_exchange *x, int to, const char *bytes, size_t size, dm_error *error)
{
    Status status;
    DM_SCOPE(status, error, hand(x, to, bytes, size));
    return status;
}

dm_status dm_exchange_take(dm_exchange *x, int from, char **bytes, size_t *size, dm_error *error)
{
    Status status;
    *bytes = NULL;
    DM_SCOPE(status, error, take(x, from, bytes, size));
    return status;
}

void dm_exchange_free(char *bytes)
{
    dm_free(bytes);
}
