#ifndef BASE_CLIENT_CERTIFICATE_H
#define BASE_CLIENT_CERTIFICATE_H

/*
 * What is known of a client by its certificate, for whoever asks on any floor: read from TLS, told
 * to programs. Only of certificates that an authority of the configuration vouches for.
 */
#include "base/slice.h"

struct client_certificate {
    struct slice subject; /* RFC 4514: "CN=Ann,O=Example"; no byte that is not printable ASCII */
    struct slice issuer;  /* likewise */
    struct slice serial;  /* "01:A0:FF" */
    struct slice fingerprint; /* SHA-256 of all of it, in hexadecimal digits */
    struct slice authority;   /* who vouches for it: tls_conf.authority_id */
};

#endif
