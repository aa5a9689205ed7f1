// HTTP for `dragoman serve`, by libmicrohttpd, a thread for each connection: who may ask, what is where, and limits.
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

// ---- Who may ask ----------------------------------------------------------------------------------------------------

// localhost or 127.0.0.1, with or without a port. (A page from elsewhere whose name was made to point here, by DNS, has
// another name in its requests.)
static bool is_here(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1"};
    for (size_t i = 0; host && i < sizeof names / sizeof names[0]; i++) {
        const size_t length = strlen(names[i]);
        if (strncasecmp(host, names[i], length) == 0 && (!host[length] || host[length] == ':')) return true;
    }
    return false;
}

// A browser says which page a request comes from: it has to be ours.
static bool is_ours(const char *origin, const char *host)
{
    const size_t scheme = strlen("http://");
    return !origin || (strncasecmp(origin, "http://", scheme) == 0 && strcasecmp(origin + scheme, host) == 0);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
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

static bool is_page_file(const char *path, const PageFile **file)
{
    for (*file = page_files; (*file)->path; ++*file)
        if (strcmp((*file)->path, path) == 0) return true;
    return false;
}

static Reply route(Service *s, struct MHD_Connection *connection, const char *path, const char *method,
                   const Request *request)
{
    const PageFile *file;
    const bool translate = strcmp(path, "/translate") == 0, attention = strcmp(path, "/attention") == 0,
               info = strcmp(path, "/info") == 0, page = is_page_file(path, &file), posts = translate || attention;
    const bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0, post = strcmp(method, "POST") == 0;
    if (!is_here(header(connection, "Host")) || !is_ours(header(connection, "Origin"), header(connection, "Host")))
        return reply_error(403, 0, "only pages and programs of this machine are answered, at localhost or 127.0.0.1");
    if (!posts && !info && !page)
        return reply_error(404, 0, "there is nothing here: ask for /, /translate, /attention or /info");
    if (posts ? !post : !get) {
        Reply reply = reply_error(405, 0, posts ? "send a POST request: curl does with -d" : "send a GET request");
        reply.allow = posts ? "POST" : "GET, HEAD";
        return reply;
    }
    if (request->too_large) return reply_error(413, 0, "the request has more than 1 MiB: send fewer lines at once");
    if (info) return reply_text("application/json", format_text("%s\n", s->info), strlen(s->info) + 1);
    return page ? page_file(file)
                : answer_question(s, connection, request, translate ? TRANSLATE_LINES : SHOW_ATTENTION);
}

// ---- libmicrohttpd's side -------------------------------------------------------------------------------------------

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
    (void)version;
    if (!request) {
        *of_request = new_request();
        return MHD_YES;
    }
    if (*count) {
        take_in(request, bytes, *count);
        *count = 0;
        return MHD_YES;
    }
    client_waits(&s->clients, client_of(connection), NULL);
    Reply reply = route(s, connection, path, method, request);
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

struct MHD_Daemon *service_start(Service *s, int listening)
{
    return MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                                MHD_USE_ITC,
                            0, NULL, NULL, handle, s, MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)MOST_CLIENTS, MHD_OPTION_NOTIFY_COMPLETED, request_ended, s,
                            MHD_OPTION_NOTIFY_CONNECTION, connection_changed, s, MHD_OPTION_END);
}
