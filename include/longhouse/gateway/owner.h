#ifndef GATEWAY_OWNER_H
#define GATEWAY_OWNER_H

/*
 * Whose a unix socket is (SocketOwner). Its file must belong to that user, and who listens on it
 * must be that user or root: whoever may put a socket of his own in its place is not believed.
 */
#include "base/slice.h"

#include <errno.h>
#include <stdint.h>

#define OWNER_ANY     UINT32_MAX       /* whoever */
#define OWNER_UNKNOWN (UINT32_MAX - 1) /* nobody: a name that this system does not know */
#define OWNER_WRONG   (-EKEYREJECTED)  /* what owner_check() says of another's socket */

/* From a name or number; empty: OWNER_ANY. */
uint32_t owner_find(struct slice user);

/* `fd` is connected to the socket at `path`. 0, OWNER_WRONG or another negative errno. */
int owner_check(int fd, const char *path, uint32_t owner);

#endif
