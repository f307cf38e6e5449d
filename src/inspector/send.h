#ifndef INSPECTOR_SEND_H
#define INSPECTOR_SEND_H

/*
 * A request that is really sent to the running house, and when each part of its answer came.
 */
#include "base/address.h"
#include "base/arena.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Times in microseconds since the beginning. */
struct sent {
    const char *why; /* it could not be done; NULL: it was */
    char address[ADDRESS_TEXT_MOST];
    int status;
    uint64_t bytes;     /* with the head */
    struct slice trace; /* lines: what the house says of its decisions; empty: nothing */
    uint64_t connected_us;
    uint64_t secured_us; /* the handshake of TLS was over; without TLS: connected_us */
    uint64_t first_us;
    uint64_t end_us;
};

/* `head`: a whole one. `name`: for TLS (SNI); NULL: without TLS. */
void send_request(const union socket_address *address, const char *name, struct slice head,
                  struct arena *arena, struct sent *ret);

/* Where a binding is reached from this machine. */
union socket_address send_address(const union socket_address *binding);

#endif
