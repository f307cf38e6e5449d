#ifndef GATEWAY_STICKY_COOKIE_H
#define GATEWAY_STICKY_COOKIE_H

/*
 * The house's own cookie: the visitor itself carries which target it belongs to, so that nothing
 * has to be kept or shared, and every front server with the same key understands it. The target is
 * a keyed hash of its text in ConnectTo: the order of the targets does not matter, and nobody
 * learns an address. A seal over target, end and section makes it of no use to change one
 * (docs/decisions/0011). Pure.
 */
#include "base/siphash.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* What the key of the administrator, or a drawn one, becomes. */
struct sticky_secret {
    struct siphash_key names;
    struct siphash_key seal;
    struct siphash_key sessions; /* of applications: where those go that are not known here */
};

struct sticky_secret sticky_secret_of(struct slice key);

struct sticky_cookie {
    uint64_t target;  /* sticky_cookie_name() */
    uint64_t until_s; /* since 1970; below 2^40 */
};

uint64_t sticky_cookie_name(const struct sticky_secret *secret, struct slice target);

#define STICKY_COOKIE_LEN 42

/* Writes STICKY_COOKIE_LEN bytes and a NUL. `section`: a cookie of one is of no use in another. */
void sticky_cookie_write(const struct sticky_secret *secret, struct slice section,
                         const struct sticky_cookie *cookie, char out[STICKY_COOKIE_LEN + 1]);

/* False: we did not make it, for this section, with this key. Whether it is over is not looked at.
 */
bool sticky_cookie_read(const struct sticky_secret *secret, struct slice section, struct slice text,
                        struct sticky_cookie *ret);

#endif
