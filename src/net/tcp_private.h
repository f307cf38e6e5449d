#ifndef NET_TCP_PRIVATE_H
#define NET_TCP_PRIVATE_H

/* Bytes into a socket, as those of a transport; also where the kernel enciphers them. */
#include "loop/io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

ssize_t tcp_write_parts(struct io *io, const struct iovec *parts, int count, bool more);
ssize_t tcp_write_file(struct io *io, int fd, uint64_t offset, size_t len);

#endif
