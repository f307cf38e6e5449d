#ifndef OS_PASS_H
#define OS_PASS_H

/*
 * One datagram and descriptors over a SOCK_SEQPACKET pair: the only way the processes of the house
 * talk.
 */
#include <stddef.h>
#include <sys/uio.h>

#define PASS_FDS_MOST 253  /* what one datagram may carry (SCM_MAX_FD) */
#define PASS_FDS_LOST (-1) /* the limit of open files was in their way */

/* A connected pair, non-blocking and close-on-exec: 0 or negative errno. */
int pass_pair(int *ret_a, int *ret_b);

/*
 * Sends one datagram, not empty; `fds` stay open here. 0, -EAGAIN (full: wait for writability),
 * -EMSGSIZE (more than the kernel passes in one piece), or negative errno.
 */
int pass_send(int socket, const struct iovec *parts, int count, const int *fds, int fd_count);

/*
 * Receives one datagram of at most `room` bytes with at most `fd_room` descriptors (close-on-exec,
 * owned by the caller). Bytes >= 0 (0 = the other side is gone), -EAGAIN, -EMSGSIZE when something
 * did not fit (descriptors are closed then), or negative errno. *ret_fd_count is always set:
 * PASS_FDS_LOST for a whole datagram whose descriptors this process has no numbers for.
 */
int pass_receive(int socket, void *data, size_t room, int *fds, int fd_room, int *ret_fd_count);

#endif
