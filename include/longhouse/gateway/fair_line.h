#ifndef GATEWAY_FAIR_LINE_H
#define GATEWAY_FAIR_LINE_H

/*
 * A line that is fair by host, then by client: the hosts take turns, and within each the line is a
 * waiting_line. A host with a thousand requests in the line holds up another one by a single
 * request. No lock and no clock in here.
 */
#include "gateway/waiting_line.h"

struct host_row;

/* One who waits; embedded. Zeroed: in no line. */
struct fair_waiter {
    struct waiter waiter;
    struct host_row *row; /* NULL: in no line */
};

struct fair_line {
    struct list turns; /* the hosts that have somebody in line, in the order of their turns */
    unsigned count;    /* waiters */
};

void fair_line_init(struct fair_line *line);
void fair_line_done(struct fair_line *line); /* must be empty */

/* At the end of its client's row in its host's. `host`: any number that tells hosts apart. */
void fair_line_add(struct fair_line *line, struct fair_waiter *waiter, unsigned host,
                   const union socket_address *client);

/* Leaves; harmless for one in no line. */
void fair_line_remove(struct fair_line *line, struct fair_waiter *waiter);

/* Takes out whose turn it is; NULL: nobody waits. */
struct fair_waiter *fair_line_next(struct fair_line *line);

/*
 * The line is full and `client` of `host` comes: takes out the youngest of the longest row (of the
 * longest host, or of the longest client in the newcomer's host), if that row will still not be
 * shorter than the newcomer's own. NULL: the newcomer has to go.
 */
struct fair_waiter *fair_line_yield(struct fair_line *line, unsigned host,
                                    const union socket_address *client);

#endif
