/* One question: who is asked, in which order, and what becomes of the answers. */
#include "base/host_name.h"
#include "resolver_private.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_AGAIN_S 30u   /* getaddrinfo() does not tell how long its answer holds */
#define TRY_S          2     /* to wait for a server, the first time */
#define TRIES          2     /* of each server */
#define ANSWER_ROOM    65535 /* the most that comes by TCP */

struct lookup {
    const union socket_address *nameserver;
    struct resolve_answer *answer;
    const char *why; /* the last failure */
};

static bool asks_system(const struct lookup *look)
{
    return look->nameserver->any.sa_family == AF_UNSPEC;
}

static bool is_known(const struct resolve_answer *answer, const union socket_address *address)
{
    for (unsigned i = 0; i < answer->count; i++) {
        const union socket_address *known = &answer->addresses[i].address;

        if (known->any.sa_family == address->any.sa_family && address_equal_ip(known, address) &&
            address_port(known) == address_port(address))
            return true;
    }
    return false;
}

/* `service`: where its port, priority and weight come from. */
static void add(struct lookup *look, union socket_address address, const struct dns_record *service)
{
    struct resolve_answer *answer = look->answer;

    address_set_port(&address, service->port);
    if (answer->count == RESOLVE_ADDRESSES_MOST || is_known(answer, &address))
        return;
    answer->addresses[answer->count++] = (struct resolved){ .address = address,
                                                            .priority = service->priority,
                                                            .weight = service->weight };
}

static void holds_for(struct lookup *look, uint32_t ttl_s)
{
    if (ttl_s < look->answer->again_s)
        look->answer->again_s = ttl_s;
}

/* ---- DNS ---- */

static const char *failure_text(int error)
{
    switch (error) {
    case HOST_NOT_FOUND:
        return "there is no such name (NXDOMAIN)";
    case NO_DATA:
        return "the name has no such record";
    case TRY_AGAIN:
        return "no DNS server answers, or it failed (SERVFAIL)";
    default:
        return "the DNS server refused, or sent what is no answer";
    }
}

/*
 * One server in place of the system's. For IPv6 the library has a second list, whose entries it
 * frees: they count where the first list has no family.
 */
static void set_server(struct __res_state *state, const union socket_address *server)
{
    for (unsigned i = 0; i < MAXNS; i++) {
        free(state->_u._ext.nsaddrs[i]);
        state->_u._ext.nsaddrs[i] = NULL;
    }
    state->_u._ext.nscount = 0;
    state->nscount = 1;
    if (server->any.sa_family == AF_INET) {
        state->nsaddr_list[0] = server->in4;
        return;
    }
    state->nsaddr_list[0] = (struct sockaddr_in){ .sin_family = 0 };
    state->_u._ext.nsaddrs[0] = malloc(sizeof(struct sockaddr_in6));
    if (!state->_u._ext.nsaddrs[0])
        abort();
    *state->_u._ext.nsaddrs[0] = server->in6;
}

static bool open_dns(const struct lookup *look, struct __res_state *state)
{
    *state = (struct __res_state){ 0 };
    if (res_ninit(state) < 0)
        return false;
    state->retrans = TRY_S;
    state->retry = TRIES;
    if (!asks_system(look))
        set_server(state, look->nameserver);
    return true;
}

static bool ask_dns(struct lookup *look, const char *name, unsigned type, struct dns_answer *ret)
{
    struct __res_state state;
    unsigned char *room = malloc(ANSWER_ROOM);
    bool good = false;

    if (!room)
        abort();
    if (open_dns(look, &state)) {
        int len = res_nquery(&state, name, ns_c_in, (int)type, room, ANSWER_ROOM);

        if (len < 0)
            look->why = failure_text(state.res_h_errno);
        else if (len > ANSWER_ROOM || !dns_read(slice_of(room, (size_t)len), type, ret))
            look->why = "the DNS server sent what is no answer";
        else if (ret->count == 0)
            look->why = failure_text(NO_DATA);
        else
            good = true;
        res_nclose(&state);
    } else {
        look->why = "the system's resolver cannot be set up";
    }
    free(room);
    return good;
}

static void find_by_dns(struct lookup *look, const char *host, const struct dns_record *service)
{
    static const unsigned types[] = { ns_t_a, ns_t_aaaa };
    struct dns_answer *found = malloc(sizeof(*found));

    if (!found)
        abort();
    for (size_t t = 0; t < 2; t++) {
        if (!ask_dns(look, host, types[t], found))
            continue;
        holds_for(look, found->ttl_s);
        for (unsigned i = 0; i < found->count; i++)
            add(look, found->records[i].address, service);
    }
    free(found);
}

/* ---- the system ---- */

static void find_by_system(struct lookup *look, const char *host, const struct dns_record *service)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    int error = getaddrinfo(host, NULL, &hints, &found);

    if (error != 0) {
        look->why = gai_strerror(error);
        return;
    }
    for (const struct addrinfo *at = found; at; at = at->ai_next) {
        union socket_address address = { 0 };

        if ((at->ai_family != AF_INET && at->ai_family != AF_INET6) ||
            at->ai_addrlen > sizeof(address))
            continue;
        memcpy(&address, at->ai_addr, at->ai_addrlen);
        add(look, address, service);
    }
    freeaddrinfo(found);
    holds_for(look, SYSTEM_AGAIN_S);
}

static void find_host(struct lookup *look, const char *host, const struct dns_record *service)
{
    if (asks_system(look))
        find_by_system(look, host, service);
    else
        find_by_dns(look, host, service);
}

/* ---- SRV ---- */

/* The least priority first, then the heavier: what does not fit is what matters least. */
static int compare_services(const void *a, const void *b)
{
    const struct dns_record *one = a;
    const struct dns_record *other = b;

    if (one->priority != other->priority)
        return one->priority < other->priority ? -1 : 1;
    return (int)other->weight - (int)one->weight;
}

static void find_services(struct lookup *look, const char *name)
{
    struct dns_answer *services = malloc(sizeof(*services));

    if (!services)
        abort();
    if (ask_dns(look, name, ns_t_srv, services)) {
        holds_for(look, services->ttl_s);
        qsort(services->records, services->count, sizeof(services->records[0]), compare_services);
        look->why = "its SRV records name no host";
        for (unsigned i = 0; i < services->count && i < RESOLVE_ADDRESSES_MOST; i++) {
            const struct dns_record *service = &services->records[i];

            if (service->port > 0 && host_name_is_good(slice_cstr(service->host)))
                find_host(look, service->host, service);
        }
    }
    free(services);
}

/* ---- the whole ---- */

void lookup(const struct resolve_ask *ask, const union socket_address *nameserver,
            struct resolve_answer *ret)
{
    struct lookup look = { .nameserver = nameserver, .answer = ret, .why = "no address" };
    const struct dns_record plain = { .port = ask->port };
    char name[HOST_NAME_MOST + 2];

    *ret = (struct resolve_answer){ .token = ask->token, .again_s = RESOLVE_AGAIN_MOST_S };
    memcpy(name, ask->name.at, ask->name.len);
    name[ask->name.len] = '\0';
    if (ask->is_srv)
        find_services(&look, name);
    else
        find_host(&look, name, &plain);
    if (ret->again_s < RESOLVE_AGAIN_LEAST_S)
        ret->again_s = RESOLVE_AGAIN_LEAST_S;
    if (ret->count == 0)
        ret->error = slice_cstr(look.why);
}
