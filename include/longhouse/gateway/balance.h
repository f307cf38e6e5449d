#ifndef GATEWAY_BALANCE_H
#define GATEWAY_BALANCE_H

/*
 * Which target a request goes to: the one its client was with, else the next in turn; resting ones
 * only when no other is left; never one that this request has tried.
 */
#include "base/address.h"
#include "gateway/backend.h"

#include <stdbool.h>
#include <stdint.h>

#define BALANCE_NOBODY (-1)

/* `tried`: one per target. The index of a target, or BALANCE_NOBODY. */
int balance_choose(struct backend_group *group, const union socket_address *client, uint64_t now_ms,
                   const bool *tried);

/* The target was reached: the client stays with it. */
void balance_settle(struct backend_group *group, const union socket_address *client,
                    uint64_t now_ms, unsigned target);

#endif
