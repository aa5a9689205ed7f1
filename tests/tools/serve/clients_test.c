// The connections of `dragoman serve`, over real ones: who has left, who has only closed his half of the connection,
// who takes too long.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/serve.h"
#include "test.h"

void queue_abandon(Queue *queue, Job *job)  // the queue is played by this
{
    (void)queue;
    job->abandoned = true;
}

typedef struct Line {
    int here, there;  // the server's end, and the client's
    Clients clients;
    Client *client;
    Job job;
} Line;

static void connect_both(Line *l)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int door = socket(AF_INET, SOCK_STREAM, 0);
    *l = (Line){.there = socket(AF_INET, SOCK_STREAM, 0),
                .clients = {.lock = PTHREAD_MUTEX_INITIALIZER, .patience = 1e6}};
    CU_ASSERT_FATAL(bind(door, (struct sockaddr *)&address, size) == 0 && listen(door, 1) == 0);
    CU_ASSERT_FATAL(getsockname(door, (struct sockaddr *)&address, &size) == 0);
    CU_ASSERT_FATAL(connect(l->there, (struct sockaddr *)&address, size) == 0);
    l->here = accept(door, NULL, NULL);
    CU_ASSERT_FATAL(l->here >= 0);
    l->client = client_enter(&l->clients, l->here);
    close(door);
}

static void disconnect(Line *l)
{
    client_leave(&l->clients, l->client);
    close(l->here);
    if (l->there >= 0) close(l->there);
}

static void ask(Line *l, bool hears_more)
{
    client_asks(&l->clients, l->client, hears_more);
    client_waits(&l->clients, l->client, &l->job);
}

static void close_half(Line *l)
{
    struct pollfd state = {.fd = l->here, .events = POLLRDHUP};
    shutdown(l->there, SHUT_WR);
    CU_ASSERT_EQUAL(poll(&state, 1, -1), 1);
}

static void look(Line *l)
{
    clients_look(&l->clients, NULL);
}

// What the server has sent so far.
static const char *heard(const Line *l)
{
    static char text[100];
    const ssize_t size = recv(l->there, text, sizeof text - 1, MSG_DONTWAIT);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void who_waits_is_not_disturbed(void)
{
    Line l;
    connect_both(&l);
    CU_ASSERT_EQUAL(clients_waiting(&l.clients), 0);
    ask(&l, true);
    CU_ASSERT_EQUAL(clients_waiting(&l.clients), 1);
    look(&l);
    CU_ASSERT_FALSE(l.job.abandoned);
    CU_ASSERT_STRING_EQUAL(heard(&l), "");
    client_may_ask(&l.clients, l.client);
    CU_ASSERT_EQUAL(clients_waiting(&l.clients), 0);
    disconnect(&l);
}

static void who_has_left_is_noticed(void)
{
    Line l;
    connect_both(&l);
    ask(&l, true);
    close(l.there);
    l.there = -1;
    while (!l.job.abandoned) look(&l);
    disconnect(&l);
}

static void who_closed_his_half_is_waited_for_until_he_leaves(void)
{
    Line l;
    connect_both(&l);
    ask(&l, true);
    close_half(&l);
    for (int i = 0; i < 3; i++) look(&l);
    CU_ASSERT_FALSE(l.job.abandoned);
    CU_ASSERT_STRING_EQUAL(heard(&l), "HTTP/1.1 100 Continue\r\n\r\n");  // and once
    CU_ASSERT_EQUAL(send(l.here, "200", 3, 0), 3);                       // the answer reaches him
    CU_ASSERT_STRING_EQUAL(heard(&l), "200");
    client_waits(&l.clients, l.client, &l.job);  // and the next one is asked for: he is looked for at once
    close(l.there);
    l.there = -1;
    while (!l.job.abandoned) look(&l);
    disconnect(&l);
}

// A client of HTTP/1.0 would take anything for its answer.
static void who_hears_one_answer_gets_nothing_before_it(void)
{
    Line l;
    connect_both(&l);
    ask(&l, false);
    close_half(&l);
    look(&l);
    CU_ASSERT_FALSE(l.job.abandoned);
    CU_ASSERT_STRING_EQUAL(heard(&l), "");
    disconnect(&l);
}

static void who_takes_too_long_is_cut_off(void)
{
    Line l;
    char byte;
    connect_both(&l);
    l.clients.patience = -1;
    client_may_ask(&l.clients, l.client);
    look(&l);
    CU_ASSERT_EQUAL(recv(l.there, &byte, 1, 0), 0);
    disconnect(&l);
}

const Fact facts[] = {
    FACT(who_waits_is_not_disturbed),
    FACT(who_has_left_is_noticed),
    FACT(who_closed_his_half_is_waited_for_until_he_leaves),
    FACT(who_hears_one_answer_gets_nothing_before_it),
    FACT(who_takes_too_long_is_cut_off),
    {NULL, NULL},
};
