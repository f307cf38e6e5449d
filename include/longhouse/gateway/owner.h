#ifndef GATEWAY_OWNER_H
#define GATEWAY_OWNER_H

/*
 * Whose a unix socket is (SocketOwner). Its file must belong to that user, and who listens on it
 * must be that user or root: whoever may put a socket of his own in its place is not believed.
 */
#include "base/address.h"
#include "base/slice.h"

#include <errno.h>
#include <stdint.h>

#define OWNER_ANY     UINT32_MAX       /* whoever */
#define OWNER_UNKNOWN (UINT32_MAX - 1) /* nobody: a name that this system does not know */
#define OWNER_WRONG   (-EKEYREJECTED)  /* what owner_check() says of another's socket */

/* From a name or number; empty: OWNER_ANY. */
uint32_t owner_find(struct slice user);

/* socket_connect(), and a unix socket is looked at before a word is said. */
int owner_connect(const union socket_address *address, uint32_t owner, int *ret_fd);

/* `fd` is connected to the socket at `path`. 0, OWNER_WRONG or another negative errno. */
int owner_check(int fd, const char *path, uint32_t owner);

#endif
