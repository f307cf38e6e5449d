#ifndef OS_BENEATH_H
#define OS_BENEATH_H

/*
 * Files that stay under a root: openat2(2) with RESOLVE_BENEATH, and a walk component by component
 * with the same meaning where the kernel has no openat2 (before 5.6).
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum beneath_links {
    BENEATH_NO_LINKS,    /* any symbolic link in the path: -ELOOP */
    BENEATH_OWNED_LINKS, /* links owned by root, or that stay beneath the root, are followed
                            (Hiawatha's FollowSymlinks = no) */
    BENEATH_ANY_LINKS,   /* links may lead out of the root (FollowSymlinks = yes) */
};

/* The root itself: O_PATH directory descriptor. 0 or negative errno. */
int beneath_root(const char *path, int *ret_fd);

/*
 * The root that somebody has made in its home: `folder` is relative and reached through no link, so
 * that nobody makes another folder of it. -ELOOP: there is one; -EPERM: it belongs neither to
 * `owner` nor to root. The way to the home itself is the administrator's, and may have links.
 */
int beneath_home(const char *home, const char *folder, uid_t owner, int *ret_fd);

/*
 * Opens `path` (relative, NUL terminated, no leading slash; "" or "." = the root) for reading
 * without ever blocking (O_NONBLOCK: a fifo does not hang) and fills *ret_stat. -ENOENT, -EACCES,
 * -ELOOP, -EXDEV (would leave the root), -ENOTDIR, ... The caller must look at the type before it
 * reads.
 */
int beneath_open(int root, const char *path, enum beneath_links links, int *ret_fd,
                 struct stat *ret_stat);

/* The same without the right to read: O_PATH. */
int beneath_find(int root, const char *path, enum beneath_links links, int *ret_fd,
                 struct stat *ret_stat);

/*
 * The name that `path` leads to when its last part
 * is a symbolic link, perhaps to another one: into `out`, NUL terminated, cut to
 * its end when it is longer. Returns its length; 0: it is no link.
 */
size_t beneath_link_name(int root, const char *path, char *out, size_t room);

#endif
