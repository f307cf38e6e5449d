#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H

/*
 * Who may come in: looked at once when a connection is accepted and once more for each request,
 * since over the connection of a trusted proxy many clients come, and a client may be banned while
 * it is here. Order: MaxServerLoad, bans, ConnectionsTotal and ConnectionsPerIP, BanOnFlooding.
 */
#include "http/exchange.h"
#include "site/router.h"

#include <stdbool.h>

struct reactor;

/* A new connection; counts it. True: it is welcome, or will be answered what visit->refuse says.
 * False: it was not counted and is not worth an answer. */
bool admission_of_connection(struct reactor *reactor, struct visit *visit);
void admission_ends_connection(struct reactor *reactor, const struct visit *visit);

/* A request, before it is routed to `host`; finds out who asks when it came over a trusted proxy.
 * False: it is refused (router_refuse()). */
bool admission_of_request(struct reactor *reactor, struct exchange *x);
void admission_ends_request(struct reactor *reactor, const struct exchange *x);

#endif
