// Where `dragoman serve` listens: an address of this machine and a port of it.
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve.h"

static dm_status no_place(const char *host, int port, int reason, dm_error *error)
{
    if (reason == EADDRINUSE)
        return failure(error,
                       "port %d is in use: end the program that has it (another dragoman serve?), or choose another "
                       "with --port; --port 0 takes a free one",
                       port);
    if (reason == EACCES)
        return failure(error, "port %d is not for everybody: choose one from 1024 up with --port", port);
    if (reason == EADDRNOTAVAIL)
        return failure(error,
                       "--host %.200s is no address of this machine: 127.0.0.1 is for programs on it alone, 0.0.0.0 "
                       "takes all its addresses",
                       host);
    return failure(error, "cannot listen on %.200s, port %d: %s", host, port, strerror(reason));
}

// A name may stand for addresses of both kinds: http://127.0.0.1 is what people try.
static struct addrinfo *find_address(const char *host, int port, int *reason)
{
    struct addrinfo wanted = {.ai_family = AF_INET,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                    *found = NULL;
    char digits[16];
    snprintf(digits, sizeof digits, "%d", port);
    *reason = getaddrinfo(host, digits, &wanted, &found);
    if (!*reason) return found;
    wanted.ai_family = AF_INET6;
    *reason = getaddrinfo(host, digits, &wanted, &found);
    return *reason ? NULL : found;
}

typedef union Address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
} Address;

static bool is_local(const Address *a)
{
    if (a->any.sa_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&a->six.sin6_addr);
    return ntohl(a->four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool is_every(const Address *a)
{
    if (a->any.sa_family == AF_INET6) return IN6_IS_ADDR_UNSPECIFIED(&a->six.sin6_addr);
    return a->four.sin_addr.s_addr == htonl(INADDR_ANY);
}

// What to open in a browser on this machine.
static char *url_of(const char *host, const Address *a)
{
    const bool six = a->any.sa_family == AF_INET6;
    const int port = ntohs(six ? a->six.sin6_port : a->four.sin_port);
    if (is_every(a)) host = six ? "::1" : "127.0.0.1";
    return format_text(strchr(host, ':') ? "http://[%s]:%d/" : "http://%s:%d/", host, port);
}

dm_status place_take(Place *place, const char *host, int port, dm_error *error)
{
    int reason;
    *place = (Place){.socket = -1};
    struct addrinfo *found = find_address(host, port, &reason);
    if (!found)
        return failure(error, "cannot find --host %.200s (%s): give an address of this machine, or a name of it", host,
                       gai_strerror(reason));
    Address address;
    socklen_t size = sizeof address;
    place->socket = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (place->socket >= 0) setsockopt(place->socket, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    const bool taken = place->socket >= 0 && bind(place->socket, found->ai_addr, found->ai_addrlen) == 0 &&
                       getsockname(place->socket, &address.any, &size) == 0;
    reason = errno;
    freeaddrinfo(found);
    if (!taken) return no_place(host, port, reason, error);
    place->local = is_local(&address);
    place->url = url_of(host, &address);
    return DM_OK;
}

dm_status place_listen(const Place *place, dm_error *error)
{
    if (listen(place->socket, SOMAXCONN) == 0) return DM_OK;
    return failure(error, "cannot listen for %s: %s", place->url, strerror(errno));
}

void place_leave(Place *place)
{
    if (place->socket >= 0) close(place->socket);
    free(place->url);
}
