/* What is printed when the house is ready. */
#include "supervisor_private.h"

#include "os/socket.h"

#include <unistd.h>

static bool is_any(const union socket_address *address)
{
    if (address->any.sa_family == AF_INET)
        return address->in4.sin_addr.s_addr == htonl(INADDR_ANY);
    return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->in6.sin6_addr);
}

const char *banner_url(const union socket_address *address, bool tls, struct arena *arena)
{
    char text[ADDRESS_TEXT_MOST];
    unsigned port = address_port(address);
    bool ip6 = address->any.sa_family == AF_INET6;
    const char *host = is_any(address) ? "localhost" : address_text(address, text);
    bool brackets = ip6 && !is_any(address);
    struct slice url = arena_printf(arena, "%s://%s%s%s", tls ? "https" : "http",
                                    brackets ? "[" : "", host, brackets ? "]" : "");

    if (port != (tls ? 443 : 80))
        url = arena_printf(arena, "%.*s:%u", SLICE_ARGS(url), port);
    return arena_printf(arena, "%.*s/%s", SLICE_ARGS(url),
                        !is_any(address) ? ""
                        : ip6            ? "  (every IPv6 address)"
                                         : "  (every IPv4 address)")
        .at;
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

void banner_print(const struct house *house, FILE *out)
{
    const struct server_conf *conf = house->plan.conf;
    struct arena arena = { 0 };

    fprintf(out, "Longhouse %s is ready (pid %d)\n", LONGHOUSE_VERSION, (int)getpid());
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        union socket_address local = binding->address;

        /* Port 0 became a real one. */
        (void)socket_local_address(house->ports.fds[binding->index], &local);
        fprintf(out, "  %s\n", banner_url(&local, binding->tls.certificates != NULL, &arena));
    }
    fprintf(out, "  %u host%s, %u reactor%s, running as %s\n", conf->host_count,
            plural(conf->host_count), house->plan.reactors, plural(house->plan.reactors),
            house->identity.name);
    fflush(out);
    arena_done(&arena);
}
