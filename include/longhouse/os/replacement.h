#ifndef OS_REPLACEMENT_H
#define OS_REPLACEMENT_H

/*
 * A file that takes the place of another, whole or not at all: it is written without a name
 * (O_TMPFILE), or under a hidden one where the file system knows no such files, and gets its name
 * when it is complete. Who opens that name meets the former file or the new one, never a part of
 * it; what is not completed goes with its descriptor.
 */
#include <sys/types.h>

#define REPLACEMENT_NAME_ROOM 32u

struct replacement {
    int folder;                            /* owned: where it belongs; -1: there is none */
    int fd;                                /* owned: to write it */
    char temporary[REPLACEMENT_NAME_ROOM]; /* its hidden name; empty: it has none yet */
};

/*
 * Takes `folder` (O_PATH will do), also when it fails. The file has exactly `mode`, whatever the
 * umask. 0 or negative errno.
 */
int replacement_open(int folder, mode_t mode, struct replacement *ret);

/*
 * Gives it its name (one component) and lets go of it. What had the name before, a link too, is
 * gone then; who has it open keeps it. 0 or negative errno (-EISDIR: the name is a folder's), and
 * nothing has changed then.
 */
int replacement_place(struct replacement *replacement, const char *name);

/* Lets go of it: it was never there. Harmless on one that was placed. */
void replacement_drop(struct replacement *replacement);

#endif
