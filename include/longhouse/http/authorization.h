#ifndef HTTP_AUTHORIZATION_H
#define HTTP_AUTHORIZATION_H

/*
 * The Authorization field of a request (RFC 9110 11.6.2): Basic (RFC 7617) and Digest (RFC 7616).
 * Pure and strict: what it does not understand names nobody.
 */
#include "base/arena.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum auth_scheme {
    AUTH_NONE,
    AUTH_BASIC,
    AUTH_DIGEST,
    AUTH_OTHER, /* Bearer, Negotiate ... */
};

struct authorization {
    enum auth_scheme scheme;
    struct slice user;
    struct slice password; /* Basic */

    /* Digest, qop=auth: values without their quotes. */
    struct slice realm;
    struct slice nonce;
    struct slice uri;
    struct slice algorithm; /* empty: not given, which means MD5 */
    struct slice cnonce;
    struct slice nc_text; /* 8 hexadecimal digits */
    uint32_t nc;
    struct slice response;
};

/*
 * Reads the value of the field; memory from the arena. False: it cannot be read, and *ret_why
 * (static) says what is wrong. Digest without qop (RFC 2069) and with qop=auth-int, and user names
 * with control bytes, are refused.
 */
bool authorization_parse(struct slice value, struct arena *arena, struct authorization *ret,
                         const char **ret_why);

#endif
