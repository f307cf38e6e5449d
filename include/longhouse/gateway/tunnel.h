#ifndef GATEWAY_TUNNEL_H
#define GATEWAY_TUNNEL_H

/*
 * A connection to a backend that has become a tunnel: what comes out of one queue goes into it, and
 * what it says goes into another one. Queues are bounded, so whoever is slow slows down who sends.
 * When one side has said all the other one is told, and may go on. Nobody looks at what is said.
 *
 * Advanced by its task, as a link (gateway/fcgi_link.h), whose connection it takes over.
 */
#include "gateway/fcgi_conn.h"
#include "http/body.h"
#include "loop/loop.h"

#include <stdint.h>

enum tunnel_end {
    TUNNEL_OPEN,
    TUNNEL_OVER,   /* both sides have said all */
    TUNNEL_IDLE,   /* nothing was said for too long */
    TUNNEL_BROKEN, /* `error`: negative errno */
};

struct tunnel {
    struct loop *loop;      /* borrowed; NULL: there is none */
    struct task *task;      /* borrowed, as the two queues */
    struct body *up;        /* to the backend */
    struct body *down;      /* from it */
    struct fcgi_conn *conn; /* owned; NULL once it has ended */
    struct timer timer;
    uint64_t idle_ms;
    enum tunnel_end end;
    int error;
    bool up_over; /* the backend was told that no more comes, or wants no more */
};

struct tunnel_plan {
    struct loop *loop;
    struct task *task;
    struct body *up;
    struct body *down;
    uint64_t idle_ms; /* 0: for ever */
};

/* Takes the connection. */
void tunnel_open(struct tunnel *tunnel, const struct tunnel_plan *plan, struct fcgi_conn *conn);

/* Does what can be done now; look at `end` afterwards. `down` is finished when the backend has said
 * all, and in no other case. */
void tunnel_advance(struct tunnel *tunnel);

/* Harmless on a zeroed one and when repeated; end and error stay. */
void tunnel_close(struct tunnel *tunnel);

#endif
