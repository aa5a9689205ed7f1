// The queue of `dragoman serve`: whose turn it is, who shares a batch, who has left, the end. The library is played by
// this file: a translation begins and ends when the test says so, and every line has its work.
#include "serve/serve.h"

#include "test.h"

// ---- The library ----------------------------------------------------------------------------------------------------

enum { MOST_LOG = 256 };

static struct Stage {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int begun, allowed;  // calls
    char log[MOST_LOG];  // the lines of each call: "a1 b1|c1|"
    bool fails;          // the next one
} stage = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static bool stops(const dm_translate_options *options)
{
    return options->stop(options->context);
}

static dm_status play(const char *const *lines, size_t count, const dm_translate_options *options, dm_error *error)
{
    pthread_mutex_lock(&stage.lock);
    for (size_t i = 0; i < count; i++) {
        strcat(stage.log, lines[i]);
        strcat(stage.log, i + 1 < count ? " " : "|");
    }
    const int call = ++stage.begun;
    pthread_cond_broadcast(&stage.moved);
    while (stage.allowed < call && !stops(options)) pthread_cond_wait(&stage.moved, &stage.lock);
    dm_status status = stage.allowed < call ? DM_STOPPED : DM_OK;
    if (stage.fails) {
        snprintf(error->message, sizeof error->message, "it fails");
        status = DM_FAILURE;
    }
    stage.fails = false;
    pthread_mutex_unlock(&stage.lock);
    return status;
}

// A translation knows its line by a number: 12 of "a12".
dm_status dm_translate(dm_model *model, const char *const *lines, size_t count, const dm_translate_options *options,
                       dm_translation *translations, dm_error *error)
{
    (void)model;
    dm_status status = play(lines, count, options, error);
    for (size_t i = 0; i < count && !status; i++) translations[i] = (dm_translation){.count = atoi(lines[i] + 1)};
    return status;
}

dm_status dm_attend(dm_model *model, const char *line, const dm_translate_options *options, dm_attended *attended,
                    dm_error *error)
{
    (void)model;
    dm_status status = play(&line, 1, options, error);
    if (!status) *attended = (dm_attended){.source_pieces = atoi(line + 1)};
    return status;
}

void dm_translations_free(dm_translation *translations, size_t count)
{
    (void)translations, (void)count;
}

void dm_attended_free(dm_attended *attended)
{
    (void)attended;
}

bool question_like(const Question *a, const Question *b)
{
    return a->kind == b->kind && a->options.beam_size == b->options.beam_size;
}

double question_work(const Question *question, size_t line)
{
    (void)question, (void)line;
    return BATCH_WORK / 4;
}

// ---- The play -------------------------------------------------------------------------------------------------------

static Queue *begin(void)
{
    stage.begun = stage.allowed = 0;
    stage.log[0] = '\0';
    return queue_open(NULL, 1);
}

// Call after call may end, up to this one.
static void allow(int call)
{
    pthread_mutex_lock(&stage.lock);
    stage.allowed = call;
    pthread_cond_broadcast(&stage.moved);
    pthread_mutex_unlock(&stage.lock);
}

static void wait_for_call(int call)
{
    pthread_mutex_lock(&stage.lock);
    while (stage.begun < call) pthread_cond_wait(&stage.moved, &stage.lock);
    pthread_mutex_unlock(&stage.lock);
}

// Whoever is at work looks whether anybody waits, as search does at every step.
static void look_up(void)
{
    pthread_mutex_lock(&stage.lock);
    pthread_cond_broadcast(&stage.moved);
    pthread_mutex_unlock(&stage.lock);
}

#define QUESTION(beam, ...)                                                                                            \
    {                                                                                                                  \
        .lines = (const char *[]){__VA_ARGS__}, .count = sizeof(const char *[]){__VA_ARGS__} / sizeof(char *),         \
        .options = {                                                                                                   \
            .beam_size = beam                                                                                          \
        }                                                                                                              \
    }

static void assert_answered(Queue *q, Job *job)
{
    queue_wait(q, job, job->question->count);
    CU_ASSERT_EQUAL(job->status, DM_OK);
    CU_ASSERT_EQUAL(job->done, job->question->count);
    for (size_t i = 0; i < job->done; i++)
        CU_ASSERT_EQUAL(job->translations[i].count, atoi(job->question->lines[i] + 1));
    queue_remove(q, job);
}

static void assert_stopped(Queue *q, Job *job)
{
    queue_wait(q, job, job->question->count);
    CU_ASSERT_EQUAL(job->status, DM_STOPPED);
    queue_remove(q, job);
}

// ---- Facts ----------------------------------------------------------------------------------------------------------

// While h is at work the others come.
static void who_had_a_turn_stands_behind_the_others_and_who_came_first_keeps_his_place(void)
{
    const Question h = QUESTION(1, "h1"), a = QUESTION(1, "a1", "a2", "a3", "a4", "a5", "a6", "a7"),
                   b = QUESTION(1, "b1", "b2"), c = QUESTION(2, "c1", "c2", "c3", "c4", "c5"), d = QUESTION(3, "d1");
    Queue *q = begin();
    Job *of_h = queue_add(q, &h);
    wait_for_call(1);
    Job *of_a = queue_add(q, &a), *of_b = queue_add(q, &b), *of_c = queue_add(q, &c), *of_d = queue_add(q, &d);
    CU_ASSERT_EQUAL(queue_state(q).waiting, 5);
    allow(9);
    assert_answered(q, of_a);
    assert_answered(q, of_b);
    assert_answered(q, of_c);
    assert_answered(q, of_d);
    assert_answered(q, of_h);
    CU_ASSERT_EQUAL(queue_state(q).waiting, 0);
    CU_ASSERT_EQUAL(queue_state(q).translated, 16);
    queue_close(q);
    CU_ASSERT_STRING_EQUAL(stage.log, "h1|a1 b1 a2 b2|c1 c2 c3 c4|d1|a3 a4 a5 a6|c5|a7|");
}

