#ifndef GATEWAY_STICKY_H
#define GATEWAY_STICKY_H

/*
 * Which target a client was with: for SessionTimeout after its last request it goes to the same. A
 * client is its address (IPv6: its /64). Shared by all reactors: 16 stripes with a lock each, held
 * for one look at eight entries. Bounded: when a place is full the session that would end first
 * makes room.
 */
#include "base/address.h"

#include <stdbool.h>
#include <stdint.h>

struct sticky;

#define STICKY_SESSIONS_MOST 65536u

struct sticky *sticky_new(uint64_t timeout_ms);
void sticky_free(struct sticky *sticky); /* NULL: nothing happens */

/* True when the client has a target that was not left alone for too long. */
bool sticky_find(struct sticky *sticky, const union socket_address *client, uint64_t now_ms,
                 unsigned *ret_target);

/* The client is with this target from now on. Addresses that name nobody (unix sockets) are not
 * kept. */
void sticky_put(struct sticky *sticky, const union socket_address *client, uint64_t now_ms,
                unsigned target);

#endif
