// The plug-in for MPI, a library of its own (libdragoman-mpi.so). Messages are sent and received without waiting and
// looked after in turns by two threads, one at a time: the one that works, where it waits for them, and a watcher that
// every second sends a sign of life and looks for those of others: the ranks look after rank 0, and it after all.
#include <limits.h>
#include <mpi.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ranks/driver.h"

enum { SENTENCE = 2048, NAME = 96, ALIVE = 1, GONE = 2, CHUNK = 1 << 30 };

typedef struct Requests {
    MPI_Request *request;
    int count, room;
} Requests;

static struct {
    pthread_mutex_t lock;  // of all that follows, and of every call of MPI
    pthread_cond_t ends;
    pthread_t watcher;
    MPI_Comm data, control;
    Requests sends, receives;
    int rank, ranks;
    double patience;
    double *heard;       // [ranks] when
    char (*name)[NAME];  // [ranks]
    char why[SENTENCE];  // of the loss; "": rank 0 says it
    bool lost;           // a rank is gone, and so this one is to go ...
    int status;          // ... with its status; 0: nobody has said one
    bool ending;
    bool broken;    // a rank was lost: MPI cannot come to its end either
    pid_t process;  // that began: MPI is not the children's
} here = {.lock = PTHREAD_MUTEX_INITIALIZER, .ends = PTHREAD_COND_INITIALIZER};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void lose(const char *why)
{
    if (!here.lost) snprintf(here.why, sizeof here.why, "%.*s", SENTENCE - 1, why);
    here.lost = true;
}

// ---- The watcher ----------------------------------------------------------------------------------------------------

static void hear(void)
{
    int there = 0;
    MPI_Status status;
    char text[SENTENCE];
    while (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, here.control, &there, &status) == MPI_SUCCESS && there) {
        int size = 0;
        MPI_Recv(text, SENTENCE - 1, MPI_CHAR, status.MPI_SOURCE, status.MPI_TAG, here.control, &status);
        MPI_Get_count(&status, MPI_CHAR, &size);
        text[size] = '\0';
        here.heard[status.MPI_SOURCE] = now();
        if (status.MPI_TAG != GONE) continue;
        char sentence[SENTENCE + NAME];
        snprintf(sentence, sizeof sentence, "%s: %s", here.name[status.MPI_SOURCE], size ? text + 1 : "");
        if (!here.lost) here.status = *text;  // what leave has put in front
        lose(here.rank ? "" : sentence);
    }
}

static void tell(int rank, int what, const char *text, MPI_Request *request)
{
    MPI_Isend(text, (int)strlen(text), MPI_CHAR, rank, what, here.control, request);
}

static void give_sign_of_life(void)
{
    for (int i = 0; i < here.ranks; i++) {
        MPI_Request request;
        if (i == here.rank || (i && here.rank)) continue;
        tell(i, ALIVE, "", &request);
        MPI_Request_free(&request);
    }
}

static void look_for_the_lost(void)
{
    const double time = now();
    for (int i = 0; i < here.ranks && here.patience > 0; i++) {
        if (i == here.rank || (i && here.rank) || time - here.heard[i] <= here.patience) continue;
        char sentence[SENTENCE];
        snprintf(
            sentence, sizeof sentence,
            "%s has given no sign of life for %.0f second%s (--rank-timeout), so that all ranks stop. No file is half "
            "written: give the same command again",
            here.name[i], here.patience, here.patience > 1 ? "s" : "");
        lose(sentence);
    }
}

static void *watch(void *nothing)
{
    const double pause = 0.05;
    double said = 0, looked = now();
    pthread_mutex_lock(&here.lock);
    while (!here.ending) {
        hear();
        const double time = now();
        // One that was asleep itself, its machine perhaps, does not know who else was.
        for (int i = 0; i < here.ranks && time - looked > here.patience / 4; i++) here.heard[i] = time;
        looked = time;
        if (time - said >= 1) {
            said = time;
            give_sign_of_life();
        }
        look_for_the_lost();
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)(1e9 * pause);
        until.tv_sec += until.tv_nsec / 1000000000, until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&here.ends, &here.lock, &until);
    }
    pthread_mutex_unlock(&here.lock);
    return nothing;
}

