#ifndef GATEWAY_BALANCE_H
#define GATEWAY_BALANCE_H

/*
 * Which target a request without a session goes to, by the section's Balance and the weights.
 * Everything under the lock of the group.
 *
 * hash: rendezvous (highest random weight) of client and target, so that a target that comes or
 * goes moves only its own clients; a target whose load is a quarter above the average is passed
 * over for the client's next one.
 */
#include "base/address.h"
#include "base/siphash.h"
#include "gateway/backend.h"

#include <stdbool.h>
#include <stdint.h>

#define BALANCE_NOBODY (-1)

/* The index of one of the targets whose `fit` is true, or BALANCE_NOBODY. */
int balance_choose(struct backend_group *group, const union socket_address *client, uint64_t now_ms,
                   const bool *fit);

/*
 * The same for each name, on every front server with the same targets and key: rendezvous over the
 * fit ones, whatever their load and whatever Balance says.
 */
int balance_choose_by_name(struct backend_group *group, struct siphash_key key, struct slice name,
                           const bool *fit);

#endif
