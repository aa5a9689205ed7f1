// The connections of `dragoman serve`: who takes too long over a request or an answer is cut off, and what somebody
// wanted who has left is no longer looked for. HTTP goes on in threads of its own; this is looked at from outside.
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "serve.h"

enum { SLOWEST = 50000 };  // bytes a second of an answer that must be taken

struct Client {
    int socket;
    double deadline;  // 0: none
    bool asked;       // and has not been served
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
    client->deadline = deadline;
    client->asked = asked;
    client->job = job;
    pthread_mutex_unlock(&clients->lock);
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

static bool has_left(const Client *client)
{
    struct pollfd state = {.fd = client->socket, .events = POLLRDHUP};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

void clients_look(Clients *clients, Queue *queue)
{
    pthread_mutex_lock(&clients->lock);
    const double time = now();
    for (Client *client = clients->first; client; client = client->next) {
        if (client->job && has_left(client)) queue_abandon(queue, client->job);
        if (client->deadline > 0 && time > client->deadline) shutdown(client->socket, SHUT_RDWR);
    }
    pthread_mutex_unlock(&clients->lock);
}

bool clients_served(Clients *clients)
{
    bool served = true;
    pthread_mutex_lock(&clients->lock);
    for (const Client *client = clients->first; client; client = client->next) served = served && !client->asked;
    pthread_mutex_unlock(&clients->lock);
    return served;
}
