// dragoman serve: a page to translate in and JSON over HTTP, for this machine alone, until Ctrl-C.
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "serve/serve.h"
#include "settings.h"

static const struct timespec a_while = {.tv_nsec = 200000000};

// ---- The port -------------------------------------------------------------------------------------------------------

static dm_status no_port(int port, int reason, dm_error *error)
{
    if (reason == EADDRINUSE)
        return failure(error,
                       "port %d is in use: end the program that has it (another dragoman serve?), or choose another "
                       "with --port; --port 0 takes a free one",
                       port);
    if (reason == EACCES)
        return failure(error, "port %d is not for everybody: choose one from 1024 up with --port", port);
    return failure(error, "cannot listen on port %d: %s", port, strerror(reason));
}

// A socket that has the port, so that it is known before the model is read; nobody can connect yet. *port: which it is.
static dm_status take_port(int *listening, int *port, dm_error *error)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*listening >= 0) setsockopt(*listening, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (*listening < 0 || bind(*listening, (struct sockaddr *)&address, size) != 0 ||
        getsockname(*listening, (struct sockaddr *)&address, &size) != 0)
        return no_port(*port, errno, error);
    *port = ntohs(address.sin_port);
    return DM_OK;
}

// ---- From start to end ----------------------------------------------------------------------------------------------

// Everybody who waits is told that this is the end, and has a second to take it in.
static void say_goodbye(Service *service, struct MHD_Daemon *daemon)
{
    MHD_quiesce_daemon(daemon);
    queue_stop(service->queue);
    for (int i = 0; i < 5 && !clients_served(&service->clients); i++) nanosleep(&a_while, NULL);
    MHD_stop_daemon(daemon);
}

static dm_status serve(Service *service, const dm_options *options, int listening, int port, dm_error *error)
{
    if (listen(listening, SOMAXCONN) != 0) return no_port(port, errno, error);
    service->queue = queue_open(service->model, (int)dm_options_number(options, "cpu-threads"));
    if (!service->queue) return failure(error, "cannot start a thread: %s", strerror(errno));
    struct MHD_Daemon *daemon = service_start(service, listening);
    if (!daemon) {
        queue_stop(service->queue);
        return failure(error, "cannot start to listen on port %d", port);
    }
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    fprintf(stderr, "Open http://127.0.0.1:%d/ in a browser; Ctrl-C ends\n", port);
    while (!caught_signal) {
        nanosleep(&a_while, NULL);
        clients_look(&service->clients, service->queue);
    }
    say_goodbye(service, daemon);
    return DM_OK;
}

int serve_command(const dm_options *options)
{
    Service service = {
        .clients = {.lock = PTHREAD_MUTEX_INITIALIZER, .patience = dm_options_number(options, "timeout")}};
    int listening = -1, port = (int)dm_options_number(options, "port");
    dm_error error;
    dm_status status = take_port(&listening, &port, &error);
    if (!status) status = open_models(&service.model, options, &error);
    if (!status) service.info = describe_models(options, service.model);
    if (!status) status = serve(&service, options, listening, port, &error);
    if (service.queue) queue_close(service.queue);
    dm_model_close(service.model);
    if (listening >= 0) close(listening);
    free(service.info);
    return status ? complain(status, &error) : 0;
}
