#ifndef OS_STRAYS_H
#define OS_STRAYS_H

/*
 * Orphans that come to a reaper (PR_SET_CHILD_SUBREAPER), found by their parent in /proc.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Process ids; {0} is an empty list that can grow. */
struct pids {
    pid_t *at; /* owned, malloc'd */
    size_t count;
    size_t room;
};

/*
 * A descriptor from which children_list() reads the children of the calling thread with one system
 * call; -1 where the kernel does not tell: then the list is made by walking /proc.
 */
int children_open(void);

/* All children of this process, the adopted and the dead that were not reaped included. 0 or
 * negative errno. */
int children_list(int fd, struct pids *ret);

/*
 * The value of a variable in the environment that a process was executed with, as a number. False:
 * it is not there, is no number, or may not be read. A process of another user is looked at as that
 * user, where we have the right to become it.
 */
bool process_number(pid_t pid, const char *name, uint64_t *ret);

/*
 * Kills every child of this process but those named, and returns their number, the dead and not yet
 * reaped included. Only children are killed, which keep their number until we reap them: never
 * somebody else's process. Their own children then become ours, so the caller comes again after
 * each exit.
 */
unsigned strays_kill(const pid_t *kept, size_t kept_count);

#endif
