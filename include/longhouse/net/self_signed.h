#ifndef NET_SELF_SIGNED_H
#define NET_SELF_SIGNED_H

/*
 * A certificate that nobody vouches for, made in memory: what a host shows until an authority gave
 * it one, and what an authority wants to see before it does.
 */
#include "base/arena.h"
#include "base/slice.h"

/*
 * For `name` (not empty), from an hour ago until in 90 days, and its key, an own one each time
 * (ECDSA P-256): one PEM text that serves as both parts of a tls_identity. Empty: OpenSSL could
 * not make it.
 */
struct slice self_signed_pem(struct slice name, struct arena *arena);

/* The same with the sum of `answer`, the key authorization of a proof (RFC 8737 3). */
struct slice self_signed_proof(struct slice name, struct slice answer, struct arena *arena);

#endif
