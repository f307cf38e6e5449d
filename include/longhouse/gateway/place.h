#ifndef GATEWAY_PLACE_H
#define GATEWAY_PLACE_H

/*
 * A place at a target: the right of one request to one connection. Who finds no free one waits in a
 * line that is fair by host and client, until a connection is free, a target is there again, or its
 * patience (Queue) is over. Busy is not down, and starting anew (RestartHold) is neither.
 *
 *   NONE ──take──> GIVEN ──leave──> NONE         GIVEN ──fail──> as take
 *            └───> WAITING ──> GIVEN
 *            └───> NOBODY | REFUSED <── WAITING
 *
 * Of those who wait for a target in trouble one is its prober: it is GIVEN the target after a
 * pause, again and again, and when it gets through the others follow. One request at a time knocks
 * at a door that may be closed.
 */
#include "gateway/backend.h"
#include "gateway/desk.h"
#include "gateway/fcgi_conn.h"

enum place_state {
    PLACE_NONE, /* after WAITING: things have changed, take again */
    PLACE_WAITING,
    PLACE_GIVEN,   /* `backend`, and with `conn` a connection that was kept */
    PLACE_NOBODY,  /* no target is left that could be asked */
    PLACE_REFUSED, /* the line is full */
};

/* What was decided about one who waits, until its own thread has read it. */
enum place_decision {
    DECIDED_NOTHING,
    DECIDED_GIVEN,
    DECIDED_PROBE,   /* it is the prober of `probes` from now on */
    DECIDED_AGAIN,   /* it has to choose anew */
    DECIDED_REFUSED, /* it had to yield to another */
};

/* One request's; embedded, used by the thread of its desk only. */
struct place {
    struct backend_group *group; /* borrowed, as all pointers but `conn` */
    struct desk *desk;
    struct task *task; /* woken when the state has changed */
    const union socket_address *client;
    unsigned host; /* any number that tells hosts apart */
    int wanted;    /* the target that the request belongs to; -1: any */
    bool *tried;   /* by target: not to be asked again by this request */
    bool *fit;     /* by target: room for thoughts */
    enum place_state state;
    struct backend *backend; /* GIVEN */
    struct fcgi_conn *conn;  /* owned; GIVEN: kept, for the user to take; or NULL */
    struct timer timer;      /* WAITING */
    uint64_t waits_since_ms; /* the first time; 0: it never had to wait */
    bool prober;             /* GIVEN: of its target */
    bool praise;             /* the target has answered well */

    /* Under the lock of the group. */
    struct fair_waiter waiter;
    struct fair_line *line; /* NULL: in none */
    bool counted;           /* among group->waiting */
    struct backend *probes; /* whose prober it is; NULL: of none */
    enum place_decision decided;
    struct backend *given;
    struct fcgi_conn *given_conn; /* of its own thread */
    int given_fd;                 /* a kept connection of another thread; -1: none */
    struct tls_line *given_tls;   /* and what was said of TLS on it; NULL: nothing */
    struct desk_note news;
};

/* Who asks, and for what; `tried` and `fit` have room for all targets, all false. */
void place_init(struct place *place, struct backend_group *group, struct desk *desk,
                struct task *task, unsigned host, const union socket_address *client, bool *tried,
                bool *fit);

/* The state is NONE. Returns the new one. */
enum place_state place_take(struct place *place);

/* To be called when the task runs while WAITING. Returns the state. */
enum place_state place_advance(struct place *place);

/* It waits, and has waited as long as Queue allows. */
bool place_is_late(const struct place *place);

/* The place is GIVEN: what became of the connection. */
enum place_fault {
    PLACE_BUSY,        /* its queue is full (EAGAIN) */
    PLACE_OVERLOADED,  /* it says that it is (OVERLOADED, CANT_MULTIPLEX) */
    PLACE_DOWN,        /* its socket is missing or refuses */
    PLACE_UNREACHABLE, /* another failure to connect: it rests, and is not asked again */
};

/* For the log, of what has changed by it. */
struct place_news {
    bool is_down;     /* the target is gone from now on, and its requests wait (RestartHold) */
    uint64_t rest_ms; /* it rests from now on, for so long; 0: it does not, or did already */
};

/* Another target, or the same again later. Returns the new state. */
enum place_state place_fail(struct place *place, enum place_fault fault, struct place_news *ret);

/*
 * The target was connected to; `answered`: it has begun to answer. Harmless when repeated. Returns
 * for how many ms it was gone, if this ends that; else 0.
 */
uint64_t place_reached(struct place *place, bool answered);

/* A request failed by the target's fault. Returns for how many ms it rests because of that; 0: it
 * does not. */
uint64_t place_blame(struct place *place);

/* It answered well: known to the others when the place is left. */
static inline void place_praise(struct place *place)
{
    place->praise = true;
}

/* Another target than the one it has could be asked now or soon. */
bool place_has_other(struct place *place);

/*
 * Gives back the place, in whatever state. `conn`: the connection, which may serve another request;
 * it is kept if there is a use for it, else closed. NULL: it is closed already. Must be called
 * before the memory goes; harmless when repeated.
 */
void place_leave(struct place *place, struct fcgi_conn *conn);

/* ---- for those who look after targets (gateway/probe.h); `own` is the desk of their thread ----
 */

/* The target is well. True: it rested, and does not any more. */
bool place_found_well(struct backend_group *group, struct backend *backend, const struct desk *own);

/* It is not, unless it has answered a request since `since_ms`. Returns for how many ms it rests
 * from now on because of that; 0: it does not, or did already. */
uint64_t place_found_ill(struct backend_group *group, struct backend *backend,
                         const struct desk *own, uint64_t since_ms);

/* False: it has none now. */
bool place_address(struct backend_group *group, const struct backend *backend,
                   union socket_address *ret);

/* Closes what this desk's thread keeps; its reactor ends. Nobody of that thread has a place. */
void place_close_kept(struct backend_group *group, struct desk *desk);

#endif
