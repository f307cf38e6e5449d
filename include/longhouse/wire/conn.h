#ifndef WIRE_CONN_H
#define WIRE_CONN_H

/*
 * An accepted connection: which protocol, how long idle, draining. HTTP/1 and HTTP/2 are siblings.
 *
 * A connection that waits for its next request holds no chunk and no exchange.
 */
#include "http/exchange.h"
#include "wire/h1_parse.h"

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct loop;
struct transport;

/* Where HTTP/2 is spoken (RFC 9113 3). */
enum wire_http2 {
    WIRE_HTTP2_NEVER,
    WIRE_HTTP2_BY_ALPN, /* over TLS, to clients that ask for it in the handshake */
    WIRE_HTTP2_ANYWAY,  /* without TLS as well, to clients that begin with it */
};

/* From the binding; borrowed by the connection, must outlive it (the snapshot is held by the
 * owner). */
struct wire_limits {
    struct h1_limits head;
    uint64_t first_head_ms; /* whole first head; beyond: 408 */
    uint64_t next_head_ms;  /* later ones, idle time included; beyond: silent close */
    uint64_t body_bytes;    /* of a request, chunked ones too: 413 beyond; 0: no limit */
    uint64_t put_bytes;     /* the same for PUT, if that is more */
    unsigned body_rate; /* least bytes/s of a request body, averaged, after body_grace_ms; 0: off */
    uint64_t body_grace_ms;
    uint64_t send_ms;         /* a client that takes nothing for this long is dropped; 0: never */
    unsigned keep_alive_most; /* requests after the first on one connection; 0: keep-alive is off */
    enum wire_http2 http2;
};

struct conn_owner {
    const struct conn_owner_ops *ops;
};
struct conn_owner_ops {
    /* The connection is closed and will be freed at the end of the turn; its memory is still valid
     * now. */
    void (*closed)(struct conn_owner *, struct conn *);

    /* For visits with an introduction. The proxy named its client, which is in the visit now; the
     * owner may change what it thinks of it. */
    void (*introduced)(struct conn_owner *, struct visit *);
    /* What came is no introduction; the connection will be closed. */
    void (*misled)(struct conn_owner *, struct conn *, const char *why);
    /* An HTTP/2 client broke the rules of the protocol, or wears the house out; the connection will
     * be closed, and the client is told. Once. */
    void (*misbehaved)(struct conn_owner *, struct conn *, const char *why);
    /* After conn_ask_for_rest(), once: its exchange is over, the next has not begun. */
    void (*rests)(struct conn_owner *, struct conn *);
};

/*
 * Takes the transport. Reads at once: often the request is already there. `visit` is copied.
 * Exchanges are given to `exchanges`, the end of the connection is told to `owner`.
 */
struct conn *conn_open(struct loop *loop, struct transport *transport, const struct visit *visit,
                       const struct wire_limits *limits, struct exchange_owner *exchanges,
                       struct conn_owner *owner);

/* No further request: idle ones close now, busy ones after the answer in progress ("Connection:
 * close"; over HTTP/2 GOAWAY, and what was on its way before the client heard of it is answered).
 */
void conn_drain(struct conn *conn);

/* Ends now; an exchange in progress is cancelled with `reason`. */
void conn_end(struct conn *conn, enum reset_reason reason);

bool conn_is_idle(const struct conn *conn); /* no exchange in progress */

/* ---- under another generation of the configuration; the first two while it can move ---- */

/* HTTP/1: it has no exchange. HTTP/2: always; what was asked before goes its way. */
bool conn_can_move(const struct conn *conn);

/* What is asked next is asked of this binding, with its limits. */
void conn_move(struct conn *conn, const void *binding, const struct wire_limits *limits);

/* Its next request is its last: answered, then closed. HTTP/2: as when it drains. */
void conn_make_last(struct conn *conn);

/* The owner wants to hear when its present or next exchange is over. */
void conn_ask_for_rest(struct conn *conn);

/* It had an exchange, has one, or could: what comes before a request is over. */
bool conn_has_asked(const struct conn *conn);

/* As given to conn_open(). Valid until the next call in the same thread. */
const struct visit *conn_visit(const struct conn *conn);

/* For the owner: a list link and what it wants to remember. */
struct list_link *conn_link(struct conn *conn);
struct conn *conn_from_link(struct list_link *link);

#endif
