#ifndef SITE_DIGEST_H
#define SITE_DIGEST_H

/*
 * Digest logins (RFC 7616) as a server sees them: what the right response would be, and nonces that
 * only this process can have given out, that grow old, and whose counts (nc) are taken once each.
 * No clock and no lock in here: the caller brings both.
 */
#include "config/password_file.h"
#include "http/authorization.h"

#include <stdbool.h>
#include <stdint.h>

#define DIGEST_NONCE_LEN    64u     /* characters */
#define DIGEST_NONCE_AGE_MS 300000u /* so long a nonce is good */
#define DIGEST_NONCES_MOST  4096u   /* in use at a time: an older one gives way, and is stale */
#define DIGEST_COUNTS       64u     /* so far behind the greatest count one may come late */

/* The algorithm that the client names; false: none of ours. */
bool digest_algorithm_find(struct slice name, enum digest_algorithm *ret);
const char *digest_algorithm_name(enum digest_algorithm algorithm);

/* The response that belongs to the password's `hash` (in hexadecimal) is the client's. */
bool digest_response_fits(const struct authorization *auth, enum digest_algorithm algorithm,
                          struct slice hash, struct slice method);

/* One nonce whose counts are remembered. */
struct nonce_use {
    uint64_t serial; /* 0: none */
    uint32_t greatest;
    uint64_t taken; /* bit i: the count `greatest` - i came */
};

struct nonces {
    unsigned char key[32];
    uint64_t serial; /* of the last one given out */
    struct nonce_use uses[DIGEST_NONCES_MOST];
};

/* `key`: secret and of this process. */
void nonces_init(struct nonces *nonces, const unsigned char key[32]);

/* A new one for this realm; `ret` is not terminated. */
void nonces_give(struct nonces *nonces, struct slice realm, uint64_t now_ms,
                 char ret[DIGEST_NONCE_LEN]);

/*
 * Takes the count `nc` of a nonce whose response was right. False: the nonce is not ours, too old
 * or forgotten, or the count was there before: the client is to take a new one (stale=true).
 */
bool nonces_take(struct nonces *nonces, struct slice realm, struct slice nonce, uint32_t nc,
                 uint64_t now_ms);

#endif
