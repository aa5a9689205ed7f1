// HTTP for `dragoman serve`, by libmicrohttpd, a thread for each connection: what is where, and how it is sent.
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "page/page.h"
#include "serve.h"

// A request as it comes in. What goes beyond MOST_BODY is read and forgotten: a client that is still sending does not
// hear what is said to it.
typedef struct Request {
    char *body;
    size_t size, room;
    bool too_large;
} Request;

static Client *client_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static Caller caller_of(const Service *s, struct MHD_Connection *connection)
{
    return caller_from(s->options, header(connection, "Origin"), header(connection, "Host"));
}

// ---- What is where --------------------------------------------------------------------------------------------------

static Reply answer_question(Service *s, struct MHD_Connection *connection, const Request *request, QuestionKind kind)
{
    Question question = {.kind = kind};
    dm_error error;
    size_t line;
    Reply reply;
    if (question_read(&question, request->body, request->size, s->model, &line, &error)) {
        reply = reply_error(400, line, error.message);
    } else {
        Job *job = queue_add(s->queue, &question);
        client_waits(&s->clients, client_of(connection), job);
        reply = (kind == SHOW_ATTENTION ? reply_attention : reply_translations)(s->queue, job);
        client_waits(&s->clients, client_of(connection), NULL);
        queue_remove(s->queue, job);
    }
    question_free(&question);
    return reply;
}

static Reply reply_text(const char *type, char *text, size_t size)
{
    return (Reply){.status = 200, .type = type, .text = text, .size = size};
}

static Reply page_file(const PageFile *file)
{
    char *text = allocate(file->size, 1);
    memcpy(text, file->bytes, file->size);
    return reply_text(file->type, text, file->size);
}

static const PageFile *find_page(const char *path)
{
    for (const PageFile *file = page_files; file->path; file++)
        if (strcmp(file->path, path) == 0) return file;
    return NULL;
}

static Reply translate(Service *s, struct MHD_Connection *connection, const Request *request)
{
    return answer_question(s, connection, request, TRANSLATE_LINES);
}

static Reply attend(Service *s, struct MHD_Connection *connection, const Request *request)
{
    return answer_question(s, connection, request, SHOW_ATTENTION);
}

static Reply inform(Service *s, struct MHD_Connection *connection, const Request *request)
{
    (void)connection, (void)request;
    return reply_text("application/json", format_text("%s\n", s->info), strlen(s->info) + 1);
}

static Reply tell_health(Service *s, struct MHD_Connection *connection, const Request *request)
{
    (void)connection, (void)request;
    return reply_health(s->queue, s->name);
}

static const struct Route {
    const char *path;
    bool posts;
    Reply (*answer)(Service *s, struct MHD_Connection *connection, const Request *request);
} routes[] = {
    {"/translate", true, translate},
    {"/attention", true, attend},
    {"/info", false, inform},
    {"/health", false, tell_health},
};

static const struct Route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (strcmp(routes[i].path, path) == 0) return &routes[i];
    return NULL;
}

// Before a page of another origin sends JSON its browser asks whether it may (https://fetch.spec.whatwg.org, 3.3).
static bool is_preflight(struct MHD_Connection *connection, const char *method)
{
    return strcmp(method, "OPTIONS") == 0 && header(connection, "Access-Control-Request-Method");
}

static Reply refuse_method(bool posts)
{
    Reply reply = reply_error(405, 0, posts ? "send a POST request: curl does with -d" : "send a GET request");
    reply.allow = posts ? "POST" : "GET, HEAD";
    return reply;
}

