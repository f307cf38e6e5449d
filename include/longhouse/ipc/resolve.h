#ifndef IPC_RESOLVE_H
#define IPC_RESOLVE_H

/*
 * What server and resolver say to each other, one datagram a message. Pure codec.
 *
 *   server -> resolver   ASK {token, name, port or SRV}
 *   resolver -> server   ANSWER {token, next question, addresses} or {token, error}
 *
 * Numbers go through little endian. The server believes nothing of an answer but that its author
 * may lie about where a name leads.
 */
#include "base/address.h"
#include "base/parse.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define RESOLVE_ADDRESSES_MOST 16
#define RESOLVE_ERROR_MOST     160
#define RESOLVE_MESSAGE_MOST   1024
#define RESOLVE_AGAIN_LEAST_S  1u
#define RESOLVE_AGAIN_MOST_S   300u

enum resolve_kind { RESOLVE_ASK = 1, RESOLVE_ANSWER };

struct resolve_ask {
    uint32_t token;
    bool is_srv;       /* port, priority and weight come from SRV records */
    uint16_t port;     /* not 0 unless is_srv */
    struct slice name; /* host_name_is_good() */
};

struct resolved {
    union socket_address address; /* IPv4 or IPv6, with its port */
    uint16_t priority;            /* the least is asked first */
    uint16_t weight;
};

struct resolve_answer {
    uint32_t token;
    uint32_t again_s;   /* when to ask again; AGAIN_LEAST to AGAIN_MOST */
    unsigned count;     /* 0: `error` says why */
    struct slice error; /* empty unless count is 0 */
    struct resolved addresses[RESOLVE_ADDRESSES_MOST];
};

struct resolve_message {
    enum resolve_kind kind;
    union {
        struct resolve_ask ask;
        struct resolve_answer answer;
    };
};

/* Returns the number of bytes. What is asked or answered keeps the rules above. */
size_t resolve_encode(const struct resolve_message *message, char room[RESOLVE_MESSAGE_MOST]);

/* Slices point into the datagram. PARSE_BAD for anything that is not exactly one good message. */
enum parse resolve_decode(struct slice datagram, struct resolve_message *ret,
                          struct parse_fault *reterr);

#endif
