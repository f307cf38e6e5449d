#ifndef SERVER_TAKEOVER_H
#define SERVER_TAKEOVER_H

/*
 * What the supervisor hands over before GO: kept until the house is built from it.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "ipc/handover.h"

#include <stdbool.h>
#include <stdint.h>

struct takeover_log {
    struct takeover_log *next;
    struct slice path;
    int fd;
};

struct takeover {
    struct arena arena;
    uint64_t generation; /* of the bundle */
    int bundle_fd;
    int control_fd;
    int resolver_fd; /* -1: no name is to be looked up */
    int legacy_fd;   /* of server/legacy.h; -1: there is none */
    int *listeners;  /* by binding; -1: not handed over */
    unsigned listener_count;
    int *spawners; /* channels by reactor */
    unsigned spawner_count;
    int *spawner_pids; /* by reactor; -1: none yet */
    unsigned spawner_pid_count;
    struct takeover_log *logs;
    struct slice key; /* of our own cookies, where the configuration has none; empty: not needed */
    unsigned reactors;
};

void takeover_init(struct takeover *takeover);
void takeover_done(struct takeover *takeover); /* closes what was not taken */

/* Notes one message with its descriptor (taken; -1 without). False: it does not belong here. */
bool takeover_take(struct takeover *takeover, const struct handover *message, int fd);

#endif
