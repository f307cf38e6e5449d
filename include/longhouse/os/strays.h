#ifndef OS_STRAYS_H
#define OS_STRAYS_H

/*
 * Orphans that come to a reaper (PR_SET_CHILD_SUBREAPER), found by their parent in /proc.
 */
#include <stddef.h>
#include <sys/types.h>

/*
 * Kills every child of this process but those named, and returns their number, the dead and not yet
 * reaped included. Only children are killed, which keep their number until we reap them: never
 * somebody else's process. Their own children then become ours, so the caller comes again after
 * each exit.
 */
unsigned strays_kill(const pid_t *kept, size_t kept_count);

#endif
