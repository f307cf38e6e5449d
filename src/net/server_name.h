#ifndef SERVER_NAME_H
#define SERVER_NAME_H

/*
 * The name that a TLS client asks for, out of the extension of its first message (RFC 6066 3).
 */
#include "base/slice.h"

/* The first name of a host in it; empty when there is none or it cannot be read, which OpenSSL
 * finds by itself later. Pure. */
struct slice server_name_first(struct slice extension);

#endif
