#ifndef BASE_SHA1_H
#define BASE_SHA1_H

/*
 * SHA-1 (FIPS 180-4), for what was agreed upon long ago and cannot be changed: the handshake of
 * WebSocket. It protects nothing new.
 */
#include "base/slice.h"

#define SHA1_LEN 20u

/* Of a whole text. */
void sha1(struct slice data, unsigned char ret[SHA1_LEN]);

#endif
