#ifndef OS_WORKLOAD_H
#define OS_WORKLOAD_H

/*
 * What workers are doing, as /proc tells it: how many connections of a listening unix socket are
 * accepted and how many wait, which process holds one, what a family of processes uses.
 *
 * A worker that holds no connection and waits for one is idle, whatever protocol it speaks.
 */
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The connections of one listening socket, on the side of its programs. */
struct connections {
    uint64_t *accepted; /* owned, malloc'd: numbers of their sockets */
    size_t count;
    size_t room;
    size_t waiting; /* not accepted yet, those that gave up meanwhile included */
};

/* The table of all unix sockets; malloc'd. 0 or negative errno. */
int connections_read(char **ret_table, size_t *ret_len);

/* Those of the socket bound to `path`, out of that table. Pure. {0} is a fresh result; an older one
 * is written over. */
void connections_find(struct slice table, struct slice path, struct connections *ret);
void connections_free(struct connections *connections);

/* Of a process and all its descendants. */
struct workload {
    uint64_t memory_bytes; /* resident */
    uint64_t ran_ns;       /* on a processor, by their first threads; changes when one works */
    unsigned processes;
};
bool workload_of(pid_t pid, struct workload *ret); /* false: it is gone */

/*
 * Does it, or one of its descendants, hold one of these connections? True as well when that cannot
 * be seen. A process of another user is looked at as that user, where we have the right to become
 * it.
 */
bool workload_holds(pid_t pid, const struct connections *connections);

/* Bit N-1 is signal N: those for which the process has a handler; 0 when that cannot be seen. */
uint64_t workload_catches(pid_t pid);

#endif
