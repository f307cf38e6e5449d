#ifndef SERVER_GUARD_H
#define SERVER_GUARD_H

/*
 * How many connections there are, in all and per client. Shared by all reactors: 64 stripes, one
 * short lock at accept and at close.
 *
 * Over the connections of a trusted proxy many clients come: those connections count in all only,
 * and the requests in progress of each client count for it instead.
 */
#include "base/address.h"

#include <stdint.h>

struct guard;

enum guard_word {
    GUARD_WELCOME,
    GUARD_FULL,     /* over ConnectionsTotal: 503 */
    GUARD_TOO_MANY, /* over ConnectionsPerIP: 429 */
    GUARD_DROP,     /* so far over that not even an answer is given */
};

/* A limit of 0 is no limit. */
struct guard *guard_new(uint64_t total_most, uint64_t per_client_most);
void guard_free(struct guard *guard);

/* Counts a new connection, unless the answer is GUARD_DROP. `client` NULL: a trusted proxy's. */
enum guard_word guard_enter(struct guard *guard, const union socket_address *client);

/* The end of a connection that was counted. */
void guard_leave(struct guard *guard, const union socket_address *client);

/* Counts a request that came over a trusted proxy, unless the answer is GUARD_TOO_MANY. */
enum guard_word guard_enter_request(struct guard *guard, const union socket_address *client);
void guard_leave_request(struct guard *guard, const union socket_address *client);

uint64_t guard_connections(const struct guard *guard);

#endif
