#ifndef OS_HINDRANCE_H
#define OS_HINDRANCE_H

/*
 * Where on the way to a file this process is stopped, for whoever has seen EACCES and wants to know
 * which folder lacks which right.
 */
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct hindrance {
    char path[PATH_MAX]; /* what stops it */
    bool is_folder;      /* it may not be passed (x); else it may not be read (r) */
    mode_t mode;
    uid_t owner;
    gid_t group;
};

/* `path` is absolute. False: nothing stops it, or what does is not there. */
bool hindrance_find(const char *path, struct hindrance *ret);

#endif
