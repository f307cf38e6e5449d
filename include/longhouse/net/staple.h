#ifndef NET_STAPLE_H
#define NET_STAPLE_H

/*
 * What an authority says of a certificate (OCSP, RFC 6960): how it is asked, and what its answer is
 * worth. Pure but for the time of day, and without TLS: whoever asks uses it as well as whoever
 * shows the answer in handshakes.
 */
#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

struct staple_question {
    struct slice url; /* http://: whom to ask */
    struct slice der; /* the request, without a nonce: its answer may be one that was made before */
};

/*
 * About the first certificate of the PEM text; its issuer must be behind it, or itself. NULL, or
 * why nobody can be asked (static text). Slices are in the arena.
 */
const char *staple_ask(struct slice certificates, struct arena *arena, struct staple_question *ret);

enum staple_verdict {
    STAPLE_GOOD,
    STAPLE_REVOKED,  /* the authority has taken the certificate back */
    STAPLE_UNUSABLE, /* it says nothing that counts now */
};

struct staple_times {
    int64_t from_unix_s;
    int64_t until_unix_s; /* INT64_MAX: until there is a newer one */
};

#define STAPLE_WHY_MOST 256

/* Whether the answer (DER) to that may be shown now: signed by the issuer or in its name, about
 * this certificate, good, not run out. *ret is written with STAPLE_GOOD only, `why`
 * (STAPLE_WHY_MOST bytes) with a sentence otherwise. */
enum staple_verdict staple_judge(struct slice certificates, struct slice answer,
                                 struct staple_times *ret, char *why);

#endif