static Reply respond(Service *s, struct MHD_Connection *connection, const char *path, const char *method,
                     const Request *request)
{
    const PageFile *file = find_page(path);
    const struct Route *route = find_route(path);
    const bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0, posts = route && route->posts;
    if (!caller_knows_us(s->options, s->place.local, header(connection, "Host")))
        return reply_error(403, 0, "this is not what the server is called: ask localhost, its address, or its --host");
    if (caller_of(s, connection) == FROM_ELSEWHERE)
        return reply_error(403, 0, "pages from elsewhere are not answered, but those that --allow-origin names");
    if (!route && !file)
        return reply_error(404, 0, "there is nothing here: ask for /, /translate, /attention, /info or /health");
    if (caller_of(s, connection) == FROM_ALLOWED && is_preflight(connection, method))
        return (Reply){.status = 204, .type = "text/plain"};
    if (posts ? strcmp(method, "POST") != 0 : !get) return refuse_method(posts);
    if (request->too_large) return reply_error(413, 0, "the request has more than 1 MiB: send fewer lines at once");
    return route ? route->answer(s, connection, request) : page_file(file);
}

// ---- libmicrohttpd's side -------------------------------------------------------------------------------------------

// What lets a page that --allow-origin names read the answer.
static void allow_origin(struct MHD_Connection *connection, struct MHD_Response *response)
{
    MHD_add_response_header(response, "Access-Control-Allow-Origin", header(connection, "Origin"));
    MHD_add_response_header(response, "Access-Control-Allow-Methods", "GET, HEAD, POST");
    MHD_add_response_header(response, "Access-Control-Allow-Headers", "Content-Type");
    MHD_add_response_header(response, "Vary", "Origin");
}

static enum MHD_Result send_reply(Service *s, struct MHD_Connection *connection, const Reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(reply->size, reply->text, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(reply->text);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", reply->type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "Content-Security-Policy",
                            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    if (reply->allow) MHD_add_response_header(response, "Allow", reply->allow);
    if (caller_of(s, connection) == FROM_ALLOWED) allow_origin(connection, response);
    client_takes(&s->clients, client_of(connection), reply->size);
    enum MHD_Result result = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static void take_in(Request *request, const char *bytes, size_t count)
{
    const size_t size = request->size + count;
    request->too_large = request->too_large || size > MOST_BODY;
    if (request->too_large) return;
    if (size >= request->room) {
        char *larger = allocate(2 * size, 1);
        memcpy(larger, request->body, request->size);
        free(request->body);
        request->body = larger;
        request->room = 2 * size;
    }
    memcpy(request->body + request->size, bytes, count);
    request->size = size;
    request->body[size] = '\0';
}

static Request *new_request(void)
{
    Request *request = allocate(1, sizeof *request);
    request->body = allocate(1, 1);
    return request;
}

// Called when the head of a request is there, for every part of its body, and when all of it is there.
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *bytes, size_t *count, void **of_request)
{
    Service *s = context;
    Request *request = *of_request;
    if (!request) {
        *of_request = new_request();
        return MHD_YES;
    }
    if (*count) {
        take_in(request, bytes, *count);
        *count = 0;
        return MHD_YES;
    }
    client_asks(&s->clients, client_of(connection), strcmp(version, MHD_HTTP_VERSION_1_1) == 0);
    Reply reply = respond(s, connection, path, method, request);
    return send_reply(s, connection, &reply);
}

static void request_ended(void *context, struct MHD_Connection *connection, void **of_request,
                          enum MHD_RequestTerminationCode how)
{
    Service *s = context;
    Request *request = *of_request;
    (void)how;
    if (request) free(request->body);
    free(request);
    client_may_ask(&s->clients, client_of(connection));
}

static void connection_changed(void *context, struct MHD_Connection *connection, void **of_connection,
                               enum MHD_ConnectionNotificationCode what)
{
    Service *s = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *of_connection = client_enter(
            &s->clients, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    else
        client_leave(&s->clients, *of_connection);
}

struct MHD_Daemon *service_start(Service *s)
{
    return MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                                MHD_USE_ITC,
                            0, NULL, NULL, handle, s, MHD_OPTION_LISTEN_SOCKET, s->place.socket,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CLIENTS, MHD_OPTION_NOTIFY_COMPLETED,
                            request_ended, s, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, s, MHD_OPTION_END);
}
