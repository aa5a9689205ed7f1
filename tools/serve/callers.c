// Whom `dragoman serve` answers. A browser sends requests to this machine for whatever page it shows: what a page is
// called by (Host) and where it comes from (Origin) tell ours from others.
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "serve.h"

// ---- By which name it is called -------------------------------------------------------------------------------------

// Without the port, and [] around an address of IPv6; in `name`. False: too long.
static bool name_in(const char *host, char *name, size_t room)
{
    const bool six = host[0] == '[';
    const size_t length = strcspn(host += six, six ? "]" : ":");
    if (length >= room) return false;
    memcpy(name, host, length);
    name[length] = '\0';
    return true;
}

static bool is_address(const char *name)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

// A page from elsewhere can have its own name made to point here (DNS rebinding), and is then of one origin with us: a
// name must be one of this machine. Addresses point nowhere else, but where the server is for this machine alone, only
// its own are asked for.
bool caller_knows_us(const dm_options *options, bool local, const char *host)
{
    char name[256], machine[256] = "";
    if (!host || !name_in(host, name, sizeof name)) return false;
    if (strcasecmp(name, "localhost") == 0 || strcmp(name, "127.0.0.1") == 0) return true;
    if (strcasecmp(name, dm_options_text(options, "host", 0)) == 0) return true;
    if (local) return strcmp(name, "::1") == 0;
    gethostname(machine, sizeof machine - 1);
    return is_address(name) || (*machine && strcasecmp(name, machine) == 0);
}

// ---- From which page it comes ---------------------------------------------------------------------------------------

Caller caller_from(const dm_options *options, const char *origin, const char *host)
{
    static const char scheme[] = "http://";
    if (!origin) return FROM_HERE;
    if (strncasecmp(origin, scheme, strlen(scheme)) == 0 && strcasecmp(origin + strlen(scheme), host) == 0)
        return FROM_HERE;
    for (int i = 0; i < dm_options_count(options, "allow-origin"); i++) {
        const char *allowed = dm_options_text(options, "allow-origin", i);
        if (strcmp(allowed, "*") == 0 || strcasecmp(allowed, origin) == 0) return FROM_ALLOWED;
    }
    return FROM_ELSEWHERE;
}

// "https://example.org" or "http://localhost:3000", as browsers send it: a slash at the end would never be equal.
static bool is_origin(const char *text)
{
    const char *name = strstr(text, "://");
    if (strcmp(text, "*") == 0 || strcmp(text, "null") == 0) return true;
    return name && name > text && name[3] && !strpbrk(name + 3, "/?#@ *");
}

dm_status callers_check(const dm_options *options, dm_error *error)
{
    for (int i = 0; i < dm_options_count(options, "allow-origin"); i++) {
        const char *text = dm_options_text(options, "allow-origin", i);
        if (!is_origin(text))
            return misuse(error,
                          "--allow-origin %.200s is not what a browser calls the origin of a page: scheme, name and "
                          "port alone, as in https://example.org or http://localhost:3000; or * for every page",
                          text);
    }
    return DM_OK;
}
