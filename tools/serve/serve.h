// What the files of `dragoman serve` share: limits, a question that was checked, the queue that all of them stand in,
// and the clients.
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
    MOST_CLIENTS = 100,
    MOST_BODY = 1 << 20,     // bytes of a request
    MOST_ANSWER = 32 << 20,  // bytes
    MOST_LINE_WORK = 40000,  // with a beam of 5: some 2,600 bytes
    BATCH_WORK = 120000,
    BATCH_LINES = 128,
    MOST_PICTURE_BYTES = 1000,  // of a line whose attention is asked for; larger pictures cannot be read
    MOST_PICTURE_PIECES = 64,
};

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
    dm_status status;  // DM_STOPPED: the server ends, or the asker has left
    dm_error error;
    atomic_bool abandoned;
    pthread_cond_t moved;
    struct Job *next;
} Job;

typedef struct Queue Queue;

// One thread translates for all, on as many processors as `threads` says.
Queue *queue_open(dm_model *model, int threads);
void queue_stop(Queue *queue);  // every job ends at its next step, and those that come later at once
void queue_close(Queue *queue);

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
void client_waits(Clients *clients, Client *client, Job *job);      // job: NULL if there is none yet
void client_takes(Clients *clients, Client *client, size_t bytes);  // an answer of so many bytes
void client_may_ask(Clients *clients, Client *client);              // the next one
void clients_look(Clients *clients, Queue *queue);  // cuts off those that take too long, drops what left ones wanted
bool clients_served(Clients *clients);              // nobody waits or is taking an answer

// ---- HTTP (http.c) --------------------------------------------------------------------------------------------------

typedef struct Service {
    dm_model *model;
    Queue *queue;
    Clients clients;
    char *info;
} Service;

struct MHD_Daemon;
// Listens on the socket until MHD_stop_daemon; NULL: it cannot.
struct MHD_Daemon *service_start(Service *service, int listening);
