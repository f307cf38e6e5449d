#ifndef GATEWAY_STICKY_H
#define GATEWAY_STICKY_H

/*
 * Which target a visitor was with: for SessionTimeout after its last request it goes to the same. A
 * visitor is a few bytes: its address, or what the application calls its session. Shared by all
 * reactors: 16 stripes with a lock each, held for one look at eight entries. Bounded: when a place
 * is full the session that would end first makes room.
 */
#include "base/address.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct sticky;

#define STICKY_SESSIONS_MOST 65536u

struct sticky_key {
    unsigned char bytes[16];
    unsigned len; /* 0: names nobody, is never kept */
};

/* An address without its port, IPv6: its /64. Unix sockets name nobody. */
struct sticky_key sticky_key_of_client(const union socket_address *client);

/* A session of an application: what is kept is a hash that only this process can make. */
struct sticky_key sticky_key_of_session(struct slice name, struct slice value);

/*
 * How sure it is that the visitor is one: anybody can make up a session, but only the application
 * can open it. What is unproven makes no room for itself at the expense of what is proven.
 */
enum sticky_proof { STICKY_UNPROVEN, STICKY_PROVEN };

struct sticky *sticky_new(uint64_t timeout_ms);
void sticky_free(struct sticky *sticky); /* NULL: nothing happens */

/* True when the visitor has a target that was not left alone for too long. */
bool sticky_find(struct sticky *sticky, const struct sticky_key *key, uint64_t now_ms,
                 unsigned *ret_target);

/* The visitor is with this target from now on. What was proven stays so. */
void sticky_put(struct sticky *sticky, const struct sticky_key *key, enum sticky_proof proof,
                uint64_t now_ms, unsigned target);

/*
 * Before the first visitor: the sessions of `former`, each with the target that it is with now;
 * now_at: by its former one, STICKY_NOWHERE: it is gone. Nobody uses this table yet, but perhaps
 * the former.
 */
#define STICKY_NOWHERE (~0u)
void sticky_inherit(struct sticky *sticky, struct sticky *former, const unsigned *now_at);

/* The session has ended. */
void sticky_forget(struct sticky *sticky, const struct sticky_key *key);

#endif
