#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

/*
 * Giving up what is not needed. Each call is final. All return 0 or a negative errno; a caller that
 * gets an error must not go on.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Becomes user, group and groups (order and result checked; going back must fail afterwards). */
int sandbox_become(uid_t user, gid_t group, const gid_t *groups, size_t group_count);

/*
 * What no program that is executed from here on can ever gain. To be called while CAP_SETPCAP is
 * still there, so before sandbox_become(); without it nothing changes, and no-new-privs has to do.
 */
int sandbox_drop_bounding_set(void);

/* No capability in any set, none in the bounding set that can be dropped. Harmless without any. */
int sandbox_drop_capabilities(void);

/*
 * The same, except for the capabilities of the bit set `kept` (1 << CAP_SETUID, ...). -EPERM if
 * they are not there to be kept. Capabilities belong to threads: to be called before the first is
 * started.
 */
int sandbox_keep_capabilities(uint64_t kept);

/*
 * For the step from root to a program of another user that needs a few capabilities:
 * sandbox_keep_over_change() before sandbox_become(), sandbox_hand_down() behind it; then execve,
 * and sandbox_keep_capabilities() in the program, so that what it executes itself has none.
 */
int sandbox_keep_over_change(void);
int sandbox_hand_down(uint64_t kept);

/* The capabilities that this process may use. */
int sandbox_capabilities(uint64_t *ret);

/* No set-user-id program ever gives more rights to this process and its children. */
int sandbox_no_new_privs(void);

/*
 * The filter of the server: a list of what a threaded server needs (files, sockets, memory that is
 * not executable, threads). All else fails with EPERM: fork, ptrace, mount, setuid, bind, listen,
 * rename, chmod, module loading, bpf, ...; execve and execveat end the process. Covers all threads,
 * also those made later. Sets no-new-privs.
 */
int sandbox_server_filter(void);

/*
 * The filter of the resolver, whose libraries load modules of the system: programs end the process
 * as above; new processes, other users, mounts, listening sockets, kernel modules and the like fail
 * with EPERM.
 */
int sandbox_resolver_filter(void);

/*
 * Kills this process when its parent dies; -ESRCH when the parent already is another than `parent`.
 * A change of user undoes the wish: to be called after sandbox_become(). "Parent" is the thread
 * that made this process.
 */
int sandbox_die_with_parent(pid_t parent);

/* No core dumps, not traceable by the same user. */
int sandbox_undumpable(void);

#endif
