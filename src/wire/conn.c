#include "wire/conn.h"

#include "base/address.h"
#include "base/unset.h"
#include "net/tls.h"
#include "wire_private.h"

#include <stdlib.h>
#include <string.h>

static void run_task(struct task *task)
{
    struct conn *conn = container_of(task, struct conn, wake);

    conn->protocol->advance(conn);
}

static void release(struct grave *grave)
{
    struct conn *conn = container_of(grave, struct conn, grave);

    loop_forget(conn->loop, &conn->wake);
    free(conn);
}

/* ---- the visit, packed ---- */

/* All that stands behind the text, whatever it is. */
#define VISIT_REST     offsetof(struct visit, client_port)
#define VISIT_REST_LEN (sizeof(struct visit) - VISIT_REST)

/* Most often the peer is the client, and need not be kept twice. */
static size_t peer_size(const struct visit *visit)
{
    size_t len = address_size(&visit->peer);

    if (visit->peer.any.sa_family == AF_UNSPEC || memcmp(&visit->peer, &visit->client, len) == 0)
        return 0;
    return len;
}

static struct visit_parts parts_of(const struct visit *visit)
{
    return (struct visit_parts){
        .client_len = (uint8_t)address_size(&visit->client),
        .peer_len = (uint8_t)peer_size(visit),
        .local_len = (uint8_t)address_size(&visit->local),
        .text_len = (uint8_t)strnlen(visit->client_text, sizeof(visit->client_text) - 1),
    };
}

void conn_keep_visit(struct conn *conn, const struct visit *visit)
{
    struct visit_parts parts = parts_of(visit);
    char *at = conn->visit;

    conn->visit_parts = parts;
    at = mempcpy(at, &visit->client, parts.client_len);
    at = mempcpy(at, &visit->peer, parts.peer_len);
    at = mempcpy(at, &visit->local, parts.local_len);
    at = mempcpy(at, visit->client_text, parts.text_len);
    memcpy(at, (const char *)visit + VISIT_REST, VISIT_REST_LEN);
}

static struct conn *conn_new(const struct visit *visit)
{
    struct visit_parts parts = parts_of(visit);
    bool grows = visit->introduction != INTRODUCTION_NONE; /* a longer address may come */
    size_t room = parts.client_len + (size_t)parts.peer_len + parts.local_len + parts.text_len +
                  VISIT_REST_LEN;
    struct conn *conn = malloc(sizeof(*conn) + (grows ? sizeof(*visit) : room));

    if (!conn)
        abort(); /* true exhaustion ends the process; the supervisor starts the next one */
    *conn = (struct conn){ 0 };
    conn_keep_visit(conn, visit);
    return conn;
}

void conn_tell_visit(const struct conn *conn, struct visit *ret)
{
    const char *at = conn->visit;

    *ret = (struct visit){ 0 };
    memcpy(&ret->client, at, conn->visit_parts.client_len);
    at += conn->visit_parts.client_len;
    ret->peer = ret->client;
    if (conn->visit_parts.peer_len > 0)
        memcpy(&ret->peer, at, conn->visit_parts.peer_len);
    at += conn->visit_parts.peer_len;
    memcpy(&ret->local, at, conn->visit_parts.local_len);
    at += conn->visit_parts.local_len;
    memcpy(ret->client_text, at, conn->visit_parts.text_len);
    at += conn->visit_parts.text_len;
    memcpy((char *)ret + VISIT_REST, at, VISIT_REST_LEN);
}

const struct visit *conn_visit(const struct conn *conn)
{
    static _Thread_local struct visit visit;

    conn_tell_visit(conn, &visit);
    return &visit;
}

/* ---- for the owner ---- */

struct conn *conn_open(struct loop *loop, struct transport *transport, const struct visit *visit,
                       const struct wire_limits *limits, struct exchange_owner *exchanges,
                       struct conn_owner *owner)
{
    struct conn *conn = conn_new(visit);

