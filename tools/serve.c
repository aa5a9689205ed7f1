// dragoman serve: a page to translate in and JSON over HTTP, until Ctrl-C.
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "serve/serve.h"
#include "settings.h"

// Once in a while the clients are looked at. A signal is heard at once.
static void look_on(Service *service)
{
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    clients_look(&service->clients, service->queue);
}

// Nobody new is let in, and no new request taken; the answers that are asked for are made and sent, however long that
// takes: the next signal ends the program at once.
static void finish(Service *service, struct MHD_Daemon *daemon)
{
    MHD_quiesce_daemon(daemon);
    shutdown(service->place.socket, SHUT_RDWR);  // those that stand at the door are sent away
    queue_end(service->queue);
    const size_t waiting = clients_waiting(&service->clients);
    if (waiting) fprintf(stderr, "Ending when all that was asked is answered (%zu); Ctrl-C ends at once\n", waiting);
    while (clients_waiting(&service->clients)) look_on(service);
    MHD_stop_daemon(daemon);
}

static void welcome(const Place *place)
{
    if (!place->local)
        fprintf(stderr, "dragoman: warning: other machines can reach this server, which asks nobody who they are and "
                        "encrypts nothing\n");
    fprintf(stderr, "Open %s in a browser; Ctrl-C ends\n", place->url);
}

static dm_status serve(Service *service, dm_error *error)
{
    dm_status status = place_listen(&service->place, error);
    if (status) return status;
    service->queue = queue_open(service->model, (int)dm_options_number(service->options, "cpu-threads"));
    if (!service->queue) return failure(error, "cannot start a thread: %s", strerror(errno));
    struct MHD_Daemon *daemon = service_start(service);
    if (!daemon) return failure(error, "cannot start to listen for %s", service->place.url);
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    welcome(&service->place);
    while (!caught_signal) look_on(service);
    finish(service, daemon);
    return DM_OK;
}

int serve_command(const dm_options *options)
{
    Service service = {
        .options = options,
        .place.socket = -1,
        .clients = {.lock = PTHREAD_MUTEX_INITIALIZER, .patience = dm_options_number(options, "timeout")},
    };
    dm_error error;
    dm_status status = callers_check(options, &error);
    if (!status)
        status = place_take(&service.place, dm_options_text(options, "host", 0),
                            (int)dm_options_number(options, "port"), &error);
    if (!status) status = open_models(&service.model, options, &error);
    if (!status) status = dm_translate(service.model, NULL, 0, NULL, NULL, &error);  // can it at all?
    if (!status) service.name = name_models(options);
    if (!status) service.info = describe_models(options, service.model);
    if (!status) status = serve(&service, &error);
    if (service.queue) queue_close(service.queue);
    dm_model_close(service.model);
    place_leave(&service.place);
    free(service.name);
    free(service.info);
    return status ? complain(status, &error) : 0;
}