static void work_for_somebody_who_has_left_stops_and_his_place_is_free(void)
{
    const Question a = QUESTION(1, "a1", "a2", "a3", "a4", "a5"), b = QUESTION(2, "b1"), c = QUESTION(3, "c1");
    Queue *q = begin();
    Job *of_a = queue_add(q, &a), *of_b = queue_add(q, &b), *of_c = queue_add(q, &c);
    wait_for_call(1);
    queue_abandon(q, of_b);  // who has not had his turn is passed over
    queue_abandon(q, of_a);  // who is being worked for ...
    look_up();
    assert_stopped(q, of_a);  // ... waits for nothing: no call has been allowed to end
    assert_stopped(q, of_b);
    wait_for_call(2);
    CU_ASSERT_EQUAL(queue_state(q).waiting, 1);
    allow(2);
    assert_answered(q, of_c);
    queue_close(q);
    CU_ASSERT_STRING_EQUAL(stage.log, "a1 a2 a3 a4|c1|");
}

static void who_shares_a_batch_with_somebody_who_has_left_gets_his_answer(void)
{
    const Question h = QUESTION(2, "h1"), a = QUESTION(1, "a1", "a2", "a3"), b = QUESTION(1, "b1", "b2", "b3");
    Queue *q = begin();
    Job *of_h = queue_add(q, &h);
    wait_for_call(1);
    Job *of_a = queue_add(q, &a), *of_b = queue_add(q, &b);
    allow(1);
    wait_for_call(2);
    queue_abandon(q, of_a);
    look_up();
    allow(9);
    assert_answered(q, of_h);
    assert_answered(q, of_b);
    assert_stopped(q, of_a);
    queue_close(q);
    CU_ASSERT_STRING_EQUAL(stage.log, "h1|a1 b1 a2 b2|b3|");
}

static void an_error_is_that_of_its_batch_alone(void)
{
    const Question a = QUESTION(1, "a1"), b = QUESTION(2, "b1");
    Queue *q = begin();
    stage.fails = true;
    Job *of_a = queue_add(q, &a);
    wait_for_call(1);
    Job *of_b = queue_add(q, &b);
    allow(2);
    queue_wait(q, of_a, 1);
    CU_ASSERT_EQUAL(of_a->status, DM_FAILURE);
    CU_ASSERT_STRING_EQUAL(of_a->error.message, "it fails");
    queue_remove(q, of_a);
    assert_answered(q, of_b);
    queue_close(q);
}

static void a_picture_waits_its_turn_and_stops_when_nobody_waits_for_it(void)
{
    Question a = QUESTION(1, "a1"), b = QUESTION(1, "b2"), c = QUESTION(1, "c3");
    b.kind = c.kind = SHOW_ATTENTION;
    Queue *q = begin();
    Job *of_a = queue_add(q, &a), *of_b = queue_add(q, &b), *of_c = queue_add(q, &c);
    allow(2);
    assert_answered(q, of_a);
    queue_wait(q, of_b, 1);
    CU_ASSERT_EQUAL(of_b->status, DM_OK);
    CU_ASSERT_EQUAL(of_b->attended.source_pieces, 2);
    queue_remove(q, of_b);
    wait_for_call(3);
    queue_abandon(q, of_c);
    look_up();
    assert_stopped(q, of_c);
    queue_close(q);
    CU_ASSERT_STRING_EQUAL(stage.log, "a1|b2|c3|");
}

static void at_the_end_what_was_asked_is_answered_and_nothing_new_is_taken(void)
{
    const Question a = QUESTION(1, "a1", "a2", "a3", "a4", "a5"), b = QUESTION(2, "b1"), c = QUESTION(1, "c1");
    Queue *q = begin();
    Job *of_a = queue_add(q, &a), *of_b = queue_add(q, &b);
    wait_for_call(1);
    CU_ASSERT_FALSE(queue_state(q).ending);
    queue_end(q);
    CU_ASSERT_TRUE(queue_state(q).ending);
    Job *of_c = queue_add(q, &c);
    CU_ASSERT_TRUE(of_c->ended);
    assert_stopped(q, of_c);
    allow(9);
    assert_answered(q, of_a);
    assert_answered(q, of_b);
    queue_close(q);
    CU_ASSERT_STRING_EQUAL(stage.log, "a1 a2 a3 a4|b1|a5|");
}

const Fact facts[] = {
    FACT(who_had_a_turn_stands_behind_the_others_and_who_came_first_keeps_his_place),
    FACT(work_for_somebody_who_has_left_stops_and_his_place_is_free),
    FACT(who_shares_a_batch_with_somebody_who_has_left_gets_his_answer),
    FACT(an_error_is_that_of_its_batch_alone),
    FACT(a_picture_waits_its_turn_and_stops_when_nobody_waits_for_it),
    FACT(at_the_end_what_was_asked_is_answered_and_nothing_new_is_taken),
    {NULL, NULL},
};
