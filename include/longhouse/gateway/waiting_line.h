#ifndef GATEWAY_WAITING_LINE_H
#define GATEWAY_WAITING_LINE_H

/*
 * A line of those who wait, fair by client: the clients take turns, and each one's own requests go
 * in the order they came. A client with a hundred requests in the line holds up another by one of
 * them, not by a hundred. No lock and no clock in here.
 */
#include "base/address.h"
#include "base/list.h"
#include "base/table.h"

struct client_line;

/* One who waits; embedded. Zeroed: in no line. */
struct waiter {
    struct list_link link;
    struct client_line *client; /* NULL: in no line */
};

struct waiting_line {
    struct table clients; /* key of the client -> struct client_line * */
    struct list turns;    /* the clients in the order of their turns */
    unsigned count;       /* waiters */
};

void waiting_line_init(struct waiting_line *line);
void waiting_line_done(struct waiting_line *line); /* must be empty */

/* At the end of its client's own row. */
void waiting_line_add(struct waiting_line *line, struct waiter *waiter,
                      const union socket_address *client);

/* Leaves; harmless for one in no line. */
void waiting_line_remove(struct waiting_line *line, struct waiter *waiter);

/* Takes out whose turn it is; NULL: nobody waits. */
struct waiter *waiting_line_next(struct waiting_line *line);

/*
 * The line is full and `client` comes: takes out the youngest waiter of the client with the longest
 * row, if that row will still not be shorter than the newcomer's own. NULL: the newcomer has to go.
 */
struct waiter *waiting_line_yield(struct waiting_line *line, const union socket_address *client);

/* Takes out the youngest waiter of the client with the longest row; NULL: nobody waits. */
struct waiter *waiting_line_yield_any(struct waiting_line *line);

#endif
