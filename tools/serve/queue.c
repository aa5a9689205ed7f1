// Where all questions wait: one thread takes the lines of those that ask for the same kind of search, some from each in
// turn, translates them together, and hands each asker what is its own.
#include <stdlib.h>

#include "serve.h"

struct Queue {
    dm_model *model;
    int threads;
    pthread_t worker;
    pthread_mutex_t lock;  // of all below, and of the jobs
    pthread_cond_t arrived;
    Job *first;  // in the order of their turns
    size_t translated;
    bool ending;
};

typedef struct Batch {
    Queue *queue;
    size_t count;
    Job *job[BATCH_LINES];  // whose line it is
    const char *line[BATCH_LINES];
    dm_translation translation[BATCH_LINES];
} Batch;

// ---- The order of things; the queue is locked -----------------------------------------------------------------------

static void put_last(Queue *q, Job *job)
{
    Job **at = &q->first;
    while (*at) at = &(*at)->next;
    *at = job;
    job->next = NULL;
}

static void take_out(Queue *q, Job *job)
{
    Job **at = &q->first;
    while (*at != job) at = &(*at)->next;
    *at = job->next;
}

static void end_job(Queue *q, Job *job, dm_status status, const dm_error *error)
{
    take_out(q, job);
    job->ended = true;
    job->status = status;
    if (error) job->error = *error;
    pthread_cond_signal(&job->moved);
}

static void drop_abandoned(Queue *q)
{
    for (Job *job = q->first, *next; job; job = next) {
        next = job->next;
        if (job->abandoned) end_job(q, job, DM_STOPPED, NULL);
    }
}

// A line of each job in turn that wants what the first one wants, and again, until the batch is full.
static void fill(Queue *q, Batch *batch)
{
    double room = BATCH_WORK;
    *batch = (Batch){.queue = q};
    for (bool more = true; more;) {
        more = false;
        for (Job *job = q->first; job && batch->count < BATCH_LINES; job = job->next) {
            const Question *question = job->question;
            if (job->taken == question->count || !question_like(question, q->first->question)) continue;
            const double work = question_work(question, job->taken);
            if (work > room) continue;
            room -= work;
            batch->job[batch->count] = job;
            batch->line[batch->count++] = question->lines[job->taken++];
            more = true;
        }
    }
}

// Every job of the batch gets its translations, in order; the first one waits for its next turn behind the others.
static void hand_out(Queue *q, const Batch *batch)
{
    Job *first = q->first;
    for (size_t i = 0; i < batch->count; i++) {
        Job *job = batch->job[i];
        job->translations[job->done++] = batch->translation[i];
        q->translated++;
        pthread_cond_signal(&job->moved);
        if (job->done == job->question->count) end_job(q, job, DM_OK, NULL);
    }
    if (q->first != first || first->ended) return;
    take_out(q, first);
    put_last(q, first);
}

static void fail(Queue *q, const Batch *batch, dm_status status, const dm_error *error)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->job[i]->ended) end_job(q, batch->job[i], status, error);
}

// ---- The work; the queue is not locked ------------------------------------------------------------------------------

static bool nobody_waits(void *context)
{
    const Batch *batch = context;
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->job[i]->abandoned) return false;
    return true;
}

static void translate(Queue *q, Batch *batch)
{
    fill(q, batch);
    dm_translate_options options = batch->job[0]->question->options;
    dm_error error = {.message = ""};
    options.threads = q->threads;
    options.context = batch;
    options.stop = nobody_waits;
    pthread_mutex_unlock(&q->lock);
    dm_status status = dm_translate(q->model, batch->line, batch->count, &options, batch->translation, &error);
    pthread_mutex_lock(&q->lock);
    if (status)
        fail(q, batch, status, &error);
    else
        hand_out(q, batch);
}

static void attend(Queue *q, Batch *batch)
{
    Job *job = q->first;
    *batch = (Batch){.queue = q, .count = 1, .job = {job}};
    dm_translate_options options = job->question->options;
    dm_error error = {.message = ""};
    options.context = batch;
    options.stop = nobody_waits;
    pthread_mutex_unlock(&q->lock);
    dm_status status = dm_attend(q->model, job->question->lines[0], &options, &job->attended, &error);
    pthread_mutex_lock(&q->lock);
    if (!status && nobody_waits(batch)) status = DM_STOPPED;  // it may have been cut short
    q->translated += !status;
    end_job(q, job, status, &error);
}

static void *work(void *context)
{
    Queue *q = context;
    Batch *batch = allocate(1, sizeof *batch);
    pthread_mutex_lock(&q->lock);
    for (drop_abandoned(q); q->first || !q->ending; drop_abandoned(q)) {
        if (!q->first)
            pthread_cond_wait(&q->arrived, &q->lock);
        else if (q->first->question->kind == SHOW_ATTENTION)
            attend(q, batch);
        else
            translate(q, batch);
    }
    pthread_mutex_unlock(&q->lock);
    free(batch);
    return NULL;
}

// ---- For those who ask ----------------------------------------------------------------------------------------------

Queue *queue_open(dm_model *model, int threads)
{
    Queue *q = allocate(1, sizeof *q);
    q->model = model;
    q->threads = threads;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->arrived, NULL);
    if (pthread_create(&q->worker, NULL, work, q) == 0) return q;
    free(q);
    return NULL;
}

void queue_end(Queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->ending = true;
    pthread_cond_signal(&q->arrived);
    pthread_mutex_unlock(&q->lock);
}

void queue_close(Queue *q)
{
    queue_end(q);
    pthread_join(q->worker, NULL);
    pthread_cond_destroy(&q->arrived);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

Job *queue_add(Queue *q, const Question *question)
{
    Job *job = allocate(1, sizeof *job);
    job->question = question;
    job->translations = allocate(question->count, sizeof *job->translations);
    pthread_cond_init(&job->moved, NULL);
    pthread_mutex_lock(&q->lock);
    put_last(q, job);
    if (!question->count) end_job(q, job, DM_OK, NULL);
    if (q->ending && !job->ended) end_job(q, job, DM_STOPPED, NULL);
    pthread_cond_signal(&q->arrived);
    pthread_mutex_unlock(&q->lock);
    return job;
}

QueueState queue_state(Queue *q)
{
    pthread_mutex_lock(&q->lock);
    QueueState state = {.translated = q->translated, .ending = q->ending};
    for (const Job *job = q->first; job; job = job->next) state.waiting++;
    pthread_mutex_unlock(&q->lock);
    return state;
}

size_t queue_wait(Queue *q, Job *job, size_t seen)
{
    pthread_mutex_lock(&q->lock);
    while (job->done <= seen && !job->ended) pthread_cond_wait(&job->moved, &q->lock);
    const size_t done = job->done;
    pthread_mutex_unlock(&q->lock);
    return done;
}

void queue_abandon(Queue *q, Job *job)
{
    pthread_mutex_lock(&q->lock);
    job->abandoned = true;
    pthread_cond_signal(&q->arrived);
    pthread_mutex_unlock(&q->lock);
}

void queue_remove(Queue *q, Job *job)
{
    pthread_mutex_lock(&q->lock);
    while (!job->ended) pthread_cond_wait(&job->moved, &q->lock);
    pthread_mutex_unlock(&q->lock);
    dm_translations_free(job->translations, job->done);
    dm_attended_free(&job->attended);
    free(job->translations);
    pthread_cond_destroy(&job->moved);
    free(job);
}