// ---- Beginning ------------------------------------------------------------------------------------------------------

static void finish(void)
{
    if (getpid() == here.process && !here.broken) MPI_Finalize();
}

static const char *start(void)
{
    int given, done;
    MPI_Initialized(&done);
    if (done) return here.broken ? "a rank was lost: MPI cannot be used again by this process" : NULL;
    here.process = getpid();
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &given) != MPI_SUCCESS) return "MPI could not begin";
    atexit(finish);
    return given < MPI_THREAD_SERIALIZED ? "this MPI lets no two threads use it in turns (MPI_THREAD_SERIALIZED)"
                                         : NULL;
}

static const char *driver_begin(double patience, int *rank, int *ranks)
{
    const char *why = start();
    if (why) return why;
    MPI_Comm_dup(MPI_COMM_WORLD, &here.data);
    MPI_Comm_dup(MPI_COMM_WORLD, &here.control);
    MPI_Comm_rank(here.data, &here.rank);
    MPI_Comm_size(here.data, &here.ranks);
    here.patience = patience;
    here.heard = calloc((size_t)here.ranks, sizeof *here.heard);
    here.name = calloc((size_t)here.ranks, sizeof *here.name);
    if (!here.heard || !here.name) return "out of memory";
    char host[MPI_MAX_PROCESSOR_NAME] = "";
    int size = 0;
    MPI_Get_processor_name(host, &size);
    snprintf(here.name[here.rank], NAME, "rank %d (%.60s)", here.rank, host);
    MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, here.name, NAME, MPI_CHAR, here.control);
    for (int i = 0; i < here.ranks; i++) here.heard[i] = now();
    here.lost = here.ending = false;
    if (pthread_create(&here.watcher, NULL, watch, NULL) != 0)
        return "there can be no thread that looks after the ranks";
    *rank = here.rank;
    *ranks = here.ranks;
    return NULL;
}

static const char *driver_name(int rank)
{
    return here.name[rank];
}

// ---- Messages -------------------------------------------------------------------------------------------------------

static MPI_Request *new_request(Requests *list)
{
    if (list->count == list->room) {
        const int room = list->room ? 2 * list->room : 64;
        MPI_Request *more = realloc(list->request, (size_t)room * sizeof *more);
        if (!more) {
            lose("out of memory");
            return NULL;
        }
        list->request = more;
        list->room = room;
    }
    return &list->request[list->count++];
}

static void driver_send(int to, const void *bytes, size_t size)
{
    pthread_mutex_lock(&here.lock);
    for (size_t at = 0; at < size; at += CHUNK) {
        MPI_Request *request = new_request(&here.sends);
        const size_t n = size - at < CHUNK ? size - at : CHUNK;
        if (request) MPI_Isend((const char *)bytes + at, (int)n, MPI_BYTE, to, 0, here.data, request);
    }
    pthread_mutex_unlock(&here.lock);
}

static void driver_receive(int from, void *bytes, size_t size)
{
    pthread_mutex_lock(&here.lock);
    for (size_t at = 0; at < size; at += CHUNK) {
        MPI_Request *request = new_request(&here.receives);
        const size_t n = size - at < CHUNK ? size - at : CHUNK;
        if (request) MPI_Irecv((char *)bytes + at, (int)n, MPI_BYTE, from, 0, here.data, request);
    }
    pthread_mutex_unlock(&here.lock);
}

static bool all_done(void)
{
    int sent = 0, received = 0;
    MPI_Testall(here.sends.count, here.sends.request, &sent, MPI_STATUSES_IGNORE);
    MPI_Testall(here.receives.count, here.receives.request, &received, MPI_STATUSES_IGNORE);
    return sent && received;
}

