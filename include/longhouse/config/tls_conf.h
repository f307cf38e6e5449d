#ifndef CONFIG_TLS_CONF_H
#define CONFIG_TLS_CONF_H

/*
 * What a host or a binding shows over TLS, and whom it asks for a certificate. Part of the model.
 */
#include "base/diag.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* A file that is read while the configuration is loaded. */
struct conf_file {
    struct conf_file *next;
    struct slice path; /* as written */
    struct diag_place place;
    struct slice text; /* its content */
};

/* Certificates (PEM, each with its chain) and their keys. */
struct tls_conf {
    struct conf_file *certificates; /* NULL: none */
    struct conf_file *keys;         /* one for each; NULL: they are in the same files */
    struct conf_file *staples;      /* one for each: what its authority has said; NULL: nothing */
    bool asks;                      /* TLSstaple: the house gets these itself */
    struct diag_place asks_place;
    struct conf_file *authorities;  /* RequiredCA: their certificates and, if there is a second, the
                                       lists of revoked ones; NULL: anybody may come */
    unsigned char authority_id[32]; /* the same for the same content of both */
    bool automatic;                 /* AutoTLS; the one of `certificates` has no text until there is
                                       one */
    struct diag_place automatic_place;
    struct slice names; /* that it is for, if automatic: separated by blanks, the first is the one
                           of its file */
};

/* The lists of files above, one after the other. */
#define TLS_CONF_LISTS 4u
static inline const struct conf_file *tls_conf_list(const struct tls_conf *tls, unsigned number)
{
    const struct conf_file *const lists[TLS_CONF_LISTS] = { tls->certificates, tls->keys,
                                                            tls->staples, tls->authorities };

    return lists[number];
}

/* RequireTLS */
struct require_tls_conf {
    bool is_on;
    bool subdomains; /* Strict-Transport-Security counts for them too */
    bool preload;
    uint64_t hsts_ms; /* 0: it is not sent */
    struct diag_place place;
};

#endif
