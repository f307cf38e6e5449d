#ifndef SERVER_PROOFS_H
#define SERVER_PROOFS_H

/*
 * What an authority that is to give a certificate wants to see of a name: the answer to
 * `/.well-known/acme-challenge/TOKEN` (HTTP-01, RFC 8555 8.3), for every host and before anything
 * that a host says about requests; or a certificate in a handshake (TLS-ALPN-01, RFC 8737). Shared
 * by all reactors: shown and hidden by the main thread, and there for a few seconds at a time.
 */
#include "base/slice.h"
#include "http/exchange.h"

#include <stdbool.h>

struct proofs;

struct proofs *proofs_new(void);
void proofs_free(struct proofs *proofs); /* NULL: nothing */

/* Copies all. A proof with the same token is replaced; beyond 64 the oldest is given up. */
void proofs_show(struct proofs *proofs, struct slice name, struct slice token, struct slice answer);
void proofs_hide(struct proofs *proofs, struct slice token);

/* Answers the exchange, if it asks for one of them; false: nothing has happened. */
bool proofs_start(struct proofs *proofs, struct exchange *x);

/* Certificate and key (PEM, in the arena) that prove this name (lower case) in a handshake; empty:
 * nobody wants that. */
struct slice proofs_certificate(struct proofs *proofs, struct slice name, struct arena *arena);

#endif
