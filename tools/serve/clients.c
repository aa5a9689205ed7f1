// The connections of `dragoman serve`: who takes too long over a request or an answer is cut off, and what somebody
// wanted who has left is no longer looked for. HTTP goes on in threads of its own; this is looked at from outside.
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "serve.h"

enum {
    SLOWEST = 50000,   // bytes a second of an answer that must be taken
    PROBE_PAUSE = 10,  // seconds
};

struct Client {
    int socket;
    double deadline;  // 0: none
    bool asked;       // and has not been served
    bool hears_more;  // than one answer
    double probed;    // when; 0: not yet
    Job *job;         // what it waits for; NULL: nothing
    Client *next;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

Client *client_enter(Clients *clients, int socket)
{
    Client *client = allocate(1, sizeof *client);
    pthread_mutex_lock(&clients->lock);
    *client = (Client){.socket = socket, .deadline = now() + clients->patience, .next = clients->first};
    clients->first = client;
    pthread_mutex_unlock(&clients->lock);
    return client;
}

void client_leave(Clients *clients, Client *client)
{
    pthread_mutex_lock(&clients->lock);
    Client **at = &clients->first;
    while (*at != client) at = &(*at)->next;
    *at = client->next;
    pthread_mutex_unlock(&clients->lock);
    free(client);
}

static void set(Clients *clients, Client *client, double deadline, bool asked, Job *job)
{
    pthread_mutex_lock(&clients->lock);
    client->probed = 0;
    client->deadline = deadline;
    client->asked = asked;
    client->job = job;
    pthread_mutex_unlock(&clients->lock);
}

void client_asks(Clients *clients, Client *client, bool hears_more)
{
    set(clients, client, 0, true, NULL);
    client->hears_more = hears_more;
}

void client_waits(Clients *clients, Client *client, Job *job)
{
    set(clients, client, 0, true, job);
}

void client_takes(Clients *clients, Client *client, size_t bytes)
{
    set(clients, client, now() + clients->patience + (double)bytes / SLOWEST, true, NULL);
}

void client_may_ask(Clients *clients, Client *client)
{
    set(clients, client, now() + clients->patience, false, NULL);
}

// A client that has closed its half of the connection may be gone, or wait for its answer, as that of `nc -N` does:
// only what is sent to it tells, by the error that comes back where nobody is left. So it is told to go on, which every
// client of HTTP/1.1 reads past (RFC 9110, 15.2). One of HTTP/1.0 would not: it counts as waiting.
static void probe(Client *client, double time)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!client->hears_more || (client->probed > 0 && time < client->probed + PROBE_PAUSE)) return;
    const ssize_t sent = send(client->socket, go_on, sizeof go_on - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    client->probed = time;
    (void)sent;
}

static bool has_left(Client *client, double time)
{
    struct pollfd state = {.fd = client->socket, .events = POLLRDHUP};
    if (poll(&state, 1, 0) <= 0) return false;
    if (state.revents & (POLLHUP | POLLERR)) return true;
    probe(client, time);
    return false;
}

void clients_look(Clients *clients, Queue *queue)
{
    pthread_mutex_lock(&clients->lock);
    const double time = now();
    for (Client *client = clients->first; client; client = client->next) {
        if (client->job && has_left(client, time)) queue_abandon(queue, client->job);
        if (client->deadline > 0 && time > client->deadline) shutdown(client->socket, SHUT_RDWR);
    }
    pthread_mutex_unlock(&clients->lock);
}

size_t clients_waiting(Clients *clients)
{
    size_t waiting = 0;
    pthread_mutex_lock(&clients->lock);
    for (const Client *client = clients->first; client; client = client->next) waiting += client->asked;
    pthread_mutex_unlock(&clients->lock);
    return waiting;
}
