#include "server/listener.h"

#include "os/fd.h"
#include "os/socket.h"
#include "server/admission.h"
#include "server/reactor.h"
#include "site/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MOST  16u
#define SHARE_SLACK 8u
#define REST_MS     50u    /* until a full reactor looks again by itself */
#define STARVED_MS  200u   /* without descriptors */
#define TELL_MS     60000u /* between two lines about that */

struct listener {
    struct io io; /* the descriptor belongs to the edition */
    struct task task;
    struct reactor *reactor;
    const struct binding_conf *binding;
    bool any_address; /* bound to a wildcard: each connection has a local address of its own */
    unsigned batch;   /* accepts per event: grows while the queue is long */
};

static bool is_any_address(const union socket_address *address)
{
    static const struct in6_addr any6 = IN6ADDR_ANY_INIT;

    if (address->any.sa_family == AF_INET)
        return address->in4.sin_addr.s_addr == INADDR_ANY;
    if (address->any.sa_family == AF_INET6)
        return memcmp(&address->in6.sin6_addr, &any6, sizeof(any6)) == 0;
    return false;
}

static void visit_fill(struct visit *visit, const struct listener *listener, int fd,
                       union socket_address *peer)
{
    char text[ADDRESS_TEXT_MOST];

    address_unmap(peer);
    visit->client = *peer;
    visit->peer = *peer;
    visit->shared = origin_trusts(reading_current(listener->reactor)->services.snapshot->conf,
                                  listener->binding, peer);
    visit->believed = visit->shared;
    if (visit->shared)
        visit->introduction = (enum introduction)listener->binding->proxy_protocol;
    visit->client_port = address_port(peer);
    address_text(peer, text);
    memccpy(visit->client_text, text, 0, sizeof(visit->client_text) - 1);
    visit->binding = listener->binding;
    visit->secure = listener->binding->tls.certificates != NULL;
    visit->local_port = listener->binding->port;
    visit->local = listener->binding->address;
    if (listener->any_address && socket_local_address(fd, &visit->local) == 0)
        address_unmap(&visit->local);
}

static void listener_take(struct listener *listener, int fd, union socket_address *peer)
{
    struct reactor *reactor = listener->reactor;
    struct visit visit = { 0 };

    visit_fill(&visit, listener, fd, peer);
    if (!visit.shared && listener->binding->proxy_protocol == PROXY_PROTOCOL_REQUIRED) {
        stats_add(&reactor->stats.refused, 1);
        log_warning(reactor->house->log,
                    "%s is no TrustedProxy, and port %u is for those alone (ProxyProtocol); closed",
                    visit.client_text, visit.local_port);
        fd_close(&fd);
        return;
    }
    if (!admission_of_connection(reactor, &visit)) {
        stats_add(&reactor->stats.refused, 1);
        fd_close(&fd);
        return;
    }
    reactor_welcome(reactor, fd, &visit);
}

static void listeners_watch(struct reactor *reactor)
{
    if (reactor->listening || reactor->state != REACTOR_OPEN)
        return;
    reactor->listening = true;
    for (unsigned i = 0; i < reactor->listener_count; i++) {
        struct listener *listener = &reactor->listeners[i];
        int r = io_wait_shared(&reactor->loop, &listener->io);

        if (r < 0)
            log_error(reactor->house->log, "reactor %u cannot watch binding %u: %s", reactor->index,
                      i, strerror(-r));
    }
}

static void listeners_unwatch(struct reactor *reactor)
{
    if (!reactor->listening)
        return;
    reactor->listening = false;
    for (unsigned i = 0; i < reactor->listener_count; i++) {
        struct listener *listener = &reactor->listeners[i];

        io_unwatch(&reactor->loop, &listener->io);
        loop_forget(&reactor->loop, &listener->task);
    }
}

static void listeners_pause(struct reactor *reactor, uint64_t pause_ms)
{
    listeners_unwatch(reactor);
    timer_set(&reactor->loop, &reactor->listen_again, reactor->loop.now_ms + pause_ms);
}

bool listeners_may_listen(const struct reactor *reactor)
{
    const struct house *house = reactor->house;

    if (house->reactor_count < 2)
        return true;
    uint64_t mine = stats_get(&reactor->stats.connections_now);
    uint64_t average = guard_connections(house->guard) / house->reactor_count;
    return mine <= average + average / 4 + SHARE_SLACK;
}

