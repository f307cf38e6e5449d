#ifndef SERVER_EDITION_H
#define SERVER_EDITION_H

/*
 * One generation of the configuration as the server uses it: the snapshot, and beside it what is
 * shared by reactors and lives on from one generation to the next by its name: targets of FastCGI
 * sections, seats of hosts, speeds that answers share.
 *
 * Frozen once it is built. Built, counted and freed by the main thread; each reactor has a reading
 * of it (server/reading.h) and tells the main thread when it needs it no more.
 */
#include "base/slice.h"
#include "server/challenge.h"
#include "server/exploit_log.h"
#include "server/log_writer.h"
#include "site/snapshot.h"
#include "wire/conn.h"

#include <stdbool.h>
#include <stdint.h>

struct backend_group;
struct certificates;
struct proofs;
struct takeover;
struct throttle_lines;
struct tls_trust; /* net/tls_remote.h */
struct turnstiles;
struct shared_group; /* a group with the model that it reads, counted by editions */
struct model;        /* what a text became, with its memory; counted */

struct edition {
    uint64_t generation;
    unsigned readers;  /* reactors that may use it */
    unsigned adopting; /* of them: those that have not begun to */
    struct model *model;
    struct snapshot *snapshot;            /* held */
    const struct binding_conf **bindings; /* by binding_conf.index */
    struct wire_limits *limits;           /* likewise */
    struct wire_limits *wide_limits;      /* the same, for whom RequestLimitMask spares */
    int *listeners;                       /* likewise; owned; -1: closed */
    unsigned binding_count;
    struct certificates *certificates;
    struct tls_trust *trust; /* held: who vouches for backends; NULL: none is asked by TLS */
    struct throttle_lines *throttles;
    struct exploit_logs exploit_logs;
    struct challenge_key challenge_key;
    struct turnstiles *turnstiles;   /* by vhost_conf.index */
    struct backend_group **backends; /* by fastcgi_conf.index */
    struct shared_group **shared;    /* the same */
    unsigned backend_count;
    struct edition *older; /* that is still in use */
};

/*
 * From what was handed over; its listeners are taken. What `former` (NULL: none) has under the same
 * name lives on. NULL with *ret_why: it cannot be built, and nothing has changed.
 */
struct edition *edition_build(struct takeover *takeover, struct log_writer *writer, struct log *log,
                              struct proofs *proofs, const struct edition *former,
                              const char **ret_why);

/* From now on the seats are as many as it says; to be called when it is adopted. */
void edition_settle(struct edition *edition);

/* No connection is accepted for it any more. */
void edition_close_listeners(struct edition *edition);

/* No reactor uses it. */
void edition_free(struct edition *edition);

/* The binding is one of it. Only its address is looked at: that of another one may be gone. */
static inline bool edition_has(const struct edition *edition, const struct binding_conf *binding)
{
    for (unsigned i = 0; i < edition->binding_count; i++)
        if (edition->bindings[i] == binding)
            return true;
    return false;
}

/* The binding with the same address and port; NULL: there is none any more. */
const struct binding_conf *edition_find_binding(const struct edition *edition,
                                                const struct binding_conf *binding);

/* Of a connection to a binding of it. `unlimited`: RequestLimitMask spares its client. */
const struct wire_limits *edition_limits(const struct edition *edition,
                                         const struct binding_conf *binding, bool unlimited);

/* The group is one of it. */
bool edition_has_group(const struct edition *edition, const struct backend_group *group);

#endif
