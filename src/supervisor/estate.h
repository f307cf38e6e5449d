#ifndef SUPERVISOR_ESTATE_H
#define SUPERVISOR_ESTATE_H

/*
 * What one supervisor leaves to the next, which begins beside it (upgrade.c): the listening
 * sockets, the control socket, the locked PID file and what the server has noted for the next one
 * (server/legacy.h), over a channel of ipc/handover:
 *
 *   house -> heir   LISTENER index   CONTROL path   PID_FILE path   LEGACY   GO
 *   heir -> house   READY (it serves), or FAILED text
 *
 * All else the heir reads and opens by itself, as at any start.
 */
#include "base/slice.h"

#include <stdbool.h>

struct house;
struct child;

struct estate_file {
    int fd;     /* owned; -1: none */
    char *path; /* owned: where it lies */
};

struct estate {
    int channel;    /* owned: to the house that is there; -1: there is none */
    int *listeners; /* owned, and what is in it */
    unsigned count;
    struct estate_file control;
    struct estate_file pid_file;
    int legacy_fd; /* owned; -1: none */
};

/* Nothing. */
void estate_init(struct estate *estate);

/* By the house that is there. */
void estate_send(const struct house *house, struct child *heir);

/* By the heir, at its start: waits for it. `channel` is taken. 0 or negative errno. */
int estate_receive(struct estate *estate, int channel);

/* The descriptor, which then belongs to the caller, if it is of this path; else -1. */
int estate_take(struct estate_file *file, const char *path);

/* READY, or FAILED and why; nothing when there is no house. */
void estate_tell(const struct estate *estate, bool good, struct slice why);

void estate_close(struct estate *estate);

#endif
