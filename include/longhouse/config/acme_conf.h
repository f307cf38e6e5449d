#ifndef CONFIG_ACME_CONF_H
#define CONFIG_ACME_CONF_H

/*
 * Who is asked for the certificates of AutoTLS, and where they are kept. Part of the model.
 */
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

#endif
