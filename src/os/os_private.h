#ifndef OS_PRIVATE_H
#define OS_PRIVATE_H

/* What the rooms of this floor share. */
#include "os/beneath.h"

#include <stddef.h>

/*
 * The walk that stands in for openat2(2), and that judges links by their owner: each component is
 * opened by itself without following, links are expanded here. `flags` are those of the final
 * openat(2). The answers are those of beneath_open().
 */
int beneath_walk(int root, const char *path, enum beneath_links links, int flags, int *ret_fd);

/* The whole of a small text of the kernel, as fd_read_all() gives it; `folder` may be AT_FDCWD. */
int file_read(int folder, const char *name, char **ret_data, size_t *ret_len);

#endif
