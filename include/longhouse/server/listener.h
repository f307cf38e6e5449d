#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

/*
 * How a reactor takes new connections from the sockets that all reactors share: a few per turn, not
 * more than its fair share, and with a pause when descriptors run out.
 */
#include "http/exchange.h"

#include <stdbool.h>

struct reactor;

void listeners_prepare(struct reactor *reactor); /* before its thread runs */
void listeners_open(struct reactor *reactor);    /* begins to watch */
void listeners_renew(struct reactor *reactor);   /* for another reading, that is current now */
void listeners_close(struct reactor *reactor);   /* for good */

/* False while the reactor carries more than its fair share of connections. */
bool listeners_may_listen(const struct reactor *reactor);

/* Of the reactor: a connection that was counted by the guard. Takes the descriptor. */
void reactor_welcome(struct reactor *reactor, int fd, const struct visit *visit);

#endif