// Between two looks: nothing at first, for most waits are short; the longer it takes, the less it is to cost others.
static void rest(double waited)
{
    const struct timespec shortly = {0, 50000}, longer = {0, 1000000};
    if (waited > 0.2)
        nanosleep(&longer, NULL);
    else if (waited > 0.002)
        nanosleep(&shortly, NULL);
    else
        sched_yield();
}

// What is on its way into memory that will soon be somebody else's: most of it can be called off, and the rest comes
// within a moment, or never, where its rank is gone.
static void call_off(void)
{
    const double moment = 0.5, begun = now();
    for (int i = 0; i < here.receives.count; i++)
        if (here.receives.request[i] != MPI_REQUEST_NULL) MPI_Cancel(&here.receives.request[i]);
    while (!all_done() && now() - begun < moment) {
        pthread_mutex_unlock(&here.lock);
        rest(1);
        pthread_mutex_lock(&here.lock);
    }
}

static const char *driver_wait(void)
{
    const double begun = now();
    pthread_mutex_lock(&here.lock);
    while (!here.lost && !all_done()) {
        pthread_mutex_unlock(&here.lock);
        rest(now() - begun);
        pthread_mutex_lock(&here.lock);
    }
    if (here.lost) call_off();
    here.sends.count = here.receives.count = 0;
    const char *why = here.lost ? here.why : NULL;
    pthread_mutex_unlock(&here.lock);
    return why;
}

// ---- The end --------------------------------------------------------------------------------------------------------

// A rank that leaves says so: rank 0 to all, another one to rank 0, and it then waits until that has said why to
// people; for where a process ends, mpirun ends the others.
static void leave(const char *why, int status)
{
    static const double moment = 2;
    static char sentence[SENTENCE];
    const double begun = now();
    snprintf(sentence, sizeof sentence, "%c%.*s", status, SENTENCE - 2, why);
    bool told = false;
    MPI_Request *requests = calloc((size_t)here.ranks, sizeof(MPI_Request));
    pthread_mutex_lock(&here.lock);
    int count = 0;
    for (int i = 0; requests && i < here.ranks; i++)
        if (i != here.rank && (!here.rank || (!i && !here.lost))) tell(i, GONE, sentence, &requests[count++]);
    while (!told) {
        int done = 0;
        if (requests) MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE);
        told = here.rank ? here.lost : done || now() - begun > moment;
        pthread_mutex_unlock(&here.lock);
        rest(1);
        pthread_mutex_lock(&here.lock);
    }
    pthread_mutex_unlock(&here.lock);
    free(requests);  // who has not been told by now never will be
}

static const char *driver_end(const char *why, int *status)
{
    static char said[SENTENCE];
    snprintf(said, sizeof said, "%s", why && !here.rank ? why : "");
    if (why) {
        // Of a loss that this rank was the one to see, nobody else may be left to speak.
        if (here.rank && here.lost) snprintf(said, sizeof said, "%s", here.why);
        here.broken = true;
        leave(why, *status);
        if (here.status) *status = here.status;
    }
    pthread_mutex_lock(&here.lock);
    here.ending = true;
    pthread_cond_signal(&here.ends);
    pthread_mutex_unlock(&here.lock);
    pthread_join(here.watcher, NULL);
    if (!why) {
        MPI_Comm_free(&here.data);
        MPI_Comm_free(&here.control);
    }
    free(here.heard);
    free(here.name);
    free(here.sends.request);
    free(here.receives.request);
    here.sends = here.receives = (Requests){0};
    return said;
}

__attribute__((visibility("default"))) const ExchangeDriver *dm_exchange_driver(void);

const ExchangeDriver *dm_exchange_driver(void)
{
    static const ExchangeDriver driver = {DM_EXCHANGE_VERSION, driver_begin, driver_send, driver_receive,
                                          driver_wait,         driver_name,  driver_end};
    return &driver;
}
