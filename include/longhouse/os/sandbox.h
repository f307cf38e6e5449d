#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

/*
 * Giving up what is not needed. Each call is final. All return 0 or a negative errno; a caller that gets an
 * error must not go on.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Becomes user, group and groups (order and result checked; going back must fail afterwards). */
int sandbox_become(uid_t user, gid_t group, const gid_t *groups, size_t group_count);

/* No capability in any set, none in the bounding set that can be dropped. Harmless without any. */
int sandbox_drop_capabilities(void);

/* No set-user-id program ever gives more rights to this process and its children. */
int sandbox_no_new_privs(void);

/*
 * The filter of the server: no fork (threads are allowed), exec, ptrace, mount, setuid, module loading,
 * kexec, bpf, ... The forbidden calls fail with EPERM; execve and execveat end the process. Covers threads
 * made later.
 */
int sandbox_server_filter(void);

/* Ends this process when its parent dies; checks that the parent still is `parent`. */
int sandbox_die_with_parent(pid_t parent);

/* No core dumps, not traceable by the same user. */
int sandbox_undumpable(void);

#endif
