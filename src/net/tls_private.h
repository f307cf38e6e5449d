#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

/* What tls.c (a connection) and tls_context.c (what it is offered) share. */
#include "net/tls.h"

#include <openssl/ssl.h>

struct tls {
    struct transport transport;
    SSL *ssl;                          /* owned */
    const struct tls_chooser *chooser; /* borrowed */
    char *waiting;                     /* enciphered, not yet taken by the kernel: [begin, end) */
    size_t waiting_begin;
    size_t waiting_end;
    size_t waiting_room;
    int error;      /* negative errno, for good; 0: none */
    bool more;      /* further bytes follow at once */
    bool drained;   /* the socket had no more when it was last read */
    bool ended;     /* the peer's bytes have ended */
    bool said_end;  /* close_notify is out, or must not be said */
    bool finishing; /* the socket is to be shut when nothing waits any more */
};

/* Before the first connection, by one thread. */
void tls_prepare(void);

SSL_CTX *tls_context_ssl(const struct tls_context *context);

#endif
