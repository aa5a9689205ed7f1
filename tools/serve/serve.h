// What the files of `dragoman serve` share: limits, where it listens, whom it answers, a question that was checked, the
// queue that all of them stand in, and the clients.
#pragma once
#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdatomic.h>

#include "print.h"
#include "tools.h"

// Work is counted in pieces that a search may write, over all its hypotheses. It bounds time and memory alike: a line
// of more than MOST_LINE_WORK is refused, and a batch takes lines until it has BATCH_WORK, so that nobody waits long
// for somebody else's.
enum {
    MOST_CLIENTS = 100,  // which the help says as well
    MOST_BODY = 1 << 20,     // bytes of a request
    MOST_ANSWER = 32 << 20,  // bytes
    MOST_LINE_WORK = 40000,  // with a beam of 5: some 2,600 bytes
    BATCH_WORK = 120000,
    BATCH_LINES = 128,
    MOST_PICTURE_BYTES = 1000,  // of a line whose attention is asked for; larger pictures cannot be read
    MOST_PICTURE_PIECES = 64,
};

// ---- Where it listens (place.c) -------------------------------------------------------------------------------------

typedef struct Place {
    int socket;  // -1: none
    bool local;  // it is for programs on this machine alone
    char *url;
} Place;

// An address and a port, so that it is known before the model is read; nobody can connect yet. port 0: a free one.
dm_status place_take(Place *place, const char *host, int port, dm_error *error);
dm_status place_listen(const Place *place, dm_error *error);
void place_leave(Place *place);

// ---- Whom it answers (callers.c) ------------------------------------------------------------------------------------

typedef enum Caller { FROM_HERE, FROM_ALLOWED, FROM_ELSEWHERE } Caller;

dm_status callers_check(const dm_options *options, dm_error *error);
bool caller_knows_us(const dm_options *options, bool local, const char *host);  // by the header Host, or NULL
// By the headers Origin, NULL for a program that is no browser, and Host.
Caller caller_from(const dm_options *options, const char *origin, const char *host);

// ---- Questions (question.c) -----------------------------------------------------------------------------------------

typedef enum QuestionKind { TRANSLATE_LINES, SHOW_ATTENTION } QuestionKind;

typedef struct Question {
    QuestionKind kind;
    cJSON *body;  // what holds the lines
    const char **lines;
    size_t count;
    dm_translate_options options;
    Format format;
} Question;

// Reads and checks a body, which has a NUL behind it. Fails with DM_USAGE; *line is then the line that is to blame,
// from 1, or 0.
dm_status question_read(Question *question, const char *body, size_t size, dm_model *model, size_t *line,
                        dm_error *error);
void question_free(Question *question);
double question_work(const Question *question, size_t line);
bool question_like(const Question *question, const Question *other);  // their lines can share a batch

// ---- The queue (queue.c) --------------------------------------------------------------------------------------------

// A question and its answer as it grows. Its asker waits for it; until it has ended it stays where it is.
typedef struct Job {
    const Question *question;
    dm_translation *translations;  // [count]; the first `done` are the asker's, who frees them
    dm_attended attended;          // the same, once `ended` without an error
    size_t taken, done;            // lines that a batch has taken, and that are translated
    bool ended;
    dm_status status;  // DM_STOPPED: it came when the server was ending, or the asker has left
    dm_error error;
    atomic_bool abandoned;
    pthread_cond_t moved;
    struct Job *next;
} Job;

typedef struct Queue Queue;

typedef struct QueueState {
    size_t waiting;     // jobs that have not ended
    size_t translated;  // lines, since the beginning
    bool ending;
} QueueState;

// One thread translates for all, on as many processors as `threads` says.
Queue *queue_open(dm_model *model, int threads);
void queue_end(Queue *queue);  // jobs that come later end at once; those that are there are done
void queue_close(Queue *queue);  // the same, and waits for them
QueueState queue_state(Queue *queue);

Job *queue_add(Queue *queue, const Question *question);
// Waits until more than `seen` lines are done or the job has ended; returns how many are done.
size_t queue_wait(Queue *queue, Job *job, size_t seen);
void queue_abandon(Queue *queue, Job *job);  // from any thread: nobody wants the answer any more
void queue_remove(Queue *queue, Job *job);   // waits for its end and frees it, with what it has come to

// ---- Answers (answer.c) ---------------------------------------------------------------------------------------------

typedef struct Reply {
    unsigned status;    // of HTTP
    const char *type;   // of the text
    const char *allow;  // the methods, where another was used
    char *text;
    size_t size;
} Reply;

Reply reply_error(unsigned status, size_t line, const char *message);  // line: 0 for none
Reply reply_translations(Queue *queue, Job *job);
Reply reply_attention(Queue *queue, Job *job);
Reply reply_health(Queue *queue, const char *models);
char *name_models(const dm_options *options);
char *describe_models(const dm_options *options, dm_model *model);  // JSON: what GET /info answers

// ---- Clients (clients.c) --------------------------------------------------------------------------------------------

// A connection: it is given time to send a request, then waits for its answer, then is given time to take it.
typedef struct Client Client;

typedef struct Clients {
    pthread_mutex_t lock;
    Client *first;
    double patience;  // seconds
} Clients;

Client *client_enter(Clients *clients, int socket);
void client_leave(Clients *clients, Client *client);
void client_asks(Clients *clients, Client *client, bool hears_more);  // hears_more: than one answer, as HTTP/1.1 has it
void client_waits(Clients *clients, Client *client, Job *job);
void client_takes(Clients *clients, Client *client, size_t bytes);  // an answer of so many bytes
void client_may_ask(Clients *clients, Client *client);              // the next one
void clients_look(Clients *clients, Queue *queue);  // cuts off those that take too long, drops what left ones wanted
size_t clients_waiting(Clients *clients);           // for an answer, or are taking it

// ---- HTTP (http.c) --------------------------------------------------------------------------------------------------

typedef struct Service {
    const dm_options *options;
    Place place;
    dm_model *model;
    Queue *queue;
    Clients clients;
    char *name, *info;  // of the models
} Service;

struct MHD_Daemon;
// Answers who connects, until MHD_stop_daemon; NULL: it cannot.
struct MHD_Daemon *service_start(Service *service);
