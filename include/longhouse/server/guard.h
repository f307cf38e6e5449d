#ifndef SERVER_GUARD_H
#define SERVER_GUARD_H

/*
 * How many connections there are, in all and per client. Shared by all reactors: 64 stripes, one
 * short lock at accept and at close.
 *
 * Over the connections of a trusted proxy many clients come: those connections count in all only,
 * and the requests in progress of each client count for it instead. With ReconnectDelay a closed
 * connection counts for its client that much longer.
 */
#include "base/address.h"

#include <stdint.h>

struct guard;

enum guard_word {
    GUARD_WELCOME,
    GUARD_FULL,        /* over ConnectionsTotal: 503 */
    GUARD_TOO_MANY,    /* over ConnectionsPerIP: 429 */
    GUARD_DROP_CLIENT, /* so far over ConnectionsPerIP that not even an answer is given */
    GUARD_DROP,        /* the same, over ConnectionsTotal */
};

/* A limit of 0 is no limit. `linger_ms`: for how long a closed connection still counts. */
struct guard *guard_new(uint64_t total_most, uint64_t per_client_most, uint64_t linger_ms);
/* Also while it is in use: who is inside stays. What is closed already counts as long as it would
 * if it were closed now, at most. */
void guard_set_limits(struct guard *guard, uint64_t total_most, uint64_t per_client_most,
                      uint64_t linger_ms, uint64_t now_ms);
void guard_free(struct guard *guard);

/* Counts a new connection, unless the answer is to drop it. `client` NULL: counted in all only. */
enum guard_word guard_enter(struct guard *guard, const union socket_address *client,
                            uint64_t now_ms);

/* The end of a connection that was counted. */
void guard_leave(struct guard *guard, const union socket_address *client, uint64_t now_ms);

/* Counts a request that came over a trusted proxy, unless the answer is GUARD_TOO_MANY. */
enum guard_word guard_enter_request(struct guard *guard, const union socket_address *client,
                                    uint64_t now_ms);
void guard_leave_request(struct guard *guard, const union socket_address *client, uint64_t now_ms);

uint64_t guard_connections(const struct guard *guard);

#endif
