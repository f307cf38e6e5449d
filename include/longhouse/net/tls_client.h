#ifndef NET_TLS_CLIENT_H
#define NET_TLS_CLIENT_H

/*
 * The other side of TLS, for tools that ask the house something: blocking, and without a look at
 * whose certificate it is.
 */
#include <stddef.h>
#include <sys/types.h>

struct tls_client;

/* The handshake on a connected, blocking socket, which stays the caller's. `name`: the host that is
 * meant (SNI). NULL: it failed. */
struct tls_client *tls_client_open(int fd, const char *name);
void tls_client_close(struct tls_client *client);

/* Bytes, 0 at the end, -1: it failed. */
ssize_t tls_client_read(struct tls_client *client, void *data, size_t room);
ssize_t tls_client_write(struct tls_client *client, const void *data, size_t len);

#endif