    conn->loop = loop;
    conn->transport = transport;
    conn->limits = limits;
    conn->protocol = visit->introduction == INTRODUCTION_NONE ? conn_first_protocol(conn)
                                                              : &protocol_introduction;
    conn->exchanges = exchanges;
    conn->owner = owner;
    conn->wake.run = run_task;
    conn->timer.task = &conn->wake;
    conn->h1.since_ms = loop->now_ms;
    transport_attach(transport, &conn->wake);
    loop_wake(loop, &conn->wake);
    return conn;
}

void conn_drain(struct conn *conn)
{
    if (!conn->transport || conn->draining)
        return;
    conn->draining = true;
    loop_wake(conn->loop, &conn->wake); /* its protocol sees what that means for it */
}

void conn_end(struct conn *conn, enum reset_reason reason)
{
    if (conn->transport)
        conn->protocol->end(conn, reason);
}

bool conn_is_idle(const struct conn *conn)
{
    return conn->protocol->idle(conn);
}

bool conn_has_asked(const struct conn *conn)
{
    return conn->requests > 0 || conn->h2;
}

bool conn_can_move(const struct conn *conn)
{
    return conn->h2 || conn_is_idle(conn);
}

struct list_link *conn_link(struct conn *conn)
{
    return &conn->link;
}

struct conn *conn_from_link(struct list_link *link)
{
    return container_of(link, struct conn, link);
}

/* ---- another generation ---- */

void conn_move(struct conn *conn, const void *binding, const struct wire_limits *limits)
{
    struct visit visit;

    conn_tell_visit(conn, &visit);
    visit.binding = binding;
    conn_keep_visit(conn, &visit);
    conn->limits = limits;
    if (conn->h2 && conn_first_protocol(conn) != &protocol_opening)
        conn_make_last(conn); /* HTTP/2 is not spoken any more */
}

void conn_make_last(struct conn *conn)
{
    conn->last = true;
    loop_wake(conn->loop, &conn->wake); /* over HTTP/2 that is said at once */
}

void conn_ask_for_rest(struct conn *conn)
{
    conn->tells_rest = true;
}

/* ---- for the protocols ---- */

const struct protocol *conn_first_protocol(const struct conn *conn)
{
    const enum wire_http2 least = conn->transport->secure ? WIRE_HTTP2_BY_ALPN : WIRE_HTTP2_ANYWAY;

    return conn->limits->http2 >= least ? &protocol_opening : &protocol_h1;
}

struct exchange *conn_new_exchange(struct conn *conn, const struct wire_ops *wire, void *wire_self)
{
    UNSET struct visit visit;

    conn_tell_visit(conn, &visit);
    if (conn->transport->secure) {
        visit.tls_version = tls_version_of(conn->transport);
        visit.tls_cipher = tls_cipher_of(conn->transport);
        visit.certificate = tls_peer_of(conn->transport);
    }
    struct exchange *x = exchange_new(conn->loop, conn->exchanges, &visit, wire, wire_self);

    x->request.body.writer = &conn->wake;
    x->response.body.reader = &conn->wake;
    conn->requests++;
    return x;
}

void conn_tell_rest(struct conn *conn)
{
    if (!conn->tells_rest)
        return;
    conn->tells_rest = false;
    conn->owner->ops->rests(conn->owner, conn);
}

void conn_again(struct conn *conn)
{
    conn->looks_again = true;
    loop_wake(conn->loop, &conn->wake);
}

void conn_again_next_turn(struct conn *conn)
{
    conn->looks_again = true;
    conn->next_turn = true;
    loop_wake_next_turn(conn->loop, &conn->wake);
}

bool conn_wait(struct conn *conn, uint64_t due_ms)
{
    /* Without a limit a former one is left where it is: when it fires, nothing is found to be due,
     * and the common request costs no work on the heap. */
    if (due_ms != 0)
        timer_set(conn->loop, &conn->timer, due_ms);
    return transport_wait(conn->transport) == 0;
}

void conn_close(struct conn *conn)
{
    transport_close(conn->transport);
    conn->transport = NULL;
    timer_stop(conn->loop, &conn->timer);
    loop_forget(conn->loop, &conn->wake);
    loop_bury(conn->loop, &conn->grave, release);
    conn->owner->ops->closed(conn->owner, conn);
}
