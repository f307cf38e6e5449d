#ifndef HTTP_SCRATCH_H
#define HTTP_SCRATCH_H

/*
 * Files without a name, for what does not fit into memory: they go with their last descriptor,
 * whatever happens to the process.
 */
#include "base/slice.h"

#include <stdint.h>

/* The descriptor of an empty one in `folder` (may be empty), else in /tmp; or
 * negative errno. */
int scratch_open(struct slice folder);

/* All of `bytes` at `offset`; the position of the descriptor stays where it is. 0 or negative
 * errno. */
int scratch_write(int fd, struct slice bytes, uint64_t offset);

#endif
