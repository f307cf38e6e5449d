#ifndef OS_PRIVATE_H
#define OS_PRIVATE_H

/* What the rooms of this floor share. */
#include "base/slice.h"
#include "base/text.h"
#include "os/beneath.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The walk that stands in for openat2(2), and that judges links by their owner: each component is
 * opened by itself without following, links are expanded here. `flags` are those of the final
 * openat(2). The answers are those of beneath_open().
 */
int beneath_walk(int root, const char *path, enum beneath_links links, int flags, int *ret_fd);

/* Apache's own form of a hash, "$apr1$SALT$HASH": whether it is one, and whose. */
bool apr1_is(struct slice hash);
bool apr1_fits(struct slice hash, struct slice password);

/* The whole of a small text of the kernel, as fd_read_all() gives it; `folder` may be AT_FDCWD. */
int file_read(int folder, const char *name, char **ret_data, size_t *ret_len);

/* ---- proc.c ---- */

/* What one read of /proc/PID/NAME gives; empty: it is gone, or not for us. */
struct slice proc_read(pid_t pid, const char *name, char *room, size_t size);

/* The same with the eyes of its owner. */
struct slice proc_read_as_owner(pid_t pid, const char *name, char *room, size_t size);

/*
 * What is told to the same user only is told to whoever borrows that user's eyes: the rights to
 * files, not those to signal, trace or be signalled. Without CAP_SETUID we go on seeing with our
 * own. 0, or a negative errno and nothing was borrowed: the process is gone, or root's (-EACCES).
 */
struct eyes {
    uid_t own_user;
    gid_t own_group;
};
int eyes_borrow(pid_t pid, struct eyes *ret);
void eyes_return(const struct eyes *eyes);

/* A process, then all that descend from it. False as soon as one visit says so. */
typedef bool proc_visit(pid_t pid, void *told);
bool proc_visit_family(pid_t pid, proc_visit *each, void *told);

#endif
