#ifndef SERVER_CERTIFICATES_H
#define SERVER_CERTIFICATES_H

/*
 * What TLS clients see: a context for each binding that speaks TLS and for each host with
 * certificates of its own, chosen by the name that a client asks for. Made from a snapshot before
 * rights are given up, never changed, used by all reactors.
 */
#include "http/exchange.h"
#include "net/transport.h"
#include "site/snapshot.h"

struct certificates;
struct proofs;

/* NULL with *ret_why (valid until the next call). `ticket_secret`: see net/tls.h; `proofs`
 * (borrowed): what authorities may ask for in a handshake; `log` (borrowed) is told which clients
 * are refused for their certificate. */
struct certificates *certificates_new(const struct snapshot *snapshot, struct slice ticket_secret,
                                      struct proofs *proofs, struct log *log, const char **ret_why);
void certificates_free(struct certificates *certificates); /* NULL: nothing */

/* A connection to `binding` as transport: TLS where it has certificates. Takes the descriptor. */
struct transport *certificates_transport(const struct certificates *certificates, struct loop *loop,
                                         int fd, const struct binding_conf *binding);

/* The fields that an answer by TLS has more: Strict-Transport-Security, X-Random. */
void secrecy_fields(struct exchange *x, const struct vhost_conf *host);

#endif
