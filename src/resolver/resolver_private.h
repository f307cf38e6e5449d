#ifndef RESOLVER_PRIVATE_H
#define RESOLVER_PRIVATE_H

/*
 * The resolver: a program that looks up names, so that neither the server nor anybody with rights
 * reads what DNS servers send, and no reactor waits for them.
 *
 *   dns.c        an answer of a DNS server, pure
 *   lookup.c     one question: asks and waits
 *   questions.c  the channel of the server: a thread for each question, so many at a time
 */
#include "ipc/resolve.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- dns.c ---- */

#define DNS_RECORDS_MOST 64

struct dns_record {
    union socket_address address; /* A, AAAA: without port */
    char host[256];               /* SRV: where; "." is nowhere */
    uint16_t port;
    uint16_t priority;
    uint16_t weight;
};

struct dns_answer {
    int code;       /* of the DNS server: 0 or NXDOMAIN ... */
    uint32_t ttl_s; /* the least of its records */
    unsigned count;
    struct dns_record records[DNS_RECORDS_MOST];
};

/*
 * The records of `type` (ns_t_a, ns_t_aaaa, ns_t_srv) in the answer section, whatever name they
 * have: the one that was asked for, or what it is an alias of. Records above the most are left out.
 * False: the bytes are no answer. Pure.
 */
bool dns_read(struct slice bytes, unsigned type, struct dns_answer *ret);

/* ---- lookup.c ---- */

/*
 * Asks and waits, with bounds. `nameserver` of no family: the system decides who is asked. The
 * error of the answer is a static text.
 */
void lookup(const struct resolve_ask *ask, const union socket_address *nameserver,
            struct resolve_answer *ret);

/* ---- questions.c ---- */

/* Begins to hear the channel (taken) in a thread of its own, which ends with it. 0 or negative
 * errno. */
int questions_begin(int channel, const union socket_address *nameserver);

#endif
