#ifndef GATEWAY_NAMED_H
#define GATEWAY_NAMED_H

/*
 * The targets of a host in ConnectTo: which of them has which address. An address that stays keeps
 * its target, with its health, its connections and its sessions; one that is gone gets no new
 * requests, and those in progress go on. Of SRV records the least priority is asked first, the
 * others are backups; their weights count within the host, multiplied by that in ConnectTo.
 */
#include "gateway/backend.h"
#include "gateway/desk.h"
#include "ipc/resolve.h"

/*
 * What the resolver says; `own` is the desk of the calling thread. Nobody who waits is forgotten.
 * True: an address came or went. With more addresses than targets that are free of former
 * connections the rest waits for the next call, which therefore comes with each answer.
 */
bool named_set(struct backend_group *group, const struct connect_conf *conf,
               const struct resolved *addresses, unsigned count, const struct desk *own);

/* The resolver knows no address: who waits for the first answer need not any more. */
void named_fail(struct backend_group *group, const struct connect_conf *conf,
                const struct desk *own);

/* No target of the section has an address. */
bool named_none(struct backend_group *group);

#endif
