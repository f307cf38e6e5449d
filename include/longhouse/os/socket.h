#ifndef OS_SOCKET_H
#define OS_SOCKET_H

/*
 * Sockets: non-blocking, close-on-exec. All functions return 0 (or a count) or a negative errno.
 */
#include "base/address.h"

#include <stdbool.h>

/*
 * Listens: TCP with SO_REUSEADDR (IPv6 is IPv6 only), or a unix socket (a stale file is replaced;
 * the mode follows the umask of the process). -EADDRINUSE when somebody else listens, or the path
 * is another file.
 */
int socket_listen(const union socket_address *address, int backlog, int *ret_fd);

/* For listeners made elsewhere (handed in): sets what clients inherit, as socket_listen() does. */
int socket_tune_listener(int fd);

/* One waiting client; -EAGAIN: none. TCP_NODELAY is inherited from the listener: no call for it. */
int socket_accept(int listener, union socket_address *ret_peer, int *ret_fd);

/*
 * Begins to connect. 0: connected. -EINPROGRESS: wait for writability, then socket_error(). On both
 * *ret_fd is set. Anything else is the failure; -EAGAIN on a unix socket means "backlog full":
 * busy, not down.
 */
int socket_connect(const union socket_address *address, int *ret_fd);

/* Takes the pending error: 0 or negative errno. */
int socket_error(int fd);

int socket_local_address(int fd, union socket_address *ret);
int socket_peer_address(int fd, union socket_address *ret);

/*
 * Unix sockets: true unless bytes that were sent are known to be unread by the peer, who is there
 * still. It makes an edge of writability when it has read them. (TCP only knows what has arrived.)
 */
bool socket_is_read(int fd);

/* True when the peer can be seen to have closed or sent something (peek without waiting). */
bool socket_has_input(int fd);

#endif
