#ifndef GATEWAY_SESSION_H
#define GATEWAY_SESSION_H

/*
 * To which target a request belongs, if it belongs to one: a layer over Balance, which chooses for
 * those that belong to none. Visitors are told apart by their address, by the house's own cookie
 * (StickTo), or by the application's (SessionCookie): then only who has a session is pinned.
 *
 * A session of the application that is not in the table (it was opened at another front server, or
 * before a crash) goes where rendezvous sends its value: on all front servers to the same target.
 */
#include "gateway/backend.h"
#include "gateway/sticky.h"
#include "http/exchange.h"

#include <stdbool.h>

#define SESSION_NOBODY (-1)

/* One request's; embedded. */
struct session {
    struct backend_group *group; /* borrowed; NULL: nobody is pinned in this section */
    struct exchange *x;          /* borrowed */
    struct sticky_key key;       /* in the table */
    struct slice value;          /* of the application's session; empty: it has none */
    bool has_own;                /* a cookie of ours came along, whatever it is worth */
    int told;                    /* the target that it names, or SESSION_NOBODY */
    bool is_fresh;               /* and more than half of its time is left */
    int target;                  /* that was reached, or SESSION_NOBODY */
};

/* Looks at the request. */
void session_init(struct session *session, struct backend_group *group, struct exchange *x);

/* The target that the request belongs to, or SESSION_NOBODY; how that is known goes into its
 * record.
 */
int session_target(struct session *session);

/* This target was reached: the visitor stays with it. */
void session_settle(struct session *session, unsigned target);

/*
 * The head of the answer is complete: notes the sessions that it opens and ends, and adds our
 * cookie to its fields if the visitor needs one. Fields that a shared cache may keep (public,
 * s-maxage) get none; others get `Cache-Control: private` with it.
 */
void session_heed(struct session *session, struct fields *fields);

/* The name of our cookie, which programs do not see; empty: none. */
struct slice session_own_cookie(const struct backend_group *group);

#endif
