#ifndef CONFIG_ACME_CONF_H
#define CONFIG_ACME_CONF_H

/*
 * Who is asked for the certificates of AutoTLS, and where they are kept, as are the answers of
 * TLSstaple. Part of the model.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "config/tls_conf.h"

struct acme_conf {
    struct slice directory; /* URL, https */
    struct slice contact;   /* URL; empty: none */
    struct conf_file *ca;   /* who vouches for the directory; NULL: as the system says */
    struct slice folder;    /* absolute */
    struct diag_place folder_place;
    bool agrees;  /* to the terms */
    bool by_alpn; /* names are proven in handshakes (TLS-ALPN-01), else by HTTP-01 */
};

struct server_conf;

/* By what a certificate of AutoTLS is known: the first of its names. Empty: it is for none. */
struct slice acme_id(const struct tls_conf *tls);

/* Some host has AutoTLS, or somebody TLSstaple; a host has the certificate that is known by that.
 */
bool acme_is_used(const struct server_conf *conf);
bool acme_has(const struct server_conf *conf, struct slice id);

/* By what the certificate is known that a file of TLSstaple is about; the file of that certificate,
 * NULL: nobody wants to know any more. */
struct slice staple_id(const struct conf_file *staple);
const struct conf_file *staple_find(const struct server_conf *conf, struct slice id);

/* The certificates of a PEM text without its keys. In the arena. */
struct slice staple_certificates(struct slice text, struct arena *arena);

#endif
