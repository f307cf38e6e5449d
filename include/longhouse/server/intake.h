#ifndef SERVER_INTAKE_H
#define SERVER_INTAKE_H

/*
 * What the supervisor hands over before GO: kept until the house is built from it.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "ipc/handover.h"

#include <stdbool.h>

struct intake_log {
    struct intake_log *next;
    struct slice path;
    int fd;
};

struct intake {
    struct arena arena;
    int bundle_fd;
    int control_fd;
    int *listeners; /* by binding; -1: not handed over */
    unsigned listener_count;
    int *spawners; /* by reactor */
    unsigned spawner_count;
    struct intake_log *logs;
    unsigned reactors;
};

void intake_init(struct intake *intake);
void intake_done(struct intake *intake); /* closes what was not taken */

/* Notes one message with its descriptor (taken; -1 without). False: it does not belong here. */
bool intake_take(struct intake *intake, const struct handover *message, int fd);

#endif