static void tell_starved(struct reactor *reactor, int error)
{
    const uint64_t now_ms = reactor->loop.now_ms;

    if (reactor->starved_told_ms != 0 && now_ms < reactor->starved_told_ms + TELL_MS)
        return;
    reactor->starved_told_ms = now_ms;
    log_error(reactor->house->log,
              "reactor %u: cannot accept: %s; clients wait, and five in a second are turned away, "
              "until there are some again (said once a minute). Raise the limit of open files "
              "(ulimit -n, LimitNOFILE)",
              reactor->index, strerror(error));
}

/*
 * The waiting client cannot be taken because descriptors ran out: the spare one is given up to take
 * and close it, so that it learns at once, and the listeners rest.
 */
static void listener_starved(struct listener *listener, int error)
{
    struct reactor *reactor = listener->reactor;
    union socket_address peer;
    int fd = -1;

    fd_close(&reactor->spare_fd);
    if (socket_accept(listener->io.fd, &peer, &fd) == 0) {
        fd_close(&fd);
        stats_add(&reactor->stats.refused, 1);
    }
    reactor->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    tell_starved(reactor, error);
    listeners_pause(reactor, STARVED_MS);
}

static bool is_starvation(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void listener_on_ready(struct task *task)
{
    struct listener *listener = container_of(task, struct listener, task);
    struct reactor *reactor = listener->reactor;
    unsigned taken = 0;

    listener->io.readable = false; /* level-triggered: told again while somebody waits */
    while (taken < listener->batch && reactor->listening) {
        union socket_address peer;
        int fd = -1;
        int r = socket_accept(listener->io.fd, &peer, &fd);

        if (r == -EAGAIN)
            break;
        if (r < 0 && is_starvation(-r)) {
            listener_starved(listener, -r);
            return;
        }
        taken++;
        if (r == 0)
            listener_take(listener, fd, &peer);
    }
    if (taken == listener->batch)
        listener->batch = taken * 2 < BATCH_MOST ? taken * 2 : BATCH_MOST;
    else
        listener->batch = 1;
    if (!listeners_may_listen(reactor))
        listeners_pause(reactor, REST_MS);
}

static void reactor_on_listen(struct task *task)
{
    struct reactor *reactor = container_of(task, struct reactor, listen_task);

    reactor->listen_again.fired = false;
    if (reactor->state != REACTOR_OPEN)
        return;
    if (listeners_may_listen(reactor))
        listeners_watch(reactor);
    else
        listeners_pause(reactor, REST_MS);
}

static void make_listeners(struct reactor *reactor)
{
    const struct edition *edition = reading_current(reactor)->edition;
    const unsigned count = edition->binding_count;

    reactor->listener_count = count;
    reactor->listeners = calloc(count ? count : 1, sizeof(struct listener));
    if (!reactor->listeners)
        abort();
    for (unsigned i = 0; i < count; i++) {
        struct listener *listener = &reactor->listeners[i];

        *listener = (struct listener){
            .task.run = listener_on_ready,
            .reactor = reactor,
            .binding = edition->bindings[i],
            .any_address = is_any_address(&edition->bindings[i]->address),
            .batch = 1,
        };
        io_init(&listener->io, edition->listeners[i], &listener->task);
    }
}

void listeners_prepare(struct reactor *reactor)
{
    make_listeners(reactor);
    reactor->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    reactor->listen_task.run = reactor_on_listen;
    reactor->listen_again.task = &reactor->listen_task;
}

/* The sockets are the same where the address is: who waits in one is found by the next look. */
void listeners_renew(struct reactor *reactor)
{
    const bool was_listening = reactor->listening;

    listeners_unwatch(reactor);
    free(reactor->listeners);
    make_listeners(reactor);
    if (was_listening)
        listeners_watch(reactor);
}

void listeners_open(struct reactor *reactor)
{
    listeners_watch(reactor);
}

void listeners_close(struct reactor *reactor)
{
    listeners_unwatch(reactor);
    timer_stop(&reactor->loop, &reactor->listen_again);
}
